import { createHmac } from 'node:crypto';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret, IsWeChatId } from './reply-fields.js';

/** GET wxa/checksession: is the session_key alive (wechat-api.md section 1.2). 87009 says that it is not. */
export function checkSession(appId: string, token: string, openId: string, sessionKey: string): WeChatCall {
  return { path: 'wxa/checksession', appId, query: proof(token, openId, sessionKey) };
}

/** GET wxa/resetusersessionkey: a new session_key for the old one, which dies at once (section 1.3). */
export function resetUserSessionKey(
  appId: string,
  token: string,
  openId: string,
  sessionKey: string,
): WeChatCall {
  return { path: 'wxa/resetusersessionkey', appId, query: proof(token, openId, sessionKey) };
}

/** Its answer. */
export class ResetUserSessionKeyReply {
  @IsWeChatId()
  openid!: string;

  /** base64 of 16 bytes; its shape matters only where something is decrypted with it. */
  @IsStoredSecret(128)
  session_key!: string;
}

/** That we have the key, without sending it: the HMAC of nothing under its base64 text (vector V3). */
export function sessionKeySignature(sessionKey: string, message = ''): string {
  return createHmac('sha256', sessionKey).update(message).digest('hex');
}

function proof(token: string, openId: string, sessionKey: string): Record<string, string> {
  return {
    access_token: token,
    openid: openId,
    signature: sessionKeySignature(sessionKey),
    sig_method: 'hmac_sha256',
  };
}
