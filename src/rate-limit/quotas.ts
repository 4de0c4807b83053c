import type { ChannelLabel } from '../channel/channels.js';
import type { RouteQuotaName } from '../config/quota-names.js';
import type { AppKind } from '../channel/app-kinds.js';

/** Every quota is for a window of this length (ms), which begins with the minute of the service's clock. */
export const WINDOW_MS = 60_000;

/** How many requests to a route, or to several that share a name, are served in a window. */
export interface RouteQuota {
  readonly perAddress: number;
  /** Of the app that the request names, else the default of this kind. */
  readonly perApp?: { readonly quota: number; readonly defaultKind: AppKind };
  /** A request that is limited is a login of this channel that was refused. */
  readonly login?: ChannelLabel;
}

/**
 * What one address may do in a minute. An address may be a carrier's gateway or an office. The numbers assume 5,000
 * people behind one, a fifth of whom do something in the same minute (a notification went out, the day begins), and
 * allow three times as much where a request is cheap. What is left of a flood is 50 requests a second: nothing that
 * an instance notices, and too few for guessing anything.
 *
 * What one app may do is 80 % of what WeChat takes for it (50,000 code exchanges a minute, wechat-api.md section 4.4):
 * a flood from many addresses does not use up WeChat's quota, which other services of the operator share.
 *
 * RATE_LIMITS may say other numbers for an address. Programs with a good API key have no address (RateLimitGuard).
 */
export const ROUTE_QUOTAS = {
  // mini programs: phones, behind gateways
  login: { perAddress: 3_000, perApp: { quota: 40_000, defaultKind: 'mini_program' }, login: 'mini-program' },
  'validate-token': { perAddress: 3_000 },
  'open-data': { perAddress: 3_000 },
  scans: { perAddress: 3_000 },
  'web-view-tickets': { perAddress: 1_200 },

  // websites: a login page costs one authorize or attempt, one picture, one callback, one redeem; people reload
  'login-page': { perAddress: 1_200 },
  authorize: { perAddress: 1_200, perApp: { quota: 40_000, defaultKind: 'website' }, login: 'website' },
  attempts: { perAddress: 1_200, login: 'website' },
  // Polls: 400 browsers that ask every 2 s, or any number that listen to the events.
  'attempt-status': { perAddress: 12_000 },
  // Seen on desktops, so behind offices. Its first fetch is a call to WeChat: see APP_QUOTAS.
  'qr-pictures': { perAddress: 600 },
  callback: { perAddress: 1_200, login: 'website' },
  redeem: { perAddress: 1_200, login: 'website' },

  // tokens: 5,000 people refresh 333 times a minute, and once more when they open the app
  refresh: { perAddress: 3_000 },
  logout: { perAddress: 3_000 },

  // one's own account: reading is cheap, writing is not, a picture takes 50 ms of a core
  account: { perAddress: 6_000 },
  'account-writes': { perAddress: 1_200 },
  'avatar-uploads': { perAddress: 300 },

  // Consoles and scripts of operators: ten a second. Wrong keys have a quota of their own.
  admin: { perAddress: 600 },
  // Other services of the operator, perhaps all of them behind one address: a thousand a second.
  service: { perAddress: 60_000 },
} as const satisfies Record<RouteQuotaName, RouteQuota>;

/** What one app may do in a minute, counted by a door that knows the app only after it has looked something up. */
export const APP_QUOTAS = {
  /** As for authorize. */
  'attempts-app': 40_000,
  /** getwxacodeunlimit takes 5,000 a minute (wechat-api.md section 1.5); the rest is for the operator's other services. */
  'qr-codes': 4_500,
} as const satisfies Record<string, number>;

/** Name of such a quota. */
export type AppQuotaName = keyof typeof APP_QUOTAS;

/** What one person may do in a minute, from however many addresses. */
export const PERSON_QUOTAS = {
  /** Somebody who looks for the picture that suits them. */
  'avatar-uploads-person': 10,
} as const satisfies Record<string, number>;

/** Name of such a quota. */
export type PersonQuotaName = keyof typeof PERSON_QUOTAS;

/** How many wrong API keys of one address are recorded in a minute, and answered with more than "too many". */
export const API_KEY_GUESSES = 30;
