import type { Endpoint } from '../endpoint.js';
import { checkCaller, checkPaySig, orderOf } from './checks.js';

const path = '/xpay/notify_provide_goods';

/**
 * Section 13.3, the server says that an order is delivered. Saying it again changes nothing.
 *
 * Query: access_token, pay_sig? (not in the documentation's table; checked where it is given). JSON body: env, order_id
 * or wx_order_id. Reply: `{ errcode: 0, errmsg: "ok" }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490002, 268490003.
 */
export const notifyProvideGoods: Endpoint = {
  method: 'POST',
  path,
  answer(call, world) {
    const { body, place } = checkCaller(call, world, path);
    const number = body.order();
    if (call.query.pay_sig !== undefined) checkPaySig(call, world, place);
    world.orders.deliver(orderOf(number, world, place));
    return { errcode: 0, errmsg: 'ok' };
  },
};
