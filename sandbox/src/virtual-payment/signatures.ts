import { createHmac } from 'node:crypto';

/**
 * `pay_sig` / `paySig` (section 13.1): lower-case hex HMAC-SHA256 over `uri + "&" + body`, keyed with the text of the
 * AppKey. `uri` is the path, or the word `requestVirtualPayment`.
 */
export function paySignature(appKey: string, uri: string, body: string | Buffer): string {
  return createHmac('sha256', appKey).update(`${uri}&`).update(body).digest('hex');
}

/** `signature` (section 13.1): the same over the body alone, keyed with the text of the session_key. */
export function userSignature(sessionKey: string, body: string | Buffer): string {
  return createHmac('sha256', sessionKey).update(body).digest('hex');
}
