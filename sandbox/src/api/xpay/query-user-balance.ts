import { checkAppToken } from '../checks.js';
import type { Endpoint } from '../endpoint.js';
import { XpayBody } from './body.js';
import { checkOpenid, checkPaySig, checkSignature } from './checks.js';

const path = '/xpay/query_user_balance';

/**
 * Section 13.3, the tokens of a person.
 *
 * Query: access_token, pay_sig, signature. JSON body: openid, env, user_ip. Reply: `{ errcode: 0, errmsg: "ok",
 * balance, present_balance, sum_save, sum_present, sum_balance, sum_cost, first_save_flag }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-3, 268490009.
 */
export const queryUserBalance: Endpoint = {
  method: 'POST',
  path,
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const body = new XpayBody(call.body());
    const place = { app, path, env: body.env() };
    const openid = body.text('openid');
    body.text('user_ip');
    checkPaySig(call, world, place);
    const person = checkOpenid(openid, world, place);
    checkSignature(call, world, place, person);
    const balance = world.balances.of(app.appId, place.env, person.id);
    return {
      errcode: 0,
      errmsg: 'ok',
      balance: balance.saved + balance.present,
      present_balance: balance.present,
      sum_save: balance.sumSaved,
      sum_present: balance.sumPresent,
      sum_balance: balance.sumSaved + balance.sumPresent,
      sum_cost: balance.sumCost,
      first_save_flag: balance.sumSaved > 0,
    };
  },
};
