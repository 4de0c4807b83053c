import type { WeChatApp } from '../../config/app-config.js';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret, IsWeChatId, MayBeAbsent } from './reply-fields.js';

/**
 * GET sns/jscode2session: exchanges a code of `wx.login` for openid and session_key (wechat-api.md section
 * 1.1).
 */
export function codeToSession(app: WeChatApp, code: string): WeChatCall {
  return {
    path: 'sns/jscode2session',
    appId: app.appId,
    query: { appid: app.appId, secret: app.secret, js_code: code, grant_type: 'authorization_code' },
  };
}

/** The reply of jscode2session. */
export class CodeToSessionReply {
  @IsWeChatId()
  openid!: string;

  /** base64 of 16 bytes. The format is checked only when the key decrypts something. */
  @IsStoredSecret(128)
  session_key!: string;

  @MayBeAbsent()
  @IsWeChatId()
  unionid?: string | null;
}
