import type { AppKind } from '../channel/app-kinds.js';
import { type ChannelLabel, channels } from '../channel/channels.js';
import type { OtherQuotaName, RouteQuotaName } from '../config/quota-names.js';
import { fingerprint } from '../crypto/secret.js';

/** Every quota is for a window of this length (ms), which begins with the minute of the service's clock. */
export const WINDOW_MS = 60_000;

/** How many requests to a route, or to several that share a name, are served in a window. */
export interface RouteQuota {
  readonly perAddress: number;
  /** Of the app that the request names, else the default of this kind. */
  readonly perApp?: { readonly quota: number; readonly defaultKind: AppKind };
  /** A request that is limited is a refused login, counted under this label. */
  readonly login?: ChannelLabel;
}

/*
 * What one address may do in a minute. An address may be a carrier's gateway or an office. The numbers, those of
 * channels too, assume 5,000 people behind one address. A fifth of them do something in the same minute (a notification
 * went out, the day begins). Three times as much is allowed where a request is cheap. What is left of a flood is 50
 * requests a second: an instance does not notice it, and it is too few to guess anything.
 *
 * What one app may do is 80 % of what WeChat takes for it (50,000 code exchanges a minute, wechat-api.md section 4.4):
 * a flood from many addresses does not use up WeChat's quota, which other services of the operator share.
 *
 * RATE_LIMITS overrides the numbers per address. Programs with a good API key have no address (RateLimitGuard).
 */
const OTHER_QUOTAS: Readonly<Record<OtherQuotaName, RouteQuota>> = {
  // mini programs: phones behind gateways
  'validate-token': { perAddress: 3_000 },
  'open-data': { perAddress: 3_000 },
  scans: { perAddress: 3_000 },
  'web-view-tickets': { perAddress: 1_200 },

  // websites: a login page costs one authorize or attempt, one picture, one callback, one redeem; people reload
  'login-page': { perAddress: 1_200 },
  // Polls: 400 browsers that ask every 2 s, or any number that listen to the events.
  'attempt-status': { perAddress: 12_000 },
  // Seen on desktops, so behind offices. Its first fetch is a call to WeChat: see APP_QUOTAS.
  'qr-pictures': { perAddress: 600 },

  // tokens: 5,000 people refresh 333 times a minute, and once more when they open the app
  refresh: { perAddress: 3_000 },
  logout: { perAddress: 3_000 },

  // one's own account: reading is cheap, writing is not, a picture takes 50 ms of a core
  account: { perAddress: 6_000 },
  'account-writes': { perAddress: 1_200 },
  'avatar-uploads': { perAddress: 300 },

  // Once for each page in WeChat that uses the JS-SDK; it costs a look into the store and a SHA-1.
  'js-sdk-config': { perAddress: 6_000 },

  // Consoles and scripts of operators: ten a second. Wrong keys have a quota of their own.
  admin: { perAddress: 600 },
  // Other services of the operator, perhaps all of them behind one address: a thousand a second.
  service: { perAddress: 60_000 },

  // partner apps: people behind offices, as on the login page; servers of partners, each for all of its people
  'partner-metadata': { perAddress: 1_200 },
  'partner-authorize': { perAddress: 3_000 },
  'partner-token': { perAddress: 12_000 },
  'partner-authorizations': { perAddress: 1_200 },
};

/** The quota of a name. Quotas of login routes are in the list of channels. */
export function routeQuota(name: RouteQuotaName): RouteQuota {
  if (isOther(name)) return OTHER_QUOTAS[name];
  for (const { appKind, label, quotas } of channels()) {
    const quota = Object.entries(quotas).find(([each]) => each === name)?.[1];
    if (!quota) continue;
    const { perAddress, perApp } = quota;
    const ofApp = perApp === undefined ? {} : { perApp: { quota: perApp, defaultKind: appKind } };
    return { perAddress, ...ofApp, login: label };
  }
  throw new Error(`no quota has the name ${name}`);
}

function isOther(name: RouteQuotaName): name is OtherQuotaName {
  return name in OTHER_QUOTAS;
}

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

/** So many requests of one address, one app or one person in a window. */
export interface Quota {
  /** Lower-case words with hyphens. */
  readonly name: string;
  readonly limit: number;
  readonly of: 'address' | 'app' | 'person';
  /** Whose it is: a group of addresses, an AppID, or the id of a user. */
  readonly subject: string;
}

/** The window of a quota that an instant falls into. Windows follow the clock, so nobody has to be asked when one ends. */
export interface QuotaWindow {
  readonly quota: Quota;
  /** In the store: it names the window too, and nobody's address. */
  readonly key: string;
  /** Seconds to its end, at least 1. */
  readonly endsIn: number;
}

/** @param now ms since the Unix epoch */
export function windowOf(quota: Quota, now: number): QuotaWindow {
  const index = Math.floor(now / WINDOW_MS);
  return {
    quota,
    key: `rate:${quota.name}:${fingerprint(quota.subject)}:${index}`,
    endsIn: Math.ceil(((index + 1) * WINDOW_MS - now) / 1_000),
  };
}
