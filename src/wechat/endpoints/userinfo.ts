import type { WeChatCall } from '../wechat-http.js';
import type { Reply } from '../wechat-http.js';
import type { WeChatLanguage } from '../language.js';
import type { WeChatProfile } from '../wechat-login.js';
import { isWeChatId } from './reply-fields.js';

/** GET sns/userinfo: nickname, picture and unionid of the person (wechat-api.md section 4.7). */
export function userinfo(
  appId: string,
  accessToken: string,
  openId: string,
  lang: WeChatLanguage,
): WeChatCall {
  return { path: 'sns/userinfo', appId, query: { access_token: accessToken, openid: openId, lang } };
}

/** The usable fields of the reply. */
export interface Userinfo {
  readonly openId: string | null;
  readonly unionId: string | null;
  readonly profile: WeChatProfile;
}

/** Far longer than a nickname at WeChat. Storage truncates it further. */
const MAX_TEXT = 8_192;

/** Reads the reply field by field. A missing or invalid field does not affect the others. */
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
