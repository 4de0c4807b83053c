import type { AppConfig } from '../config/app-config.js';

/** Where the hosted login is off, a session still lasts from one step of a login to the next (s). */
const MIN_SESSION_SECONDS = 60 * 60;

/** How long a session of a login for a partner lasts: as long as the hosted login (s). */
export function partnerSessionSeconds({ ttl }: Pick<AppConfig, 'ttl'>): number {
  return Math.max(ttl.sso, MIN_SESSION_SECONDS);
}
