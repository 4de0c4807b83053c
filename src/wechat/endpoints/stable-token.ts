import { IsInt, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { WeChatApp } from '../../config/app-config.js';
import type { WeChatCall } from '../wechat-http.js';

/**
 * POST cgi-bin/stable_token: the app's own credential (wechat-api.md section 3.2). Normal mode gives the same token
 * until 5 minutes before its end; `forceRefresh` kills the token at once and works 20 times a day.
 */
export function stableToken(app: WeChatApp, forceRefresh: boolean): WeChatCall {
  return {
    path: 'cgi-bin/stable_token',
    appId: app.appId,
    query: {},
    body: {
      grant_type: 'client_credential',
      appid: app.appId,
      secret: app.secret,
      force_refresh: forceRefresh,
    },
  };
}

/** Far longer than any token lives (2 hours); what is longer is no date. */
const MAX_LIFE_S = 365 * 24 * 60 * 60;

/** Its answer. */
export class StableTokenReply {
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  access_token!: string;

  /** Seconds that are left, also of a token that was given before. */
  @IsInt()
  @Min(1)
  @Max(MAX_LIFE_S)
  expires_in!: number;
}
