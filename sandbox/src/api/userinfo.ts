import { avatarUrlOf } from '../web/avatar-url.js';
import { checkUserToken } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 4.6, whether a user token is valid for an openid.
 *
 * Query: access_token, openid. Reply: `{ errcode: 0, errmsg: "ok" }`. Errors: 41001, 40001, 42001, 40003.
 */
export const snsAuth: Endpoint = {
  method: 'GET',
  path: '/sns/auth',
  answer(call, world) {
    checkUserToken(call, world);
    return { errcode: 0, errmsg: 'ok' };
  },
};

/**
 * Section 4.7, the person's profile. UTF-8 under `text/plain`; sex and region empty since 2021-10-20.
 *
 * Query: access_token, openid, lang? (without effect). Reply: `{ openid, nickname, sex, language, city,
 * province, country, headimgurl, privilege, unionid? }`. Errors: 41001, 40001, 42001, 40003, 48001
 * (scope was snsapi_base, or a snapshot user).
 */
export const snsUserinfo: Endpoint = {
  method: 'GET',
  path: '/sns/userinfo',
  answer(call, world) {
    const { grant } = checkUserToken(call, world);
    const person = world.people.find(grant.personId);
    if (!person) throw new Refusal(40003);
    if (grant.scope === 'snsapi_base' || grant.snapshot) throw new Refusal(48001);
    const unionId = world.people.unionId(person);
    return {
      openid: grant.openId,
      nickname: person.nickname,
      sex: 0,
      language: '',
      city: '',
      province: '',
      country: '',
      headimgurl: avatarUrlOf(person, call.origin),
      privilege: [],
      ...(unionId !== null && { unionid: unionId }),
    };
  },
};
