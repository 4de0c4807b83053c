import type { AppAccessToken } from '../../../shared/api.js';
import { bodyOf } from './replies.js';
import type { ServiceHttp } from './service-http.js';

/** wechat-auth has a new token in the last five minutes of the old one (seconds). */
const MARGIN_S = 300;

interface Cached {
  readonly reply: Promise<AppAccessToken>;
  /** By a clock that does not jump (ms); `Infinity` while the request is under way. */
  until: number;
}

/** Access tokens of WeChat apps, kept until five minutes before they expire. One request for all who wait. */
export class AppAccessTokens {
  private readonly cached = new Map<string, Cached>();

  constructor(private readonly http: ServiceHttp) {}

  /** @param refused a token that WeChat has refused: it is not returned from the cache */
  async get(appId: string, refused?: string): Promise<AppAccessToken> {
    const cached = this.cached.get(appId);
    if (cached && performance.now() < cached.until) {
      const reply = await cached.reply;
      if (reply.accessToken !== refused) return reply;
    }
    return this.fetch(appId, cached);
  }

  private fetch(appId: string, unfit: Cached | undefined): Promise<AppAccessToken> {
    const present = this.cached.get(appId);
    // Another caller has replaced it meanwhile.
    if (present && present !== unfit) return present.reply;
    const entry: Cached = { reply: this.request(appId), until: Infinity };
    this.cached.set(appId, entry);
    entry.reply.then(
      ({ expiresIn }) => (entry.until = performance.now() + (expiresIn - MARGIN_S) * 1_000),
      () => this.cached.get(appId) === entry && this.cached.delete(appId),
    );
    return entry.reply;
  }

  private async request(appId: string): Promise<AppAccessToken> {
    const path = `/v1/wechat/access-tokens/${encodeURIComponent(appId)}`;
    const reply = await this.http.call(path, { method: 'GET', repeatable: true });
    return bodyOf<AppAccessToken>(reply, { accessToken: 'string', expiresAt: 'string', expiresIn: 'number' });
  }
}
