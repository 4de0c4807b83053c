import type { WeChatCall } from '../wechat-http.js';
import type { Reply } from '../wechat-http.js';
import type { WeChatLanguage } from '../language.js';
import type { WeChatProfile } from '../wechat-login.js';
import { isWeChatId } from './reply-fields.js';

/** GET sns/userinfo: nickname, picture and unionid of who just logged in (wechat-api.md section 4.7). */
export function userinfo(
  appId: string,
  accessToken: string,
  openId: string,
  lang: WeChatLanguage,
): WeChatCall {
  return { path: 'sns/userinfo', appId, query: { access_token: accessToken, openid: openId, lang } };
}

/** What its answer says of the person, as far as it can be used. */
export interface Userinfo {
  readonly openId: string | null;
  readonly unionId: string | null;
  readonly profile: WeChatProfile;
}

/** Far more than a nickname of WeChat has; the rest is cut where it is stored. */
const MAX_TEXT = 8_192;

/** Reads the answer field by field: one that is missing or of another type says nothing, and spoils no other. */
export function readUserinfo(reply: Reply): Userinfo {
  return {
    openId: isWeChatId(reply.openid) ? reply.openid : null,
    unionId: isWeChatId(reply.unionid) ? reply.unionid : null,
    profile: { nickname: text(reply.nickname), avatarUrl: text(reply.headimgurl) },
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : null;
}
