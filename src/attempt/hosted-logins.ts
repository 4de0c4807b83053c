import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { fingerprint, freshSecret, secretsEqual } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { SessionService } from '../session/session.service.js';
import type { IdentityOfUser } from '../user/identity-rows.js';
import { UserService } from '../user/user.service.js';
import { HostCookie } from './host-cookie.js';

/** Sessions that one hosted login names: its own and the newest others. */
const MAX_SESSIONS = 20;
/** Several tabs may add a session at once. Losing this many races in a row means a fault. */
const MAX_ATTEMPTS = 10;

interface StoredLogin {
  readonly loginAt: number;
  /** First the session of the login itself, then those opened by it, the oldest first. */
  readonly sessionIds: readonly string[];
}

/**
 * The person whom the hosted pages know in a browser: the identity that logged in, and its current user, also
 * after a merge.
 */
export interface HostedLogin extends IdentityOfUser {
  /** Names the login in the store. It is no secret: the cookie cannot be derived from it. */
  readonly key: string;
  /** When the person logged in at WeChat (ms). */
  readonly loginAt: number;
  /** The sessions whose end ends this login. */
  readonly sessionIds: readonly string[];
  /** Secret of the forms that act for this login. Only a page of ours in this browser can have read it. */
  readonly formToken: string;
}

type FoundLogin = Omit<HostedLogin, 'key' | 'formToken'>;

/**
 * Who has logged in on the hosted pages of a browser, for SSO_TTL from the login (docs/decisions/053). A cookie
 * of its own holds a secret that is fresh at each login; the store knows its fingerprint. A login is valid only
 * while all its sessions are: a logout, a revocation, disabling, deletion or unlinking ends it within 5 s.
 * Where the store or the database is unavailable, nobody is known.
 */
@Injectable()
export class HostedLogins {
  private readonly cookie: HostCookie;
  /** Milliseconds; 0: off. */
  private readonly lifetime: number;

  constructor(
    private readonly store: EphemeralStore,
    private readonly sessions: SessionService,
    private readonly users: UserService,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.cookie = new HostCookie(config.publicUrl, 'wechat-auth-login');
    this.lifetime = config.ttl.sso * 1_000;
  }

  /** The person who has logged in in this browser; `null` if nobody has, or if the login has ended. */
  async current(request: FastifyRequest): Promise<HostedLogin | null> {
    const value = this.lifetime === 0 ? null : this.cookie.valueIn(request);
    if (value === null) return null;
    const key = fingerprint(value);
    const found = await this.find(key).catch(nobody);
    return found && { key, formToken: fingerprint(`hosted-login-form:${value}`), ...found };
  }

  /**
   * The person for whom a page of this browser made a form; `null` for any other form.
   * @param formToken that came with the form
   */
  async ofForm(formToken: string, request: FastifyRequest): Promise<HostedLogin | null> {
    const hosted = await this.current(request);
    return hosted && secretsEqual(hosted.formToken, formToken) ? hosted : null;
  }

  /**
   * The person has logged in on a hosted page of this browser. It sets a fresh cookie and forgets the login
   * before it. Never rejects because the store is unavailable: then the browser knows nobody.
   * @param sessionId of the session of this login; the login counts as soon as the session is open
   * @param loginAt when the person logged in at WeChat (ms); now if absent
   */
  async begin(
    { sessionId, loginAt = this.clock.now() }: { readonly sessionId: string; readonly loginAt?: number },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const remaining = this.remaining(loginAt);
    if (remaining <= 0) return;
    const value = freshSecret();
    const stored: StoredLogin = { loginAt, sessionIds: [sessionId] };
    try {
      await this.store.set(storeKey(fingerprint(value)), JSON.stringify(stored), remaining);
      this.cookie.set(reply, value, Math.ceil(remaining / 1_000));
    } catch (error) {
      // The login before it may be another person's.
      this.cookie.clear(reply);
      nobody(error);
    }
    await this.forget(request);
  }

  /**
   * Whether a hosted login has not ended.
   * @throws AppError STORE_UNAVAILABLE
   */
  async isValid(key: string): Promise<boolean> {
    return (await this.find(key)) !== null;
  }

  /**
   * A hosted login has opened a session, whose end ends the login from now on.
   * @param key of the hosted login
   * @returns `false` if the login has ended: then the session must end too
   * @throws AppError STORE_UNAVAILABLE
   */
  async addSession(key: string, sessionId: string): Promise<boolean> {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const stored = await this.store.get(storeKey(key));
      const found = await this.validate(stored);
      if (stored === null || !found) return false;
      const { loginAt } = found;
      const [own, ...others] = found.sessionIds;
      const sessionIds = [own, ...others.slice(2 - MAX_SESSIONS), sessionId];
      const next = JSON.stringify({ loginAt, sessionIds });
      const ttl = Math.max(1, this.remaining(loginAt));
      if (await this.store.replace(storeKey(key), stored, next, ttl)) return true;
    }
    throw new AppError('STORE_UNAVAILABLE');
  }

  /** The browser forgets who has logged in. Sessions stay. Never rejects because the store is unavailable. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.cookie.valueIn(request) === null) return;
    this.cookie.clear(reply);
    await this.forget(request);
  }

  private async find(key: string): Promise<FoundLogin | null> {
    return this.validate(await this.store.get(storeKey(key)));
  }

  private async validate(stored: string | null): Promise<FoundLogin | null> {
    if (stored === null) return null;
    const { loginAt, sessionIds } = JSON.parse(stored) as StoredLogin;
    // SSO_TTL may have been shortened since.
    if (this.remaining(loginAt) <= 0) return null;
    const identityId = await this.identityOf(sessionIds);
    // Read anew, for the current user right after a merge.
    const login = identityId === null ? null : await this.users.findIdentity(identityId);
    return login?.user.status === 'active' ? { ...login, loginAt, sessionIds } : null;
  }

  /** The identity of the first session; `null` if any session has ended. */
  private async identityOf(sessionIds: readonly string[]): Promise<string | null> {
    let identityId: string | null = null;
    try {
      for (const each of sessionIds) {
        const { identity } = await this.sessions.verifyLogin(each);
        identityId ??= identity.id;
      }
      return identityId;
    } catch (error) {
      if (error instanceof AppError && ENDED.includes(error.code)) return null;
      throw error;
    }
  }

  private async forget(request: FastifyRequest): Promise<void> {
    const value = this.cookie.valueIn(request);
    // No browser has its cookie any longer, so an entry that stays is harmless.
    if (value !== null) await this.store.delete(storeKey(fingerprint(value))).catch(nobody);
  }

  /** Milliseconds from now to the end of a login; the clock of the instance that began it may be ahead. */
  private remaining(loginAt: number): number {
    return Math.min(this.lifetime, loginAt + this.lifetime - this.clock.now());
  }
}

const ENDED: readonly string[] = ['SESSION_ENDED', 'ACCOUNT_DISABLED'];

/** Nobody is known while the store or the database is unavailable. Other errors are faults. */
function nobody(error: unknown): null {
  if (error instanceof AppError) return null;
  throw error;
}

function storeKey(key: string): string {
  return `hosted-login:${key}`;
}
