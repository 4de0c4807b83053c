import { checkAppToken } from '../checks.js';
import type { Endpoint } from '../endpoint.js';
import { XpayBody } from './body.js';
import { checkOpenid, checkPaySig, checkSignature } from './checks.js';
import { balanceInsufficient, repeated } from './refusals.js';

const path = '/xpay/currency_pay';

/**
 * Section 13.3, a person pays with tokens. The order_id is used once: a repeat is 268490004.
 *
 * Query: access_token, pay_sig, signature. JSON body: openid, env, user_ip, amount, order_id, payitem (a JSON array in
 * a string), remark. Reply: `{ errcode: 0, errmsg: "ok", order_id, balance, used_present_amount }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-4, 268490006, 268490009.
 */
export const currencyPay: Endpoint = {
  method: 'POST',
  path,
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const body = new XpayBody(call.body());
    const place = { app, path, env: body.env() };
    const openid = body.text('openid');
    body.text('user_ip');
    const amount = body.integer('amount', 1);
    const orderId = body.text('order_id');
    body.jsonList('payitem');
    body.text('remark');
    checkPaySig(call, world, place);
    const person = checkOpenid(openid, world, place);
    checkSignature(call, world, place, person);
    const balance = world.balances.of(app.appId, place.env, person.id);
    if (balance.payments.has(orderId)) throw repeated();
    if (balance.saved + balance.present < amount) throw balanceInsufficient();
    const given = world.balances.spend(balance, orderId, amount);
    return {
      errcode: 0,
      errmsg: 'ok',
      order_id: orderId,
      balance: balance.saved + balance.present,
      used_present_amount: given,
    };
  },
};
