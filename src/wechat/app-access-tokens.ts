import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { freshSecret } from '../crypto/secret.js';
import type { WeChatApp } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { Deadline } from './deadline.js';
import { checkedReply } from './endpoints/reply-fields.js';
import { StableTokenReply, stableToken } from './endpoints/stable-token.js';
import { WeChatError } from './wechat-error.js';
import { WeChatHttp } from './wechat-http.js';

/** An app's access token for the server APIs (接口调用凭据). Times in ms. */
export interface AppAccessToken {
  readonly token: string;
  /** From then on WeChat issues a new token while this one stays valid. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/**
 * In the last 5 minutes of a token WeChat issues a new one beside it (wechat-api.md section 3.2). Seconds,
 * with a margin.
 */
const RENEWAL_WINDOW_S = 290;
/**
 * Longer than a fetch may take, so that the lock outlives the fetch. Short enough that a crashed owner does
 * not block others for long.
 */
const LOCK_MS = 8_000;
/** WeChat does not allow forced refreshes more often either. */
const FORCE_INTERVAL_MS = 30_000;
const POLL_MS = 50;

/**
 * One access token per app for all instances: stored encrypted in the shared store, fetched by one instance
 * at a time. Programs that fetch tokens independently invalidate each other's.
 */
@Injectable()
export class AppAccessTokens {
  constructor(
    private readonly http: WeChatHttp,
    private readonly store: EphemeralStore,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** Returns a valid token. @throws WeChatError of the fetch; AppError STORE_UNAVAILABLE */
  get(app: WeChatApp, deadline: Deadline): Promise<AppAccessToken> {
    return this.sharedToken(app, deadline, {
      isAcceptable: (stored) => this.clock.now() < stored.refreshAt,
      // If another instance is refreshing it, or the refresh fails, the old token is used until it expires.
      isUsableMeanwhile: (stored) => this.clock.now() < stored.expiresAt,
      fetch: () => this.fetch(app, false, deadline),
    });
  }

  /**
   * Replaces a token that WeChat has refused. Of all callers and instances with the dead token one refreshes
   * it: in normal mode first, and by force only if that returns the dead token again, at most once in 30 s.
   * @throws WeChatError
   */
  renew(app: WeChatApp, refused: string, deadline: Deadline): Promise<AppAccessToken> {
    return this.sharedToken(app, deadline, {
      isAcceptable: (stored) => stored.token !== refused,
      isUsableMeanwhile: () => false,
      fetch: async () => {
        const fetched = await this.fetch(app, false, deadline);
        if (fetched.token !== refused) return fetched;
        if (!(await this.store.setIfAbsent(`app-token-forced:${app.appId}`, '1', FORCE_INTERVAL_MS))) {
          throw new WeChatError('WECHAT_UNAVAILABLE', {
            detail: 'WeChat refuses an access token that it gave less than 30 s ago.',
            retryAfter: FORCE_INTERVAL_MS / 1000,
          });
        }
        return this.fetch(app, true, deadline);
      },
    });
  }

  private async sharedToken(
    app: WeChatApp,
    deadline: Deadline,
    rule: {
      isAcceptable(stored: AppAccessToken): boolean;
      isUsableMeanwhile(stored: AppAccessToken): boolean;
      fetch(): Promise<AppAccessToken>;
    },
  ): Promise<AppAccessToken> {
    const lock = `app-token-lock:${app.appId}`;
    for (;;) {
      const stored = await this.read(app);
      if (stored && rule.isAcceptable(stored)) return stored;
      const owner = freshSecret();
      if (await this.store.setIfAbsent(lock, owner, LOCK_MS)) {
        try {
          const newest = await this.read(app);
          if (newest && rule.isAcceptable(newest)) return newest;
          const fetched = await rule.fetch();
          await this.write(app, fetched);
          return fetched;
        } catch (error) {
          if (stored && rule.isUsableMeanwhile(stored)) return stored;
          throw error;
        } finally {
          // If the store is unavailable now, the lock expires by itself.
          const current = await this.store.get(lock).catch(() => null);
          if (current === owner) await this.store.delete(lock).catch(() => undefined);
        }
      }
      if (stored && rule.isUsableMeanwhile(stored)) return stored;
      if (!(await deadline.sleep(POLL_MS))) {
        throw new WeChatError('WECHAT_UNAVAILABLE', {
          detail: 'The access token of the app could not be fetched in time.',
        });
      }
    }
  }

  private async fetch(app: WeChatApp, force: boolean, deadline: Deadline): Promise<AppAccessToken> {
    const obtainedAt = this.clock.now();
    const reply = checkedReply(StableTokenReply, await this.http.call(stableToken(app, force), deadline));
    const freshFor = Math.max(reply.expires_in - RENEWAL_WINDOW_S, reply.expires_in / 2);
    return {
      token: reply.access_token,
      refreshAt: obtainedAt + freshFor * 1000,
      expiresAt: obtainedAt + reply.expires_in * 1000,
    };
  }

  private async read(app: WeChatApp): Promise<AppAccessToken | null> {
    const sealed = await this.store.get(storeKey(app));
    if (sealed === null) return null;
    try {
      return JSON.parse(this.keyRing.open(sealed, storeKey(app))) as AppAccessToken;
    } catch (error) {
      // Encrypted by an instance with other keys, as during a key rotation. It counts as missing.
      if (error instanceof SealError) return null;
      throw error;
    }
  }

  private async write(app: WeChatApp, token: AppAccessToken): Promise<void> {
    const ttl = Math.max(1, Math.floor(token.expiresAt - this.clock.now()));
    await this.store.set(storeKey(app), this.keyRing.seal(JSON.stringify(token), storeKey(app)), ttl);
  }
}

function storeKey(app: WeChatApp): string {
  return `app-access-token:${app.appId}`;
}
