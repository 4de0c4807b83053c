import { checkAppToken, checkLoginState } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 1.3, resets a person's session_key. The old key is invalid at once.
 *
 * Query: access_token, openid, signature, sig_method=hmac_sha256, as for checksession.
 * Reply: `{ errcode: 0, errmsg: "ok", openid, session_key }`.
 * Errors: 41001, 40014, 40001, 42001, 48001, 40003, 87009, 45011 (too many a minute).
 */
export const resetusersessionkey: Endpoint = {
  method: 'GET',
  path: '/wxa/resetusersessionkey',
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const person = checkLoginState(call, app, world);
    const { sessionKeyResetsPerMinute: most } = world.settings;
    if (!world.minuteCounts.allow(`resetusersessionkey ${app.appId}`, most)) throw new Refusal(45011);
    return {
      errcode: 0,
      errmsg: 'ok',
      openid: world.people.openId(person, app.appId),
      session_key: world.sessionKeys.renew(person.id, app.appId),
    };
  },
};
