import { type ChannelQuotaName, channels } from '../channel/channels.js';

/** Quotas of routes that are no part of one channel's login. Their numbers are in `rate-limit/quotas.ts`. */
const OTHER_QUOTA_NAMES = [
  'validate-token',
  'open-data',
  'scans',
  'web-view-tickets',
  'login-page',
  'attempt-status',
  'qr-pictures',
  'refresh',
  'logout',
  'account',
  'account-writes',
  'avatar-uploads',
  'js-sdk-config',
  'admin',
  'service',
  'partner-metadata',
  'partner-authorize',
  'partner-token',
  'partner-authorizations',
] as const;

/** Name of a quota of routes that is no part of one channel's login. */
export type OtherQuotaName = (typeof OTHER_QUOTA_NAMES)[number];

/** Name of a quota of routes: for `@RateLimit`, in the header fields, in the keys of the store. */
export type RouteQuotaName = ChannelQuotaName | OtherQuotaName;

/** Names of all quotas of routes, for RATE_LIMITS. */
export function routeQuotaNames(): RouteQuotaName[] {
  const ofChannels = channels().flatMap(({ quotas }) => Object.keys(quotas) as ChannelQuotaName[]);
  return [...ofChannels, ...OTHER_QUOTA_NAMES];
}
