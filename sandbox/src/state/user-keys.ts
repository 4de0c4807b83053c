import { randomBytes } from 'node:crypto';
import type { SandboxClock } from './clock.js';

/** An encryption key of a person at a mini program (section 13.6). */
export interface UserKey {
  /** base64 of 16 bytes. */
  encryptKey: string;
  /** 16 hexadecimal characters. */
  iv: string;
  /** Counts from 1. */
  version: number;
  /** When it was made, ms. */
  createdAt: number;
}

/** How long a key is the latest, seconds. */
export const USER_KEY_SECONDS = 3600;
const MOST_KEYS = 3;

/** The last three encryption keys of each person at each mini program, one an hour in which somebody asks. */
export class UserKeys {
  private readonly byPlace = new Map<string, UserKey[]>();

  constructor(private readonly clock: SandboxClock) {}

  /** The keys, the newest first. The first of them is valid: it is made if the one before has ended. */
  of(personId: string, appId: string): readonly UserKey[] {
    const place = `${personId} ${appId}`;
    const keys = this.byPlace.get(place) ?? [];
    const [latest] = keys;
    if (latest && this.secondsLeft(latest) > 0) return keys;
    const key = {
      encryptKey: randomBytes(16).toString('base64'),
      iv: randomBytes(8).toString('hex'),
      version: (latest?.version ?? 0) + 1,
      createdAt: this.clock.now(),
    };
    const renewed = [key, ...keys].slice(0, MOST_KEYS);
    this.byPlace.set(place, renewed);
    return renewed;
  }

  /** What is left of the life of a key, in whole seconds; 0 after its end. */
  secondsLeft({ createdAt }: UserKey): number {
    return Math.max(0, Math.ceil((createdAt - this.clock.now()) / 1000) + USER_KEY_SECONDS);
  }

  reset(): void {
    this.byPlace.clear();
  }
}
