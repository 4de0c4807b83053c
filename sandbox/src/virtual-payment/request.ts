import type { Purchase } from '../state/orders.js';
import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { PaymentFailure } from './errors.js';
import { PAYMENT_MODES, readSignData, type SignData } from './sign-data.js';
import { paySignature, userSignature } from './signatures.js';

/** The arguments of wx.requestVirtualPayment (section 13.2). */
export interface PaymentRequest {
  signData: string;
  mode: string;
  paySig: string;
  signature: string;
}

/** What the person is asked to pay. */
export interface Checked {
  purchase: Purchase;
  /** What the window names. */
  title: string;
}

/** The fixed word that stands where a server's call has its path. */
const URI = 'requestVirtualPayment';

/**
 * What WeChat's client checks before it asks the person to pay: that all is there, signData, what is sold, paySig,
 * session_key and signature. @throws PaymentFailure
 */
export function checkPayment(world: World, person: Person, appId: string, asked: PaymentRequest): Checked {
  const { signData, mode, paySig, signature } = asked;
  for (const [name, value] of Object.entries({ signData, mode, paySig, signature })) {
    if (value === '') throw new PaymentFailure(1001, `parameter "${name}" is missing`);
  }
  const known = PAYMENT_MODES.find((each) => each === mode);
  if (known === undefined) throw new PaymentFailure(-15001, 'parameter "mode" is unknown');
  const data = readSignData(signData, known);
  if (data.env !== 0 && world.settings.releaseVersion) throw new PaymentFailure(-15011);
  if (world.orders.find(appId, data.outTradeNo)) throw new PaymentFailure(-15002);
  const sold = known === 'short_series_goods' ? goodsOf(world, data) : tokensOf(world, data);
  if (paySig !== paySignature(world.payKeys.of(appId, data.env), URI, signData)) {
    throw new PaymentFailure(-15006);
  }
  checkSignature(world, person, appId, asked);
  const { env, outTradeNo: orderId, quantity, attach } = data;
  return {
    title: sold.title,
    purchase: { ...sold.fees, appId, env, personId: person.id, orderId, quantity, attach },
  };
}

interface Sold {
  title: string;
  fees: Pick<Purchase, 'productId' | 'origFee' | 'paidFee'>;
}

function goodsOf(world: World, { productId, goodsPrice, sellingPrice, quantity }: SignData): Sold {
  const good = world.goods.find(productId);
  if (!good) throw new PaymentFailure(-15010);
  if (good.price !== goodsPrice) throw new PaymentFailure(-15013);
  const paidFee = (sellingPrice ?? goodsPrice) * quantity;
  return { title: good.name, fees: { productId, origFee: goodsPrice * quantity, paidFee } };
}

function tokensOf(world: World, { quantity }: SignData): Sold {
  const { coinPriceFen } = world.settings;
  if (coinPriceFen === 0) throw new PaymentFailure(-15009);
  const fee = coinPriceFen * quantity;
  return { title: `代币 Coins × ${quantity}`, fees: { productId: null, origFee: fee, paidFee: fee } };
}

/** A signature by a key that was replaced is WeChat's hint to log in again (section 13.1, rule 8). */
function checkSignature(
  world: World,
  person: Person,
  appId: string,
  { signData, signature }: PaymentRequest,
): void {
  const key = world.sessionKeys.current(person.id, appId);
  const fits = (each: string) => signature === userSignature(each, signData);
  if (key === undefined || world.sessionKeys.dead(person.id, appId).some(fits))
    throw new PaymentFailure(-15007);
  if (!fits(key)) throw new PaymentFailure(-15005);
}
