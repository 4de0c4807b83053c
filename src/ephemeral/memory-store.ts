import { AppError } from '../common/app-error.js';
import type { Clock } from '../common/clock.js';
import { EphemeralStore, type StoreListener } from './ephemeral-store.js';
import { type Expiring, ExpiryQueue } from './expiry-queue.js';

interface Entry extends Expiring {
  readonly key: string;
  value: string;
  /** What the entry is taken to cost. */
  bytes: number;
}

/** How much the store holds at most. */
export interface MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

const LIMITS: MemoryLimits = { entries: 1_000_000, bytes: 256 * 2 ** 20 };
/** The share of the limits that `begin` may fill. The rest is for marks, loginCodes and steps of what has begun. */
const SHARE_OF_BEGINNERS = 0.5;
/** The entry, its strings, its places in map and queue (measured on Node 20: 190 to 230). */
const ENTRY_BYTES = 230;

const SWEEP_EVERY_MS = 1_000;
/** So many entries are removed without a pause: about a millisecond. */
const SWEEP_CHUNK = 2_000;
/** Each write removes more than it adds, so what is over cannot pile up between two sweeps. */
const REMOVED_BY_A_WRITE = 2;

const PROBE_KEY = 'probe';
/** As long as what a login writes. */
const PROBE = 'x'.repeat(500);
const PROBE_MS = 1_000;

/**
 * The store of a single instance. What it holds is gone with the process; all of it is short-lived. It is bounded:
 * what does not fit is refused with STORE_UNAVAILABLE, and nothing is ever evicted before its time.
 */
export class MemoryStore extends EphemeralStore {
  private readonly entries = new Map<string, Entry>();
  private readonly expiries = new ExpiryQueue<Entry>();
  private readonly listeners = new Map<string, StoreListener[]>();
  private readonly sweeper: NodeJS.Timeout;
  private bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: MemoryLimits = LIMITS,
  ) {
    super();
    this.sweeper = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  async get(key: string): Promise<string | null> {
    return Promise.resolve(this.read(key));
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    this.write(key, value, this.clock.now() + ttl, 1);
    return Promise.resolve();
  }

  async begin(key: string, value: string, ttl: number): Promise<void> {
    this.write(key, value, this.clock.now() + ttl, SHARE_OF_BEGINNERS);
    return Promise.resolve();
  }

  async setIfAbsent(key: string, value: string, ttl: number): Promise<boolean> {
    if (this.read(key) !== null) return false;
    await this.set(key, value, ttl);
    return true;
  }

  async replace(key: string, expected: string, value: string, ttl: number): Promise<boolean> {
    if (this.read(key) !== expected) return false;
    await this.set(key, value, ttl);
    return true;
  }

  async take(key: string): Promise<string | null> {
    const value = this.read(key);
    this.remove(this.entries.get(key));
    return Promise.resolve(value);
  }

  async delete(key: string): Promise<void> {
    this.remove(this.entries.get(key));
    return Promise.resolve();
  }

  async count(key: string, window: number): Promise<number> {
    const counted = Number(this.read(key) ?? 0) + 1;
    const expiresAt = counted > 1 ? this.entries.get(key)?.expiresAt : undefined;
    this.write(key, String(counted), expiresAt ?? this.clock.now() + window, 1);
    return Promise.resolve(counted);
  }

  async publish(channel: string, message: string): Promise<void> {
    const listeners = this.listeners.get(channel) ?? [];
    // Not within the call: who publishes is done with its work before others hear of it, as over a network.
    setImmediate(() => listeners.forEach((listener) => listener.heard(message)));
    return Promise.resolve();
  }

  listen(channel: string, listener: StoreListener): void {
    this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), listener]);
  }

  async ping(): Promise<void> {
    await this.set(PROBE_KEY, PROBE, PROBE_MS);
    // Gone again, so that the next one needs room of its own, too.
    await this.delete(PROBE_KEY);
  }

  close(): Promise<void> {
    clearInterval(this.sweeper);
    this.listeners.clear();
    return Promise.resolve();
  }

  private read(key: string): string | null {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt > this.clock.now() ? entry.value : null;
  }

  /**
   * @param share of the limits that may be used up
   * @throws AppError STORE_UNAVAILABLE where there is no room, and then nothing has changed
   */
  private write(key: string, value: string, expiresAt: number, share: number): void {
    this.removeExpired(REMOVED_BY_A_WRITE);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + ENTRY_BYTES;
    if (!this.fits(key, bytes, share)) {
      this.removeExpired(Infinity);
      if (!this.fits(key, bytes, share))
        throw new AppError('STORE_UNAVAILABLE', { detail: 'The store is full.' });
    }
    const entry = this.entries.get(key);
    if (entry) {
      this.bytes += bytes - entry.bytes;
      Object.assign(entry, { value, expiresAt, bytes });
      this.expiries.restore(entry);
    } else {
      const added: Entry = { key, value, expiresAt, bytes, place: -1 };
      this.bytes += bytes;
      this.entries.set(key, added);
      this.expiries.add(added);
    }
  }

  private fits(key: string, bytes: number, share: number): boolean {
    const entry = this.entries.get(key);
    const entries = this.entries.size + (entry ? 0 : 1);
    const total = this.bytes + bytes - (entry?.bytes ?? 0);
    return entries <= this.limits.entries * share && total <= this.limits.bytes * share;
  }

  private remove(entry: Entry | undefined): void {
    if (!entry) return;
    this.bytes -= entry.bytes;
    this.entries.delete(entry.key);
    this.expiries.remove(entry);
  }

  /** @returns whether there may be more */
  private removeExpired(atMost: number): boolean {
    const now = this.clock.now();
    for (let removed = 0; removed < atMost; removed++) {
      const first = this.expiries.first();
      if (!first || first.expiresAt > now) return false;
      this.remove(first);
    }
    return true;
  }

  /** In chunks, with the event loop's turn between two. */
  private sweep(): void {
    if (this.removeExpired(SWEEP_CHUNK)) setImmediate(() => this.sweep());
  }
}
