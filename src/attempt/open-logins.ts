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

/** Limits the open logins of one app over all instances: attempts, and states without an attempt. */
@Injectable()
export class OpenLogins {
  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts a login before it begins.
   * @param appId of an app of the environment
   * @throws AppError RATE_LIMITED, STORE_UNAVAILABLE
   */
  async admit(appId: string): Promise<void> {
    const now = this.clock.now();
    const window = Math.floor(now / WINDOW_MS);
    if ((await this.store.count(`open-logins:${appId}:${window}`, WINDOW_MS)) <= MAX_BEGUN) return;
    throw new AppError('RATE_LIMITED', {
      detail: 'Too many logins of this app are open.',
      retryAfter: Math.ceil(((window + 1) * WINDOW_MS - now) / 1_000),
    });
  }
}
