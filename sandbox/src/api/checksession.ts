import { checkAppToken, checkLoginState } from './checks.js';
import type { Endpoint } from './endpoint.js';

/**
 * Section 1.2, whether a person's session_key is valid. The signature is HMAC-SHA256 over the empty string, keyed
 * with the text of the session_key, in lowercase hex.
 *
 * Query: access_token, openid, signature, sig_method=hmac_sha256. Reply: `{ errcode: 0, errmsg: "ok" }`.
 * Errors: 41001, 40014, 40001, 42001, 48001, 40003, 87009.
 */
export const checksession: Endpoint = {
  method: 'GET',
  path: '/wxa/checksession',
  answer(call, world) {
    checkLoginState(call, checkAppToken(call, world, ['mini_program']), world);
    return { errcode: 0, errmsg: 'ok' };
  },
};
