import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { WeChatApp } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { Deadline } from './deadline.js';
import { checkedReply } from './endpoints/reply-fields.js';
import { StableTokenReply, stableToken } from './endpoints/stable-token.js';
import { type Credential, issuedCredential, SharedCredentials } from './shared-credentials.js';
import { WeChatError } from './wechat-error.js';
import { WeChatHttp } from './wechat-http.js';

/** WeChat does not allow forced refreshes more often either. */
const FORCE_INTERVAL_MS = 30_000;

/**
 * An app's access token for the server APIs (接口调用凭据), one for all instances: programs that fetch tokens
 * independently invalidate each other's. In its last 5 minutes WeChat issues a new one beside it
 * (wechat-api.md section 3.2).
 */
@Injectable()
export class AppAccessTokens {
  constructor(
    private readonly http: WeChatHttp,
    private readonly shared: SharedCredentials,
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /** Returns a valid token. @throws WeChatError of the fetch; AppError STORE_UNAVAILABLE */
  get(app: WeChatApp, deadline: Deadline): Promise<Credential> {
    return this.shared.get(storeKey(app), deadline, () => this.fetch(app, false, deadline));
  }

  /**
   * Replaces a token that WeChat has refused. Of all callers and instances with the dead token one refreshes
   * it: in normal mode first, and by force only if that returns the dead token again, at most once in 30 s.
   * @throws WeChatError
   */
  renew(app: WeChatApp, refused: string, deadline: Deadline): Promise<Credential> {
    const fetch = async (): Promise<Credential> => {
      const fetched = await this.fetch(app, false, deadline);
      if (fetched.token !== refused) return fetched;
      if (!(await this.store.setIfAbsent(`app-token-forced:${app.appId}`, '1', FORCE_INTERVAL_MS))) {
        throw new WeChatError('WECHAT_UNAVAILABLE', {
          detail: 'WeChat refuses an access token that it gave less than 30 s ago.',
          retryAfter: FORCE_INTERVAL_MS / 1000,
        });
      }
      return this.fetch(app, true, deadline);
    };
    return this.shared.get(storeKey(app), deadline, fetch, refused);
  }

  private async fetch(app: WeChatApp, force: boolean, deadline: Deadline): Promise<Credential> {
    const obtainedAt = this.clock.now();
    const reply = checkedReply(StableTokenReply, await this.http.call(stableToken(app, force), deadline));
    return issuedCredential(reply.access_token, reply.expires_in, obtainedAt);
  }
}

function storeKey(app: WeChatApp): string {
  return `app-access-token:${app.appId}`;
}
