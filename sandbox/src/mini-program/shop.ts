import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import type { PaymentRequest } from '../virtual-payment/request.js';
import { callShop, ServiceRefusal, textsIn } from './service-call.js';
import { withSession } from './session.js';

/**
 * The sample mini program orders at the shop: `POST /orders { productId }` with the access token of the service. The
 * shop answers with the arguments of wx.requestVirtualPayment, which go on unchanged (section 13.1, rule 6).
 * @throws ServiceRefusal of the shop, or of the service at the login
 */
export async function orderAtShop(
  world: World,
  person: Person,
  appId: string,
  productId: string,
): Promise<PaymentRequest> {
  const reply = await withSession(world, person, appId, (token) =>
    callShop(world, '/orders', { appId, token, json: { productId } }),
  );
  const text = textsIn(reply);
  const [signData, mode, paySig, signature] = ['signData', 'mode', 'paySig', 'signature'].map(text);
  if (signData == null || mode == null || signature == null) {
    throw new ServiceRefusal(
      502,
      'SHOP_ANSWER',
      'The shop answered an order without signData, mode and signature.',
    );
  }
  return { signData, mode, paySig: paySig ?? '', signature };
}
