/** What to tell the person who uses the app. */
export interface Advice {
  readonly zh: string;
  readonly en: string;
}

/** Pattern of codes, Chinese, English; the first that fits. One text, because a mini program carries all of it. */
const ROWS = `^(NET|TIME|WX_),请检查网络,Check the network
LOGGED|ENDED|TOKEN|REAUTH|PROOF|EXPIRED|TICKET|^(SCAN|ATT|LOGIN|STATE),请登录后再试,Please log in
BEFORE,请在设置中允许,Allow it in settings
REFUSED|ASKED|STALE|TAP|_CODE,请再点一次并同意,Tap again and agree
_TAKEN|QUOTA|AD_T|AR_I|^REJ|^EMP,请换一个再试,Try another one
true$,请稍后再试,Try again later
,请联系客服,Contact support`
  .split('\n')
  .map((row) => row.split(','));

/** @param text code of an error, and at its end whether the same call may succeed later */
export function adviceFor(text: string): Advice {
  const [, zh = '', en = ''] = ROWS.find(([codes = '']) => RegExp(codes).test(text)) ?? [];
  return { zh, en };
}
