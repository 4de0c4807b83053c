import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { freshSecret } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { Deadline } from './deadline.js';
import { WeChatError } from './wechat-error.js';

/** What WeChat issues to an app for some hours: its access token, or a ticket. Times in ms. */
export interface Credential {
  readonly token: string;
  /** From then on another one is fetched while this one stays valid. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** Another credential is fetched in the last 5 minutes. Seconds, with a margin. */
const RENEWAL_WINDOW_S = 290;
/**
 * Longer than a fetch may take, so that the lock outlives the fetch. Short enough that a crashed owner does
 * not block others for long.
 */
const LOCK_MS = 8_000;
const POLL_MS = 50;

/**
 * @param expiresIn remaining seconds, as WeChat says
 * @param obtainedAt when the call to WeChat began (ms)
 */
export function issuedCredential(token: string, expiresIn: number, obtainedAt: number): Credential {
  const freshFor = Math.max(expiresIn - RENEWAL_WINDOW_S, expiresIn / 2);
  return { token, refreshAt: obtainedAt + freshFor * 1000, expiresAt: obtainedAt + expiresIn * 1000 };
}

/**
 * One credential of a name for all instances: stored encrypted in the shared store, fetched by one instance at
 * a time. If another instance is fetching, or the fetch fails, the old one is used until it expires.
 */
@Injectable()
export class SharedCredentials {
  constructor(
    private readonly store: EphemeralStore,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns a valid credential.
   * @param name its key in the store
   * @param refused one that WeChat has refused: neither it is returned, nor an old one used meanwhile
   * @throws WeChatError of the fetch; AppError STORE_UNAVAILABLE
   */
  async get(
    name: string,
    deadline: Deadline,
    fetch: () => Promise<Credential>,
    refused: string | null = null,
  ): Promise<Credential> {
    const isAcceptable = (stored: Credential): boolean =>
      refused === null ? this.clock.now() < stored.refreshAt : stored.token !== refused;
    const isUsableMeanwhile = (stored: Credential): boolean =>
      refused === null && this.clock.now() < stored.expiresAt;
    const lock = `lock:${name}`;
    for (;;) {
      const stored = await this.read(name);
      if (stored && isAcceptable(stored)) return stored;
      const owner = freshSecret();
      if (await this.store.setIfAbsent(lock, owner, LOCK_MS)) {
        try {
          const newest = await this.read(name);
          if (newest && isAcceptable(newest)) return newest;
          const fetched = await fetch();
          await this.write(name, fetched);
          return fetched;
        } catch (error) {
          if (stored && isUsableMeanwhile(stored)) return stored;
          throw error;
        } finally {
          // If the store is unavailable now, the lock expires by itself.
          const current = await this.store.get(lock).catch(() => null);
          if (current === owner) await this.store.delete(lock).catch(() => undefined);
        }
      }
      if (stored && isUsableMeanwhile(stored)) return stored;
      if (!(await deadline.sleep(POLL_MS))) {
        throw new WeChatError('WECHAT_UNAVAILABLE', {
          detail: 'The access token or ticket of the app could not be fetched in time.',
        });
      }
    }
  }

  private async read(name: string): Promise<Credential | null> {
    const sealed = await this.store.get(name);
    if (sealed === null) return null;
    try {
      return JSON.parse(this.keyRing.open(sealed, name)) as Credential;
    } catch (error) {
      // Encrypted by an instance with other keys, as during a key rotation. It counts as missing.
      if (error instanceof SealError) return null;
      throw error;
    }
  }

  private async write(name: string, credential: Credential): Promise<void> {
    const ttl = Math.max(1, Math.floor(credential.expiresAt - this.clock.now()));
    await this.store.set(name, this.keyRing.seal(JSON.stringify(credential), name), ttl);
  }
}
