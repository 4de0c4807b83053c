import { IsInt, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { WeChatApp } from '../../config/app-config.js';
import type { WeChatCall } from '../wechat-http.js';

/**
 * POST cgi-bin/stable_token: the app's access token (wechat-api.md section 3.2). Normal mode returns the same
 * token until 5 minutes before it expires. `forceRefresh` invalidates the token at once and is limited to 20
 * calls a day.
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

/** Far longer than the lifetime of a token (2 hours). A larger number would not be a valid date. */
const MAX_LIFE_S = 365 * 24 * 60 * 60;

/** The reply of stable_token. */
export class StableTokenReply {
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  access_token!: string;

  /** Remaining seconds, also for a token that was issued earlier. */
  @IsInt()
  @Min(1)
  @Max(MAX_LIFE_S)
  expires_in!: number;
}
