import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error.js';
import { withTimeout } from '../common/with-timeout.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';

/** Longer than a healthy store ever takes, shorter than its own second: what comes after may need that one. */
const PATIENCE_MS = 500;
/** How often a store that is away is looked for (real time). */
const LOOK_EVERY_MS = 1_000;
/** Keys counted in this process: some 10 MB. */
const MAX_KEYS = 50_000;

/**
 * Counts that all instances share. While the store is away each instance counts for itself: a limit is then as many
 * times as high as there are instances, and no request fails or waits for it. Only requests that were under way when
 * the store went away wait, half a second at most: it is looked for in the background.
 */
@Injectable()
export class SharedCounts {
  private readonly logger = new Logger(SharedCounts.name);
  private readonly ownCounts = new LRUCache<string, number>({ max: MAX_KEYS });
  private isAway = false;
  private lookedAt = 0;

  constructor(private readonly store: EphemeralStore) {}

  /**
   * Counts one more. Never rejects because of the store.
   * @param window ms
   * @returns how many there are now, this one included
   */
  count(key: string, window: number): Promise<number> {
    return this.fromStore(
      () => this.store.count(key, window),
      () => {
        const counted = (this.ownCounts.get(key) ?? 0) + 1;
        this.ownCounts.set(key, counted);
        return counted;
      },
    );
  }

  /** How many there are. Never rejects because of the store. */
  read(key: string): Promise<number> {
    return this.fromStore(
      async () => Number((await this.store.get(key)) ?? 0),
      () => this.ownCounts.get(key) ?? 0,
    );
  }

  private async fromStore(shared: () => Promise<number>, own: () => number): Promise<number> {
    if (this.isAway) {
      this.lookForStore();
      return own();
    }
    try {
      return await withTimeout(shared(), PATIENCE_MS, () => new AppError('STORE_UNAVAILABLE'));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.goOnAlone();
      return own();
    }
  }

  private goOnAlone(): void {
    if (this.isAway) return;
    this.isAway = true;
    this.lookedAt = performance.now();
    this.logger.warn('the shared store is away: requests are counted by each instance for itself');
  }

  private lookForStore(): void {
    if (performance.now() - this.lookedAt < LOOK_EVERY_MS) return;
    this.lookedAt = performance.now();
    this.store.ping().then(
      () => {
        this.isAway = false;
        this.logger.log('the shared store is back: requests are counted for all instances together');
      },
      () => undefined,
    );
  }
}
