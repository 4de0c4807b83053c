/** The settings. createSandbox sets them at the start, POST /control/settings changes them. */
export interface Settings {
  /** Life of a wx.login code, seconds (section 1.1: 5 min). */
  loginCodeSeconds: number;
  /** Life of a website's or H5 page's code, seconds (section 4.1: 5 or 10 min; the shorter here). */
  oauthCodeSeconds: number;
  /** Life of a code of the getPhoneNumber button, seconds (section 1.4: 5 min). */
  phoneCodeSeconds: number;
  /** Phone numbers by code have countryCode as a number, as in the documentation's sample (section 1.4). */
  numericCountryCode: boolean;
  /** A wx.login sooner than this after the last new session_key keeps that key, seconds (section 1.1). */
  sessionKeyMinIntervalSeconds: number;
  /** `GET /wxa/resetusersessionkey` calls per app and minute before 45011 (section 1.3). */
  sessionKeyResetsPerMinute: number;
  /** `POST /wxa/getwxacodeunlimit` calls per app and minute before 45009 (section 1.5). */
  wxaCodesPerMinute: number;
  /** The pages that the mini programs have published (section 1.5: others are 41030); empty: any. */
  publishedPages: string[];
  /** Life of a user access_token, seconds (section 4.4: 2 h). */
  userTokenSeconds: number;
  /** Life of a user refresh_token, seconds (section 4.5: 30 days). */
  refreshTokenSeconds: number;
  /** `GET /cgi-bin/token` calls per app and day before 45009 (section 3.1). */
  tokenDailyQuota: number;
  /** `GET /cgi-bin/ticket/getticket` calls per app and day before 45009 (section 14.1: the number is not published). */
  ticketDailyQuota: number;
  /** Life of a ticket, seconds (section 14.1: 2 h). */
  ticketSeconds: number;
  /** A new ticket ends those before it. Undocumented (section 14.1); off: each lives to its own end. */
  newTicketEndsOlder: boolean;
  /** Life of a QR login, seconds (section 4.2: about 5 min). */
  qrSeconds: number;
  /** How long a long poll is held before it answers 408, seconds of real time (section 4.2: 15-25 s). */
  longPollSeconds: number;
  /** Refusing redirects with `state` only, as the old documentation says (section 4.1); off: as the page does. */
  denyRedirects: boolean;
  /** The hosts that a redirect_uri may have; empty: any, since developers use localhost (section 4.1). */
  callbackHosts: string[];
  /** Pages inside WeChat are shown as snapshot pages: is_snapshotuser 1 and made-up ids (section 5). */
  snapshotUser: boolean;
  /** connect/oauth2/authorize refuses browsers without `MicroMessenger` in the user agent (section 5). */
  requireWeChatBrowser: boolean;
  /** How long WeChat waits for the answer to a push, seconds of real time (section 15.2: 5 s). */
  pushTimeoutSeconds: number;
  /** pay_sig may also cover the address before the path: http://host/xpay/…, WxJava's habit (section 13.1, rule 9). */
  paySigOverAddress: boolean;
  /** Price of a token (代币) in fen; 0: tokens are not published (section 13.2). */
  coinPriceFen: number;
  /** The mini programs are release versions, which pay in env 0 only (section 13.2). */
  releaseVersion: boolean;
  /** Payments in env 1 are pushed too; one report says that WeChat does not (section 13.2). */
  sandboxEnvNotices: boolean;
  /** The hosts on which the JS-SDK works (JS接口安全域名, section 14.4); empty: any. */
  jsSafeDomains: string[];
  /** The JS-SDK's signature is over the URL of the first load, as on iOS (section 14.3). */
  firstUrlCounts: boolean;
}

/** The default settings. */
export const DEFAULT_SETTINGS: Readonly<Settings> = Object.freeze({
  loginCodeSeconds: 300,
  oauthCodeSeconds: 300,
  phoneCodeSeconds: 300,
  numericCountryCode: false,
  sessionKeyMinIntervalSeconds: 60,
  sessionKeyResetsPerMinute: 60_000,
  wxaCodesPerMinute: 5000,
  publishedPages: [],
  userTokenSeconds: 7200,
  refreshTokenSeconds: 30 * 86_400,
  tokenDailyQuota: 2000,
  ticketDailyQuota: 1000,
  ticketSeconds: 7200,
  newTicketEndsOlder: false,
  qrSeconds: 300,
  longPollSeconds: 20,
  denyRedirects: false,
  callbackHosts: [],
  snapshotUser: false,
  requireWeChatBrowser: false,
  pushTimeoutSeconds: 5,
  paySigOverAddress: false,
  coinPriceFen: 10,
  releaseVersion: false,
  sandboxEnvNotices: true,
  jsSafeDomains: [],
  firstUrlCounts: false,
});
