import { IsInt, IsString, MaxLength, Min, MinLength } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret, IsWeChatId, MayBeAbsent } from './reply-fields.js';

/**
 * GET sns/oauth2/refresh_token: renews the person's access token; needs no AppSecret (wechat-api.md section
 * 4.5).
 */
export function oauth2RefreshToken(appId: string, refreshToken: string): WeChatCall {
  return {
    path: 'sns/oauth2/refresh_token',
    appId,
    query: { appid: appId, grant_type: 'refresh_token', refresh_token: refreshToken },
  };
}

/** The reply of refresh_token. */
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

/** GET sns/auth: whether the person's access token is valid (section 4.6). */
export function snsAuth(appId: string, accessToken: string, openId: string): WeChatCall {
  return { path: 'sns/auth', appId, query: { access_token: accessToken, openid: openId } };
}
