import { createHash } from 'node:crypto';

/** What `wx.config` is given beside the AppID (section 14.3). */
export interface PageStamp {
  nonceStr: string;
  /** Unix seconds, as the page wrote them. */
  timestamp: string;
}

/** The signature of a page: SHA-1 in lower-case hex, over raw values (section 14.2). The URL has no fragment. */
export function signPage(ticket: string, { nonceStr, timestamp }: PageStamp, url: string): string {
  const text = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
  return createHash('sha1').update(text, 'utf8').digest('hex');
}
