import { AppError } from '../common/app-error.js';
import type { Clock } from '../common/clock.js';
import { EphemeralStore, type StoreListener } from './ephemeral-store.js';
import { type Expiring, ExpiryQueue } from './expiry-queue.js';

interface Entry extends Expiring {
  readonly key: string;
  value: string;
  /** Estimated memory of the entry. */
  bytes: number;
}

/** Upper limits of the store. */
export interface MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

const LIMITS: MemoryLimits = { entries: 1_000_000, bytes: 256 * 2 ** 20 };
/**
 * The share of the limits that `begin` may fill. The rest is for marks, login codes and steps of flows that
 * have begun.
 */
const BEGIN_SHARE = 0.5;
/**
 * Memory of an entry besides its key and value: strings, map and queue slots (measured on Node 20: 190 to 230
 * bytes).
 */
const ENTRY_OVERHEAD_BYTES = 230;

const SWEEP_EVERY_MS = 1_000;
/** Number of entries that are removed in one go, which takes about a millisecond. */
const SWEEP_CHUNK = 2_000;
/** Each write removes more expired entries than it adds, so they cannot pile up between two sweeps. */
const REMOVED_PER_WRITE = 2;

const PROBE_KEY = 'probe';
/** As long as the entries of a login. */
const PROBE_VALUE = 'x'.repeat(500);
const PROBE_MS = 1_000;

/**
 * The store of a single instance. Its content is lost with the process. It is bounded: an entry that does not
 * fit is refused with STORE_UNAVAILABLE, and nothing is evicted before it expires.
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
    this.write(key, value, this.clock.now() + ttl, BEGIN_SHARE);
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
    // Asynchronous, as over a network: the publisher continues before the listeners run.
    setImmediate(() => listeners.forEach((listener) => listener.onMessage(message)));
    return Promise.resolve();
  }

  listen(channel: string, listener: StoreListener): void {
    this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), listener]);
  }

  async ping(): Promise<void> {
    await this.set(PROBE_KEY, PROBE_VALUE, PROBE_MS);
    // Deleted, so that the next probe needs free room again.
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
   * @param share share of the limits that may be used
   * @throws AppError STORE_UNAVAILABLE if there is no room; nothing has changed then
   */
  private write(key: string, value: string, expiresAt: number, share: number): void {
    this.removeExpired(REMOVED_PER_WRITE);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + ENTRY_OVERHEAD_BYTES;
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
      const added: Entry = { key, value, expiresAt, bytes, heapIndex: -1 };
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

  /** @returns whether more may have expired */
  private removeExpired(atMost: number): boolean {
    const now = this.clock.now();
    for (let removed = 0; removed < atMost; removed++) {
      const first = this.expiries.first();
      if (!first || first.expiresAt > now) return false;
      this.remove(first);
    }
    return true;
  }

  /** Removes expired entries in chunks and yields to the event loop in between. */
  private sweep(): void {
    if (this.removeExpired(SWEEP_CHUNK)) setImmediate(() => this.sweep());
  }
}
