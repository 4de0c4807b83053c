import { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import { optionsInvalid } from '../options.js';
import { ServiceHttp, type ServiceOptions } from '../service/service-http.js';
import type { Claims } from '../verify/claims.js';

/** Whether wechat-auth is asked about the session of each request. */
export type Online =
  | boolean
  | {
      /** How long an answer is used again (seconds, at most 5). Default 0. */
      readonly cache?: number;
    };

/** With the 5 s of wechat-auth itself a logout takes effect within 10 s at the latest. */
const MAX_CACHE_S = 5;
const MAX_CACHED = 10_000;
/** All that GET /v1/auth/verify says about a token. Anything else is a fault of the set-up or of the network. */
const REFUSALS = new Set(['TOKEN_MISSING', 'TOKEN_INVALID', 'SESSION_ENDED', 'ACCOUNT_DISABLED']);

/** Asks GET /v1/auth/verify whether the session of a token is alive. That needs no key. */
export class OnlineCheck {
  private readonly http: ServiceHttp;
  private readonly cacheMs: number;
  /** By `jti`. */
  private readonly answers = new Map<string, { readonly sub: string; readonly until: number }>();

  /** @throws AuthError OPTIONS_INVALID */
  constructor(online: Exclude<Online, false>, service: ServiceOptions) {
    const { cache = 0 } = online === true ? {} : online;
    if (!(cache >= 0 && cache <= MAX_CACHE_S))
      throw optionsInvalid(`online.cache must be 0 to ${MAX_CACHE_S}`);
    this.cacheMs = cache * 1_000;
    this.http = new ServiceHttp({ timeoutMs: 3_000, retries: 1, deadlineMs: 5_000, ...service });
  }

  /**
   * @param claims of the token, whose signature was verified
   * @returns the claims; after a merge `sub` is the surviving user
   * @throws AuthError SESSION_ENDED, ACCOUNT_DISABLED, TOKEN_INVALID; others if it cannot be asked
   */
  async check(token: string, claims: Claims): Promise<Claims> {
    const known = this.answers.get(claims.jti);
    if (known && performance.now() < known.until) return { ...claims, sub: known.sub };
    const askedAt = performance.now();
    const sub = await this.ask(token);
    if (this.cacheMs > 0) this.remember(claims.jti, { sub, until: askedAt + this.cacheMs });
    return { ...claims, sub };
  }

  private async ask(token: string): Promise<string> {
    try {
      const { status, headers } = await this.http.call('/v1/auth/verify', {
        method: 'GET',
        headers: { authorization: `Bearer ${token}` },
        repeatable: true,
      });
      const sub = headers.get('x-auth-user-id');
      if (sub) return sub;
      throw failure('SERVICE_BAD_REPLY', {
        status,
        detail: 'Not wechat-auth has answered. Check baseUrl.',
      });
    } catch (error) {
      if (!(error instanceof AuthError) || REFUSALS.has(error.code)) throw error;
      const { code, requestId, retryable, retryAfter, reason } = error;
      // A status of the service is not one for the client of this service.
      throw new AuthError(code, {
        status: 503,
        requestId,
        retryable,
        retryAfter,
        reason,
        detail: 'wechat-auth cannot be asked about the session.',
      });
    }
  }

  private remember(jti: string, answer: { readonly sub: string; readonly until: number }): void {
    this.answers.delete(jti);
    this.answers.set(jti, answer);
    const [oldest] = this.answers.keys();
    if (oldest !== undefined && this.answers.size > MAX_CACHED) this.answers.delete(oldest);
  }
}
