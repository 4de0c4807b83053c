import type { FastifyError, FastifyInstance } from 'fastify';
import { ServiceRefusal } from '../mini-program/service-call.js';
import type { World } from '../state/world.js';
import type { WebOptions } from '../web/request.js';
import { registerFaults } from './faults.js';
import { registerGoods } from './goods.js';
import { registerJsSdkConfigs } from './js-sdk.js';
import { registerOpenData } from './open-data.js';
import { registerOpenings } from './openings.js';
import { registerPeople } from './people.js';
import { registerPhoneCode } from './phone-code.js';
import { registerPush } from './push.js';
import { registerQr } from './qr.js';
import { registerService } from './service.js';
import { registerSessionKeys } from './session-keys.js';
import { registerShopOrders } from './shop-orders.js';
import { registerSwitches } from './switches.js';
import { registerVirtualPayments } from './virtual-payments.js';
import { registerWxLogin } from './wx-login.js';
import { registerWxaCodes } from './wxacodes.js';

/**
 * The control API: JSON in, JSON out, for tests, scripts and the phone page. Not part of WeChat. Errors are
 * `{ error }` with 4xx, and `{ error, code }` where the service refused something. Pages of other origins cannot
 * call it: a body must be application/json, which needs a CORS preflight, and a foreign Origin or Sec-Fetch-Site is
 * refused.
 */
export function registerControl(server: FastifyInstance, world: World, options: WebOptions): void {
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    const code = error instanceof ServiceRefusal ? { code: error.code } : {};
    return reply.code(status).send({ error: error.message, ...code });
  });
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async (request, reply) => {
    const { origin, 'sec-fetch-site': site = 'none' } = request.headers;
    const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host);
    if (isOwn && ['none', 'same-origin'].includes(site)) return;
    await reply.code(403).send({ error: 'The control API does not take calls of pages elsewhere.' });
  });
  registerPeople(server, world, options);
  registerWxLogin(server, world);
  registerPhoneCode(server, world);
  registerSessionKeys(server, world);
  registerOpenData(server, world, options);
  registerWxaCodes(server, world, options);
  registerOpenings(server, world);
  registerPush(server, world);
  registerGoods(server, world);
  registerVirtualPayments(server, world);
  registerShopOrders(server, world);
  registerJsSdkConfigs(server, world);
  registerService(server, world);
  registerQr(server, world);
  registerFaults(server, world);
  registerSwitches(server, world);
}
