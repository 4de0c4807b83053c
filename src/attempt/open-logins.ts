import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';

/** How long a login may stay at WeChat. Windows are aligned to the clock. */
const WINDOW_MS = 10 * 60 * 1_000;
/** Logins that an instance counts at once. What it does not use of them until the window ends is lost. */
export const BLOCK = 50;
/**
 * Blocks of one app per window: 100,000 logins, which are 166 a second, or 50,000 waiting pages that show a new
 * code every 5 minutes. An attempt is stored for two windows and takes some 2 kB, so an app uses at most 400 MB
 * of Redis.
 */
export const MAX_BLOCKS = 2_000;

/** What an instance may still begin for one app in a window. */
interface Allowance {
  readonly window: number;
  left: number;
  isUsedUp: boolean;
  /** The count of the next block, while it is under way. */
  counting: Promise<void> | null;
}

/**
 * Limits the open logins of one app over all instances: attempts, and states without an attempt. Instances count
 * in blocks, so that most logins need no round trip for it, and none is stored before it was counted.
 */
@Injectable()
export class OpenLogins {
  private readonly allowances = new Map<string, Allowance>();

  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts a login and begins it.
   * @param appId of an app of the environment
   * @param begin stores the login; not called if it cannot be counted, or beyond the limit
   * @returns what `begin` returns
   * @throws AppError RATE_LIMITED, STORE_UNAVAILABLE
   */
  async admit<T>(appId: string, begin: () => Promise<T>): Promise<T> {
    for (;;) {
      const allowance = this.allowanceOf(appId);
      if (allowance.left > 0) {
        allowance.left--;
        return begin();
      }
      if (allowance.isUsedUp) {
        throw new AppError('RATE_LIMITED', {
          detail: 'Too many logins of this app are open.',
          retryAfter: Math.ceil(((allowance.window + 1) * WINDOW_MS - this.clock.now()) / 1_000),
        });
      }
      // Those who come meanwhile wait for the same block. If it does not suffice, one of them counts the next.
      allowance.counting ??= this.countBlock(appId, allowance);
      await allowance.counting;
    }
  }

  private async countBlock(appId: string, allowance: Allowance): Promise<void> {
    try {
      const blocks = await this.store.count(`login-blocks:${appId}:${allowance.window}`, WINDOW_MS);
      if (blocks <= MAX_BLOCKS) allowance.left = BLOCK;
      else allowance.isUsedUp = true;
    } finally {
      allowance.counting = null;
    }
  }

  private allowanceOf(appId: string): Allowance {
    const window = Math.floor(this.clock.now() / WINDOW_MS);
    const known = this.allowances.get(appId);
    if (known?.window === window) return known;
    const fresh: Allowance = { window, left: 0, isUsedUp: false, counting: null };
    this.allowances.set(appId, fresh);
    return fresh;
  }
}
