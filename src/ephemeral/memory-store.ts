import type { Clock } from '../common/clock.js';
import { EphemeralStore, type StoreListener } from './ephemeral-store.js';

interface Entry {
  readonly value: string;
  readonly expiresAt: number;
}

const SWEEP_EVERY_MS = 30_000;

/** The store of a single instance. What it holds is gone with the process; all of it is short-lived. */
export class MemoryStore extends EphemeralStore {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Map<string, StoreListener[]>();
  private readonly sweeper: NodeJS.Timeout;

  constructor(private readonly clock: Clock) {
    super();
    this.sweeper = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  get(key: string): Promise<string | null> {
    return Promise.resolve(this.read(key));
  }

  set(key: string, value: string, ttl: number): Promise<void> {
    this.entries.set(key, { value, expiresAt: this.clock.now() + ttl });
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

  take(key: string): Promise<string | null> {
    const value = this.read(key);
    this.entries.delete(key);
    return Promise.resolve(value);
  }

  delete(key: string): Promise<void> {
    this.entries.delete(key);
    return Promise.resolve();
  }

  count(key: string, window: number): Promise<number> {
    const entry = this.entries.get(key);
    const now = this.clock.now();
    const alive = entry !== undefined && entry.expiresAt > now;
    const counted = alive ? Number(entry.value) + 1 : 1;
    this.entries.set(key, { value: String(counted), expiresAt: alive ? entry.expiresAt : now + window });
    return Promise.resolve(counted);
  }

  publish(channel: string, message: string): Promise<void> {
    const listeners = this.listeners.get(channel) ?? [];
    // Not within the call: who publishes is done with its work before others hear of it, as over a network.
    setImmediate(() => listeners.forEach((listener) => listener.heard(message)));
    return Promise.resolve();
  }

  listen(channel: string, listener: StoreListener): void {
    this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), listener]);
  }

  ping(): Promise<void> {
    return Promise.resolve();
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

  private sweep(): void {
    const now = this.clock.now();
    for (const [key, entry] of this.entries) {
      if (entry.expiresAt <= now) this.entries.delete(key);
    }
  }
}
