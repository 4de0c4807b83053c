import { fingerprint } from '../crypto/secret.js';
import { WINDOW_MS } from './quotas.js';

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
