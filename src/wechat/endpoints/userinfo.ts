import { IsString, MaxLength } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';
import { IsWeChatId, MayBeAbsent } from './reply-fields.js';

/** GET sns/userinfo: nickname, picture and unionid of who just logged in (wechat-api.md section 4.7). */
export function userinfo(appId: string, accessToken: string, openId: string): WeChatCall {
  return { path: 'sns/userinfo', appId, query: { access_token: accessToken, openid: openId, lang: 'zh_CN' } };
}

/** Its answer. */
export class UserinfoReply {
  @IsWeChatId()
  openid!: string;

  @MayBeAbsent()
  @IsString()
  @MaxLength(4096)
  nickname?: string | null;

  @MayBeAbsent()
  @IsString()
  @MaxLength(2048)
  headimgurl?: string | null;

  @MayBeAbsent()
  @IsWeChatId()
  unionid?: string | null;
}
