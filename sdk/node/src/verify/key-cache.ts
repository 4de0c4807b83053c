import { setTimeout as delay } from 'node:timers/promises';
import type { CryptoKey } from 'jose';
import { FetchBudget } from './fetch-budget.js';
import type { PublicKeys } from './fetch-keys.js';

/** Keys of this age are fetched anew beside a request, which does not wait for it (ms). */
const RENEW_AFTER_MS = 5 * 60_000;
/** When a fetch has failed, no other is made beside requests for so long (ms). */
const RENEW_AGAIN_MS = 10_000;
/** How long a `kid` that was not published is refused without a fetch (ms). */
const UNPUBLISHED_MS = 5_000;
/** Forged tokens can name any number of them. */
const MAX_UNPUBLISHED = 1_000;

/** Clock and timer, for tests. `now` must not jump with the system's clock. */
export interface Timing {
  readonly now: () => number;
  readonly delay: (ms: number) => Promise<unknown>;
}

const SYSTEM: Timing = { now: () => performance.now(), delay };

/**
 * The published keys. A fresh token whose key was published a moment ago is not refused: an unknown `kid` is looked for
 * in a fetch that begins after the token came. One fetch at a time serves everybody who waits.
 */
export class KeyCache {
  private keys: PublicKeys = new Map();
  private fetchedAt = -Infinity;
  private renewAt = -Infinity;
  private fetching: Promise<void> | null = null;
  /** Number of the fetch that began last, and of the one whose keys these are. */
  private begun = 0;
  private received = 0;
  /** Until when a `kid` is refused (ms). */
  private readonly unpublished = new Map<string, number>();
  private readonly budget: FetchBudget;

  /**
   * @param fetchKeys rejects if the keys cannot be fetched
   * @param maxAgeMs older keys are not used, even if no newer ones can be fetched
   */
  constructor(
    private readonly fetchKeys: () => Promise<PublicKeys>,
    private readonly maxAgeMs: number,
    private readonly timing: Timing = SYSTEM,
  ) {
    this.budget = new FetchBudget(timing.now);
  }

  /** A key that needs no wait. Keys that are getting old are renewed in the background. */
  known(kid: string): CryptoKey | undefined {
    const now = this.timing.now();
    if (now - this.fetchedAt >= this.maxAgeMs) return undefined;
    // Nobody waits for it: `find` reports a failure to those who need a newer key.
    if (now >= this.renewAt) this.fetch().catch(() => undefined);
    return this.keys.get(kid);
  }

  /**
   * Fetches the keys until they contain this one, or a fetch that began after this call does not.
   * @returns `undefined` if there is no such key
   * @throws AuthError KEYS_UNAVAILABLE
   */
  async find(kid: string): Promise<CryptoKey | undefined> {
    const asked = this.begun;
    if ((this.unpublished.get(kid) ?? -Infinity) > this.timing.now()) return undefined;
    while (this.received <= asked) {
      await this.fetch();
      const key = this.keys.get(kid);
      if (key) return key;
    }
    this.remember(kid);
    return undefined;
  }

  private remember(unpublished: string): void {
    this.unpublished.delete(unpublished);
    this.unpublished.set(unpublished, this.fetchedAt + UNPUBLISHED_MS);
    const [oldest] = this.unpublished.keys();
    if (oldest !== undefined && this.unpublished.size > MAX_UNPUBLISHED) this.unpublished.delete(oldest);
  }

  /** Joins the fetch that is under way or waits for the budget. */
  private fetch(): Promise<void> {
    this.fetching ??= this.fetchOnce().finally(() => (this.fetching = null));
    return this.fetching;
  }

  private async fetchOnce(): Promise<void> {
    const wait = this.budget.take();
    if (wait > 0) await this.timing.delay(wait);
    const beganAt = this.timing.now();
    const number = ++this.begun;
    this.renewAt = beganAt + RENEW_AGAIN_MS;
    this.keys = await this.fetchKeys();
    this.received = number;
    this.fetchedAt = beganAt;
    this.renewAt = beganAt + Math.min(RENEW_AFTER_MS, this.maxAgeMs / 2);
  }
}
