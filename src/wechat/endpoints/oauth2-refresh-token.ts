import { IsInt, IsString, MaxLength, Min, MinLength } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret, IsWeChatId, MayBeAbsent } from './reply-fields.js';

/** GET sns/oauth2/refresh_token: the person's access token anew, without a secret (wechat-api.md section 4.5). */
export function oauth2RefreshToken(appId: string, refreshToken: string): WeChatCall {
  return {
    path: 'sns/oauth2/refresh_token',
    appId,
    query: { appid: appId, grant_type: 'refresh_token', refresh_token: refreshToken },
  };
}

/** Its answer. */
export class OAuth2RefreshTokenReply {
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  access_token!: string;

  @IsInt()
  @Min(1)
  expires_in!: number;

  @MayBeAbsent()
  @IsStoredSecret(512)
  refresh_token?: string | null;

  @IsWeChatId()
  openid!: string;
}

/** GET sns/auth: does the person's access token still work (section 4.6). */
export function snsAuth(appId: string, accessToken: string, openId: string): WeChatCall {
  return { path: 'sns/auth', appId, query: { access_token: accessToken, openid: openId } };
}
