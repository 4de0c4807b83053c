import { Transform } from 'class-transformer';
import { Allow, IsInt, IsString, MaxLength, MinLength } from 'class-validator';
import type { WeChatApp } from '../../config/app-config.js';
import type { WeChatCall } from '../wechat-http.js';
import { IsWeChatId, MayBeAbsent, OptionalStoredSecret } from './reply-fields.js';

/** GET sns/oauth2/access_token: exchanges a code for the person's tokens (wechat-api.md section 4.4). */
export function oauth2AccessToken(app: WeChatApp, code: string): WeChatCall {
  return {
    path: 'sns/oauth2/access_token',
    appId: app.appId,
    query: { appid: app.appId, secret: app.secret, code, grant_type: 'authorization_code' },
  };
}

/** The reply of access_token. */
export class OAuth2AccessTokenReply {
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  access_token!: string;

  @OptionalStoredSecret(512)
  @Allow()
  refresh_token?: string | null;

  @IsWeChatId()
  openid!: string;

  @MayBeAbsent()
  @IsWeChatId()
  unionid?: string | null;

  /** Granted scopes, separated by commas. They may be fewer than requested. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value : null))
  @Allow()
  scope?: string | null;

  /** 1 for the fictitious user of a snapshot page (section 5). */
  @MayBeAbsent()
  @IsInt()
  is_snapshotuser?: number | null;
}
