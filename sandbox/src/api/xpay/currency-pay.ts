import type { Endpoint } from '../endpoint.js';
import { aboutPerson } from './endpoint.js';
import { balanceInsufficient, repeated } from './refusals.js';

/**
 * Section 13.3, a person pays with tokens. The order_id is used once: a repeat is 268490004.
 *
 * Query: access_token, pay_sig, signature. JSON body: openid, env, user_ip, amount, order_id, payitem (a JSON array in
 * a string), remark. Reply: `{ errcode: 0, errmsg: "ok", order_id, balance, used_present_amount }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-4, 268490006, 268490009.
 */
export const currencyPay: Endpoint = aboutPerson({
  path: '/xpay/currency_pay',
  needsSignature: true,
  read(body) {
    body.text('user_ip');
    const asked = { amount: body.integer('amount', 1), orderId: body.text('order_id') };
    body.jsonList('payitem');
    body.text('remark');
    return asked;
  },
  answer({ amount, orderId }, { app, env, person }, world) {
    const balance = world.balances.of(app.appId, env, person.id);
    if (balance.payments.has(orderId)) throw repeated();
    if (balance.saved + balance.present < amount) throw balanceInsufficient();
    const given = world.balances.spend(balance, orderId, amount);
    return {
      order_id: orderId,
      balance: balance.saved + balance.present,
      used_present_amount: given,
    };
  },
});
