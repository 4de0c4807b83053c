import { createHmac } from 'node:crypto';

/**
 * The user signature (wechat-api-2.md section 13.1): HMAC-SHA256 in lower-case hex, keyed with the session_key as
 * the text that WeChat sent, not decoded. Over the empty message it proves possession of the key (vector V3).
 * @param message exactly the bytes that are sent; a text counts as UTF-8
 */
export function userSignature(sessionKey: string, message: string | Uint8Array = ''): string {
  return createHmac('sha256', sessionKey).update(message).digest('hex');
}

/**
 * The signature of virtual payment, `pay_sig` or `paySig` (section 13.1): HMAC-SHA256 in lower-case hex over
 * `uri`, `&` and the message.
 * @param appKey of the environment that the message names
 * @param uri path without host and query, or `requestVirtualPayment` for the client's call
 */
export function paySignature(appKey: string, uri: string, message: Uint8Array): string {
  return createHmac('sha256', appKey).update(`${uri}&`).update(message).digest('hex');
}
