import { checkAppToken, checkLoginState } from './checks.js';
import type { Endpoint } from './endpoint.js';

/**
 * Section 13.6, the last three encryption keys of a person. Today's documentation says GET, an older one POST; both
 * are accepted, with the parameters in the query.
 *
 * Query: access_token, openid, signature, sig_method=hmac_sha256, as for checksession.
 * Reply: `{ errcode: 0, errmsg: "ok", key_info_list: [{ encrypt_key, version, expire_in, iv, create_time }] }`;
 * expire_in is what is left, in seconds; 0 for those that have ended.
 * Errors: 41001, 40014, 40001, 42001, 48001, 40003, 87009.
 */
export const getuserencryptkey: Endpoint = {
  method: 'either',
  path: '/wxa/business/getuserencryptkey',
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const person = checkLoginState(call, app, world);
    const list = world.userKeys.of(person.id, app.appId).map((key) => ({
      encrypt_key: key.encryptKey,
      version: key.version,
      expire_in: world.userKeys.secondsLeft(key),
      iv: key.iv,
      create_time: Math.floor(key.createdAt / 1000),
    }));
    return { errcode: 0, errmsg: 'ok', key_info_list: list };
  },
};
