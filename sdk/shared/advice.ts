/** What to tell the person who uses the app. */
export interface Advice {
  readonly zh: string;
  readonly en: string;
}

/**
 * By code, and at its end whether the same call may succeed later: Chinese after 请, and English. @see rowOf
 * Codes are abbreviated, because a mini program counts each byte.
 */
export const ADVICE = `^(NET|TIME|REQ|WX),检查网络,Check the network
^(SCAN|ATT),重新扫码,Scan a new code
^LOG|END|TOK|AUTH|PROO|TICK|STAT,重新登录,Log in again
BEF,在设置中允许,Allow it in settings
REFU|ASK|STAL|TAP|_CODE,再点一次并同意,Tap again and agree
TAK|QUO|AD_T|AR_I|REJ|EMP,换一个,Try another one
true$|^ABO,稍后再试,Try again later
,联系客服,Contact support`;
