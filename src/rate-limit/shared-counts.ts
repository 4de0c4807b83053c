import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error.js';
import { withTimeout } from '../common/with-timeout.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';

/**
 * Deadline of one count (ms): longer than a healthy store takes, and shorter than the store's own deadline, so that the
 * rest of the request still has time.
 */
const COUNT_TIMEOUT_MS = 500;
/** Interval between two pings of a store that is unavailable (ms of real time). */
const PING_INTERVAL_MS = 1_000;
/** Keys that this process counts by itself: about 10 MB. */
const MAX_KEYS = 50_000;

/**
 * Counters that all instances share. While the store is unavailable, each instance counts for itself, so a limit is
 * multiplied by the number of instances. No request fails because of the store. Only requests that were running when it
 * became unavailable wait for it, at most half a second.
 */
@Injectable()
export class SharedCounts {
  private readonly logger = new Logger(SharedCounts.name);
  /** Made when the store first is unavailable: it takes its memory at once. */
  private ownCounts: LRUCache<string, number> | null = null;
  private isStoreUnavailable = false;
  private pingedAt = 0;

  constructor(private readonly store: EphemeralStore) {}

  /**
   * Increments a counter. Never rejects because of the store.
   * @param window life of the counter (ms)
   * @returns the count, this one included
   */
  count(key: string, window: number): Promise<number> {
    return this.fromStore(
      () => this.store.count(key, window),
      () => {
        this.ownCounts ??= new LRUCache({ max: MAX_KEYS });
        const counted = (this.ownCounts.get(key) ?? 0) + 1;
        this.ownCounts.set(key, counted);
        return counted;
      },
    );
  }

  /** Reads a counter. Never rejects because of the store. */
  read(key: string): Promise<number> {
    return this.fromStore(
      async () => Number((await this.store.get(key)) ?? 0),
      () => this.ownCounts?.get(key) ?? 0,
    );
  }

  private async fromStore(shared: () => Promise<number>, own: () => number): Promise<number> {
    if (this.isStoreUnavailable) {
      this.pingStore();
      return own();
    }
    try {
      return await withTimeout(shared(), COUNT_TIMEOUT_MS, () => new AppError('STORE_UNAVAILABLE'));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.countLocally();
      return own();
    }
  }

  private countLocally(): void {
    if (this.isStoreUnavailable) return;
    this.isStoreUnavailable = true;
    this.pingedAt = performance.now();
    this.logger.warn('the shared store is away: requests are counted by each instance for itself');
  }

  private pingStore(): void {
    if (performance.now() - this.pingedAt < PING_INTERVAL_MS) return;
    this.pingedAt = performance.now();
    this.store.ping().then(
      () => {
        this.isStoreUnavailable = false;
        this.logger.log('the shared store is back: requests are counted for all instances together');
      },
      () => undefined,
    );
  }
}
