import { createHash, randomBytes } from 'node:crypto';

/** What a page passes to `wx.config`, besides the AppID. */
export interface PageConfig {
  /** Unix time in seconds. */
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
}

/**
 * The signature of `wx.config`: SHA-1 in lower-case hex over names in lower case and raw values (wechat-api-2.md
 * section 14.2, vector V10).
 * @param url the page's, without fragment, byte for byte as in its `location.href`
 * @param timestamp Unix time in seconds
 */
export function pageSignature(ticket: string, nonceStr: string, timestamp: number, url: string): string {
  const signed = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
  return createHash('sha1').update(signed).digest('hex');
}

/** Signs a page's URL with a fresh nonce. @param now current time (ms) */
export function pageConfig(ticket: string, url: string, now: number): PageConfig {
  const timestamp = Math.floor(now / 1000);
  const nonceStr = randomBytes(16).toString('hex');
  return { timestamp, nonceStr, signature: pageSignature(ticket, nonceStr, timestamp, url) };
}
