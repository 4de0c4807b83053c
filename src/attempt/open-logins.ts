import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';

/** How long a login may stay at WeChat. Windows are aligned to the clock. */
const WINDOW_MS = 10 * 60 * 1_000;
/**
 * Logins that one app may begin per window: 166 a second, or 50,000 waiting pages that show a new code every
 * 5 minutes. An attempt is stored for two windows and takes some 2 kB, so an app uses at most 400 MB of
 * Redis.
 */
export const MAX_BEGUN = 100_000;

/**
 * Limits the open logins of one app over all instances: attempts, and states without an attempt. A login is
 * counted and stored in one round trip, so those that are under way when the limit is reached are stored too,
 * but nobody learns their secrets.
 */
@Injectable()
export class OpenLogins {
  /** The last window in which an app reached its limit, by app. */
  private readonly full = new Map<string, number>();

  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts a login and begins it.
   * @param appId of an app of the environment
   * @param begin stores the login; not called once this instance knows that the limit is reached
   * @returns what `begin` returns
   * @throws AppError RATE_LIMITED, STORE_UNAVAILABLE
   */
  async admit<T>(appId: string, begin: () => Promise<T>): Promise<T> {
    const now = this.clock.now();
    const window = Math.floor(now / WINDOW_MS);
    if (this.full.get(appId) !== window) {
      const key = `open-logins:${appId}:${window}`;
      const [begun, login] = await Promise.all([this.store.count(key, WINDOW_MS), begin()]);
      if (begun <= MAX_BEGUN) return login;
      this.full.set(appId, window);
    }
    throw new AppError('RATE_LIMITED', {
      detail: 'Too many logins of this app are open.',
      retryAfter: Math.ceil(((window + 1) * WINDOW_MS - now) / 1_000),
    });
  }
}
