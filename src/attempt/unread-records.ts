import { LRUCache } from 'lru-cache';
import type { Clock } from '../common/clock.js';

/** Records that are kept at most, of about 1 kB each. */
const MAX_RECORDS = 2_000;

/**
 * Records of the shared store that nobody changes, in the memory of the instance that has stored them, until they
 * are read once. A login that goes on at the same instance thus reads nothing from the store. Whether a record is
 * still unused is never decided here.
 */
export class UnreadRecords<T extends object> {
  private readonly records = new LRUCache<string, { readonly record: T; readonly until: number }>({
    max: MAX_RECORDS,
  });

  constructor(private readonly clock: Clock) {}

  /**
   * Keeps a record that the store has accepted.
   * @param ttl as in the store (ms)
   */
  keep(key: string, record: T, ttl: number): void {
    this.records.set(key, { record, until: this.clock.now() + ttl });
  }

  /** Gives a record out for the first time; `null`: ask the store. */
  take(key: string): T | null {
    const kept = this.records.get(key);
    if (kept === undefined) return null;
    this.records.delete(key);
    return this.clock.now() < kept.until ? kept.record : null;
  }
}
