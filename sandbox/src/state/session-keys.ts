import type { SandboxClock } from './clock.js';
import { newSessionKey } from './ids.js';

interface Entry {
  key: string;
  /** When the key was made, ms. */
  since: number;
  /** Replaced keys, newest first: for explaining why a signature or ciphertext no longer fits. */
  dead: string[];
}

const MOST_DEAD = 20;

/** The session_key of each person at each mini program: at most one is alive (section 1.1). */
export class SessionKeys {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: SandboxClock) {}

  /** What wx.login does: a new key, unless the present one is younger than `minIntervalSeconds`. */
  login(personId: string, appId: string, minIntervalSeconds: number): void {
    const entry = this.entries.get(place(personId, appId));
    if (entry && this.clock.now() - entry.since < minIntervalSeconds * 1000) return;
    this.replace(personId, appId);
  }

  /** Puts a new key in the place of the present one, which is dead from now on. */
  replace(personId: string, appId: string): string {
    return this.put(personId, appId, this.clock.now());
  }

  /** Puts this key in the place of the present one, as `replace` does with a new one. */
  set(personId: string, appId: string, key: string): void {
    this.put(personId, appId, this.clock.now(), key);
  }

  /** A new key that is as old as the one that it replaces: a reset does not renew its life (section 1.3). */
  renew(personId: string, appId: string): string {
    const since = this.entries.get(place(personId, appId))?.since ?? this.clock.now();
    return this.put(personId, appId, since);
  }

  /** The living key. There is one from the first wx.login on. */
  current(personId: string, appId: string): string | undefined {
    return this.entries.get(place(personId, appId))?.key;
  }

  /** The replaced keys, newest first. */
  dead(personId: string, appId: string): readonly string[] {
    return this.entries.get(place(personId, appId))?.dead ?? [];
  }

  reset(): void {
    this.entries.clear();
  }

  private put(personId: string, appId: string, since: number, key = newSessionKey()): string {
    const previous = this.entries.get(place(personId, appId));
    const dead = previous ? [previous.key, ...previous.dead].slice(0, MOST_DEAD) : [];
    this.entries.set(place(personId, appId), { key, since, dead });
    return key;
  }
}

function place(personId: string, appId: string): string {
  return `${personId} ${appId}`;
}
