import { userSignature } from '../message-signatures.js';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret, IsWeChatId } from './reply-fields.js';

/**
 * GET wxa/checksession: whether the session_key is valid (wechat-api.md section 1.2). Errcode 87009 means
 * that it is not.
 */
export function checkSession(appId: string, token: string, openId: string, sessionKey: string): WeChatCall {
  return { path: 'wxa/checksession', appId, query: signedQuery(token, openId, sessionKey) };
}

/**
 * GET wxa/resetusersessionkey: replaces the session_key. The old one becomes invalid at once (section 1.3).
 */
export function resetUserSessionKey(
  appId: string,
  token: string,
  openId: string,
  sessionKey: string,
): WeChatCall {
  return { path: 'wxa/resetusersessionkey', appId, query: signedQuery(token, openId, sessionKey) };
}

/** The reply of resetusersessionkey. */
export class ResetUserSessionKeyReply {
  @IsWeChatId()
  openid!: string;

  /** base64 of 16 bytes. The format is checked only when the key decrypts something. */
  @IsStoredSecret(128)
  session_key!: string;
}

/** The query of a call that proves possession of the session_key without sending it (vector V3). */
export function signedQuery(token: string, openId: string, sessionKey: string): Record<string, string> {
  return {
    access_token: token,
    openid: openId,
    signature: userSignature(sessionKey),
    sig_method: 'hmac_sha256',
  };
}
