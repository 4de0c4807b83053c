/** Names of the quotas of routes, for the settings as well; what each stands for is in `rate-limit/quotas.ts`. */
export const ROUTE_QUOTA_NAMES = [
  'login',
  'validate-token',
  'open-data',
  'scans',
  'web-view-tickets',
  'login-page',
  'authorize',
  'attempts',
  'attempt-status',
  'qr-pictures',
  'callback',
  'redeem',
  'refresh',
  'logout',
  'account',
  'account-writes',
  'avatar-uploads',
  'admin',
  'service',
] as const;

/** Name of a quota of routes: for `@RateLimit`, in the header fields, in the keys of the store. */
export type RouteQuotaName = (typeof ROUTE_QUOTA_NAMES)[number];
