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

/** An app's credential for the APIs that speak for the app (接口调用凭据). Times in ms. */
export interface AppAccessToken {
  readonly token: string;
  /** From then on WeChat gives a new one while this one still works. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** In its last 5 minutes WeChat gives a new token beside the old one (wechat-api.md section 3.2). */
const OVERLAP_S = 290;
/** Longer than a fetch may take, so that a lock outlives its work and a crashed owner is not waited for long. */
const LOCK_MS = 8_000;
/** WeChat does not force a refresh more often either. */
const FORCE_EVERY_MS = 30_000;
const POLL_MS = 50;

/**
 * One access token per app for all instances: kept sealed in the shared store, fetched by one instance at a time.
 * Several programs that fetch for themselves invalidate each other's; this is the one place that does.
 */
@Injectable()
export class AppAccessTokens {
  constructor(
    private readonly http: WeChatHttp,
    private readonly store: EphemeralStore,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** A token that is good for a while. @throws WeChatError as the fetch does; AppError STORE_UNAVAILABLE */
  get(app: WeChatApp, deadline: Deadline): Promise<AppAccessToken> {
    return this.agree(app, deadline, {
      fits: (stored) => this.clock.now() < stored.refreshAt,
      // Somebody refreshes it, or cannot: the old one works until its end.
      meanwhile: (stored) => this.clock.now() < stored.expiresAt,
      fetch: () => this.fetch(app, false, deadline),
    });
  }

  /**
   * Another token than the one that WeChat just refused. However many callers and instances meet the dead token,
   * one refreshes it: by normal mode, and by force only where that gives the dead token again, once in 30 s.
   * @throws WeChatError
   */
  renew(app: WeChatApp, refused: string, deadline: Deadline): Promise<AppAccessToken> {
    return this.agree(app, deadline, {
      fits: (stored) => stored.token !== refused,
      meanwhile: () => false,
      fetch: async () => {
        const fetched = await this.fetch(app, false, deadline);
        if (fetched.token !== refused) return fetched;
        if (!(await this.store.setIfAbsent(`app-token-forced:${app.appId}`, '1', FORCE_EVERY_MS))) {
          throw new WeChatError('WECHAT_UNAVAILABLE', {
            detail: 'WeChat refuses an access token that it gave less than 30 s ago.',
            retryAfter: FORCE_EVERY_MS / 1000,
          });
        }
        return this.fetch(app, true, deadline);
      },
    });
  }

  private async agree(
    app: WeChatApp,
    deadline: Deadline,
    rule: {
      fits(stored: AppAccessToken): boolean;
      meanwhile(stored: AppAccessToken): boolean;
      fetch(): Promise<AppAccessToken>;
    },
  ): Promise<AppAccessToken> {
    const lock = `app-token-lock:${app.appId}`;
    for (;;) {
      const stored = await this.read(app);
      if (stored && rule.fits(stored)) return stored;
      const owner = freshSecret();
      if (await this.store.setIfAbsent(lock, owner, LOCK_MS)) {
        try {
          const newest = await this.read(app);
          if (newest && rule.fits(newest)) return newest;
          const fetched = await rule.fetch();
          await this.write(app, fetched);
          return fetched;
        } catch (error) {
          if (stored && rule.meanwhile(stored)) return stored;
          throw error;
        } finally {
          // Where the store went away meanwhile, the lock ends by itself.
          const current = await this.store.get(lock).catch(() => null);
          if (current === owner) await this.store.delete(lock).catch(() => undefined);
        }
      }
      if (stored && rule.meanwhile(stored)) return stored;
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
    const freshFor = Math.max(reply.expires_in - OVERLAP_S, reply.expires_in / 2);
    return {
      token: reply.access_token,
      refreshAt: obtainedAt + freshFor * 1000,
      expiresAt: obtainedAt + reply.expires_in * 1000,
    };
  }

  private async read(app: WeChatApp): Promise<AppAccessToken | null> {
    const sealed = await this.store.get(place(app));
    if (sealed === null) return null;
    try {
      return JSON.parse(this.keyRing.open(sealed, place(app))) as AppAccessToken;
    } catch (error) {
      // Sealed by an instance with other keys, as in the middle of a rotation: as good as none.
      if (error instanceof SealError) return null;
      throw error;
    }
  }

  private async write(app: WeChatApp, token: AppAccessToken): Promise<void> {
    const ttl = Math.max(1, Math.floor(token.expiresAt - this.clock.now()));
    await this.store.set(place(app), this.keyRing.seal(JSON.stringify(token), place(app)), ttl);
  }
}

function place(app: WeChatApp): string {
  return `app-access-token:${app.appId}`;
}
