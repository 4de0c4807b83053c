import type { Endpoint } from '../endpoint.js';
import { aboutPerson } from './endpoint.js';

/**
 * Section 13.3, the tokens of a person.
 *
 * Query: access_token, pay_sig, signature. JSON body: openid, env, user_ip. Reply: `{ errcode: 0, errmsg: "ok",
 * balance, present_balance, sum_save, sum_present, sum_balance, sum_cost, first_save_flag }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-3, 268490009.
 */
export const queryUserBalance: Endpoint = aboutPerson({
  path: '/xpay/query_user_balance',
  needsSignature: true,
  read: (body) => body.text('user_ip'),
  answer(_ip, { app, env, person }, world) {
    const balance = world.balances.of(app.appId, env, person.id);
    return {
      balance: balance.saved + balance.present,
      present_balance: balance.present,
      sum_save: balance.sumSaved,
      sum_present: balance.sumPresent,
      sum_balance: balance.sumSaved + balance.sumPresent,
      sum_cost: balance.sumCost,
      first_save_flag: balance.sumSaved > 0,
    };
  },
});
