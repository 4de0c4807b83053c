import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { freshId } from '../crypto/fresh-id.js';
import { Clock } from '../common/clock.js';
import { describeError } from '../common/describe-error.js';
import { isId } from '../common/id.js';
import { defaultChannelOf } from '../channel/channels.js';
import { countOutcome, Metrics } from '../common/metrics.js';
import { noteInRequest, requestContext } from '../http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { isForeignKeyViolation } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { type Actor, EventLog } from '../events/event-log.js';
import type { IdentityOfUser } from '../user/identity-rows.js';
import { UserService } from '../user/user.service.js';
import { decideRefresh } from './refresh.js';
import { type RefreshTokenParts, RefreshTokens } from './refresh-token.js';
import { SessionLimit } from './session-limit.js';
import {
  findLiveSessions,
  findSession,
  findSessionsOfIdentity,
  type RefreshedSession,
  rotateSession,
  type SessionOfUser,
  type SessionPosition,
  undoRotation,
} from './session-rows.js';
import { TokenService } from './token.service.js';
import { VerifiedSessions } from './verified-sessions.js';

/** The client that requested a login. */
export interface Device {
  /** The User-Agent header. */
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/** Why a session ended before it expired. */
export type EndReason =
  | 'logout'
  | 'ended_by_user'
  | 'ended_by_operator'
  | 'refresh_token_reused'
  | 'session_key_stale'
  | 'account_disabled'
  | 'revoked'
  | 'consent_withdrawn'
  | 'session_limit';

/** New tokens of a session. Lifetimes in seconds. */
interface IssuedTokens {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly refreshExpiresIn: number;
}

/** The tokens of a login. */
export interface Tokens extends IdentityOfUser, IssuedTokens {}

/** The tokens of a refresh. */
export type RefreshedTokens = IssuedTokens & Pick<RefreshedSession, 'identity'>;

/** Properties of a new session that its login determines. */
export interface NewSession {
  /** UUIDv7 chosen before the session is opened; a fresh one if absent. */
  readonly id?: string | undefined;
  /** Maximum lifetime in seconds; SESSION_TTL if absent or longer than that. */
  readonly lifetime?: number | undefined;
  /**
   * When the person logged in at WeChat (ms), if they have not just now: the hosted pages knew them. Absent
   * for every other login.
   */
  readonly authenticatedAt?: number | undefined;
}

const MAX_DEVICE_LENGTH = 255;
/** Sorts after every id, because ids are hexadecimal. */
const AFTER_ALL_IDS = 'g';

/** Sessions. Only this class opens, refreshes, verifies and ends them. */
@Injectable()
export class SessionService {
  private readonly logger = new Logger(SessionService.name);

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly users: UserService,
    private readonly tokens: TokenService,
    private readonly refreshTokens: RefreshTokens,
    private readonly verified: VerifiedSessions,
    private readonly limit: SessionLimit,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Opens a session for an identity that has just logged in. One transaction in one round trip: the pending
   * writes of the login, the session, its event, and for a person at the limit the end of sessions above
   * MAX_SESSIONS. If logins at the same time pass it, a second batch ends them.
   * @throws AppError ACCOUNT_DISABLED, which is recorded; SESSION_ENDED if the identity was deleted in the
   * meantime
   */
  async start(
    login: IdentityOfUser,
    device: Device,
    pendingWrites: readonly Statement[] = [],
    { id = freshId(), lifetime = Infinity, authenticatedAt }: NewSession = {},
  ): Promise<Tokens> {
    noteInRequest({ userId: login.user.id, appId: login.identity.appId });
    // Checked again: the account may have been disabled since WeChat identified the person.
    await this.users.refuseDisabled(login);
    const now = this.clock.now();
    const session = {
      id,
      generation: 1,
      lastUsedAt: now,
      expiresAt: now + Math.min(lifetime, this.config.ttl.session) * 1000,
    };
    const insert: Statement = {
      sql: `INSERT INTO sessions (id, identity_id, generation, device, ip, created_at, authenticated_at, last_used_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      parameters: [
        session.id,
        login.identity.id,
        session.generation,
        device.userAgent?.slice(0, MAX_DEVICE_LENGTH) ?? null,
        device.ip,
        toSqlTime(now),
        authenticatedAt === undefined ? null : toSqlTime(authenticatedAt),
        toSqlTime(now),
        toSqlTime(session.expiresAt),
      ],
    };
    const event = this.events.entry({
      type: 'login.succeeded',
      userId: login.user.id,
      actor: 'user',
      details: {
        appId: login.identity.appId,
        channel: login.identity.appKind,
        sessionId: session.id,
        ...(authenticatedAt === undefined ? {} : { sso: true }),
      },
    });
    try {
      const before = [...pendingWrites, ...this.users.lastLoginWrites(login, now)];
      const limiting = this.limit.statements(login, session.id, now);
      const matched = await this.database.batch([...before, ...limiting, insert, event]);
      const result = this.limit.readResult(
        login,
        matched.slice(before.length, before.length + limiting.length),
      );
      if (result === 'exceeded') await this.enforceLimit(login, session.id, now);
      if (result !== 'within') this.verified.forgetIdentity(login.identity.id);
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new AppError('SESSION_ENDED');
      throw error;
    }
    this.metrics.login(
      requestContext()?.facts.login ?? defaultChannelOf(login.identity.appKind).label,
      'success',
    );
    return {
      identity: login.identity,
      user: { ...login.user, lastLoginAt: now },
      ...this.issue(login, session, now),
    };
  }

  /**
   * Exchanges a refresh token for new tokens. Safe to retry for 60 s. One round trip, and one more with a condition.
   * @param mayContinue condition for the current token of an active session: if it resolves to false, the session
   * ends; if it throws, the session is unchanged
   * @throws AppError REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, SESSION_ENDED, ACCOUNT_DISABLED
   */
  refresh(
    refreshToken: string,
    mayContinue?: (session: SessionOfUser) => Promise<boolean>,
  ): Promise<RefreshedTokens> {
    return countOutcome(this.exchangeRefreshToken(refreshToken, mayContinue), (outcome) =>
      this.metrics.refresh(outcome),
    );
  }

  private async exchangeRefreshToken(
    refreshToken: string,
    mayContinue?: (session: SessionOfUser) => Promise<boolean>,
  ): Promise<RefreshedTokens> {
    const token = this.refreshTokens.parse(refreshToken);
    if (!token) throw new AppError('REFRESH_TOKEN_INVALID');
    if (mayContinue) await this.endUnless(mayContinue, token);
    const now = this.clock.now();
    const idleSince = this.idleSince(now);
    const { rotated, found } = await rotateSession(this.database, { ...token, now, idleSince });
    // Disabling an account ends its sessions. A login at the same moment may have opened one after that.
    if (rotated && found?.user.status !== 'active') await undoRotation(this.database, token);
    if (found?.session.revokeReason === 'refresh_token_reused') throw new AppError('REFRESH_TOKEN_REUSED');
    const alive = this.requireAlive(found);
    if (rotated) return this.refreshed(alive, now);
    switch (decideRefresh(alive.session, token.generation, now)) {
      case 'rotate':
        // Between the UPDATE and the SELECT, another request undid its rotation, and the account became active.
        throw new AppError('DATABASE_UNAVAILABLE');
      case 'repeat':
        // A retry, or a race that another request with the same token has won: all get the same successor.
        return this.refreshed(alive, now);
      case 'reused':
        await this.revokeReused(alive, token.generation);
        throw new AppError('REFRESH_TOKEN_REUSED');
      case 'unknown':
        throw new AppError('REFRESH_TOKEN_INVALID');
    }
  }

  /** Ends the session of a current refresh token that must not be exchanged. @throws AppError SESSION_ENDED */
  private async endUnless(
    mayContinue: (session: SessionOfUser) => Promise<boolean>,
    token: RefreshTokenParts,
  ): Promise<void> {
    const found = await findSession(this.database, token.sessionId);
    const isCurrent = found !== null && this.isAlive(found) && found.session.generation === token.generation;
    if (!isCurrent || (await mayContinue(this.requireAlive(found)))) return;
    await this.end(token.sessionId, 'session_key_stale');
    throw new AppError('SESSION_ENDED');
  }

  /**
   * The session of an access token whose signature was verified. It may be up to 5 s old, so the database is
   * read at most once in 5 s. For callers that only ask whether the token is valid.
   * @throws AppError SESSION_ENDED, for a disabled account too, because its tokens are worthless
   */
  async verifyRecent(sessionId: string): Promise<SessionOfUser> {
    const found = this.verified.get(sessionId) ?? (await this.read(sessionId));
    if (found?.user.status !== 'active') throw new AppError('SESSION_ENDED');
    return this.requireAlive(found);
  }

  /** As {@link verifyRecent}, if the session was read in the last 5 s and is active. `null` otherwise: ask that one. */
  known(sessionId: string): SessionOfUser | null {
    const found = this.verified.get(sessionId);
    return found !== null && this.isAlive(found) ? this.requireAlive(found) : null;
  }

  /**
   * The session of an access token whose signature was verified, read now, with its current user even right
   * after a merge. For callers that act on it.
   * @throws AppError SESSION_ENDED, ACCOUNT_DISABLED
   */
  async verify(sessionId: string): Promise<SessionOfUser> {
    return this.requireAlive(await this.read(sessionId));
  }

  /**
   * The session of a login that may outlive it: active, or ended only because MAX_SESSIONS was exceeded, which
   * is no act of anybody against the login. It may be up to 5 s old.
   * @throws AppError SESSION_ENDED, ACCOUNT_DISABLED
   */
  async verifyLogin(sessionId: string): Promise<SessionOfUser> {
    const found = this.verified.get(sessionId) ?? (await this.read(sessionId));
    const isEvicted = found?.session.revokeReason === 'session_limit' && found.user.status === 'active';
    return isEvicted ? found : this.requireAlive(found);
  }

  /**
   * The session of a refresh token, if the token is the current one and the session is active. Changes
   * nothing.
   * @returns `null` for any other token
   */
  async ofRefreshToken(refreshToken: string): Promise<SessionOfUser | null> {
    const parts = this.refreshTokens.parse(refreshToken);
    if (!parts) return null;
    const found = await findSession(this.database, parts.sessionId);
    if (found?.session.generation !== parts.generation) return null;
    return this.isAlive(found) ? found : null;
  }

  /** Ends a session and records the event. A session that has ended is left unchanged. */
  async end(sessionId: string, reason: EndReason, actor: Actor = 'user'): Promise<void> {
    const found = await findSession(this.database, sessionId);
    if (found) await this.endFound(found, reason, actor);
  }

  private async endFound({ session, user }: SessionOfUser, reason: EndReason, actor: Actor): Promise<void> {
    if (session.revokedAt !== null) return;
    await this.database.batch([
      this.events.entryOf({
        type: 'session.ended',
        userId: user.id,
        actor,
        details: { sessionId: session.id, reason },
      }),
      this.revocation('id = ?', session.id, reason),
    ]);
    this.verified.forget(session.id);
  }

  /** Ends the session of a refresh token, whatever its generation. @throws AppError REFRESH_TOKEN_INVALID */
  async endByRefreshToken(
    refreshToken: string,
    reason: EndReason = 'logout',
    actor: Actor = 'user',
  ): Promise<void> {
    const parts = this.refreshTokens.parse(refreshToken);
    if (!parts) throw new AppError('REFRESH_TOKEN_INVALID');
    await this.end(parts.sessionId, reason, actor);
  }

  /**
   * Ends all sessions of one identity. Other instances notice within 5 s.
   * @returns the number of sessions that were active
   */
  async endOfIdentity(identityId: string, reason: EndReason): Promise<number> {
    const [ended] = await this.database.batch([this.revocation('identity_id = ?', identityId, reason)]);
    this.verified.forgetIdentity(identityId);
    return ended ?? 0;
  }

  /**
   * Call after an identity and its sessions were deleted: removes them from the 5 s cache of this instance.
   */
  forgetIdentity(identityId: string): void {
    this.verified.forgetIdentity(identityId);
  }

  /**
   * Ends all sessions of a user and records one event.
   * @param except id of a session to keep, if any
   * @returns the number of sessions that were active
   */
  async endOfUser(
    userId: string,
    reason: EndReason,
    actor: Actor,
    except: string | null = null,
  ): Promise<number> {
    const [, ended] = await this.database.batch([
      this.events.entryOf({ type: 'session.ended', userId, actor, details: { all: true, reason, except } }),
      this.endingOfUser(userId, reason, except),
    ]);
    this.verified.forgetUser(userId, except);
    return ended ?? 0;
  }

  /**
   * The UPDATE that ends all sessions of a user, for the transaction that causes it. Call `forgetIdentity`
   * for each identity after the commit.
   */
  endingOfUser(userId: string, reason: EndReason, except: string | null = null): Statement {
    return {
      // MariaDB uses no index for a subquery in an UPDATE. It would read and lock the sessions of all users.
      sql:
        this.database.dialect === 'mysql'
          ? `UPDATE sessions s JOIN wechat_identities i ON i.id = s.identity_id
             SET s.revoked_at = ?, s.revoke_reason = ?
             WHERE i.user_id = ? AND s.revoked_at IS NULL AND s.id <> ?`
          : `UPDATE sessions SET revoked_at = ?, revoke_reason = ?
             WHERE identity_id IN (SELECT id FROM wechat_identities WHERE user_id = ?)
             AND revoked_at IS NULL AND id <> ?`,
      parameters: [toSqlTime(this.clock.now()), reason, userId, except ?? ''],
    };
  }

  /**
   * Ends one session of a user and records the event. A session that has ended is left unchanged.
   * @throws AppError NOT_FOUND if the user has no such session
   */
  async endOneOfUser(userId: string, sessionId: string, reason: EndReason): Promise<void> {
    const found = isId(sessionId) ? await findSession(this.database, sessionId) : null;
    if (found?.user.id !== userId) throw new AppError('NOT_FOUND');
    await this.endFound(found, reason, 'user');
  }

  /**
   * One page of the active sessions of a user, most recently used first. @param after `null` for the first
   * page
   */
  ofUser(userId: string, after: SessionPosition | null, limit: number): Promise<SessionOfUser[]> {
    const now = this.clock.now();
    const idleSince = this.idleSince(now);
    return findLiveSessions(this.database, { userId, now, idleSince, after, limit });
  }

  /**
   * A chunk of the stored sessions of an identity, ended ones included, newest first.
   * @param before id of the last session of the previous chunk; `null` for the first chunk
   */
  ofIdentity(identityId: string, before: string | null, limit: number): Promise<SessionOfUser[]> {
    return findSessionsOfIdentity(this.database, identityId, before ?? AFTER_ALL_IDS, limit);
  }

  /** The session exists already, so a failure refuses nothing; the next login of the identity repeats it. */
  private async enforceLimit(login: IdentityOfUser, sessionId: string, now: number): Promise<void> {
    try {
      await this.database.batch(this.limit.enforcement(login, sessionId, now));
    } catch (error) {
      this.logger.warn({ error: describeError(error), msg: 'MAX_SESSIONS is enforced by the next login' });
    }
  }

  private refreshed(found: RefreshedSession, now: number): RefreshedTokens {
    return { identity: found.identity, ...this.issue(found, found.session, now) };
  }

  private issue(
    { identity, user }: Pick<RefreshedSession, 'identity' | 'user'>,
    session: { id: string; generation: number; lastUsedAt: number; expiresAt: number },
    now: number,
  ): IssuedTokens {
    const { accessToken, expiresIn } = this.tokens.sign(
      { userId: user.id, sessionId: session.id, appId: identity.appId },
      session.expiresAt,
    );
    return {
      accessToken,
      expiresIn,
      refreshToken: this.refreshTokens.issue({ sessionId: session.id, generation: session.generation }),
      refreshExpiresIn: Math.max(0, Math.floor((this.endsAt(session) - now) / 1000)),
    };
  }

  /** When the session ends if it is not used again (ms). */
  endsAt(session: { lastUsedAt: number; expiresAt: number }): number {
    return Math.min(session.expiresAt, session.lastUsedAt + this.config.ttl.sessionIdle * 1000);
  }

  /** Sessions that were not used since then have ended (ms). */
  private idleSince(now: number): number {
    return now - this.config.ttl.sessionIdle * 1000;
  }

  /** When the session ended (ms); `null` if it is active. */
  endedAt(session: RefreshedSession['session']): number | null {
    if (session.revokedAt !== null) return session.revokedAt;
    const endsAt = this.endsAt(session);
    return endsAt <= this.clock.now() ? endsAt : null;
  }

  /** Reads the session and caches it if it is active. */
  private async read(sessionId: string): Promise<SessionOfUser | null> {
    const readAt = this.clock.now();
    const found = await findSession(this.database, sessionId);
    if (found && this.isAlive(found)) this.verified.set(found, readAt);
    return found;
  }

  private requireAlive<Found extends RefreshedSession>(found: Found | null): Found {
    if (found === null) throw new AppError('SESSION_ENDED');
    noteInRequest({ userId: found.user.id, appId: found.identity.appId });
    // Checked first: a new login does not help here. Disabling an account also ends its sessions.
    if (found.user.status !== 'active') throw new AppError('ACCOUNT_DISABLED');
    if (this.isOver(found.session)) throw new AppError('SESSION_ENDED');
    return found;
  }

  private isAlive({ session, user }: RefreshedSession): boolean {
    return user.status === 'active' && !this.isOver(session);
  }

  private isOver(session: RefreshedSession['session']): boolean {
    return this.endedAt(session) !== null;
  }

  private async revokeReused(
    { session, user, identity }: RefreshedSession,
    generation: number,
  ): Promise<void> {
    await this.database.batch([
      this.events.entryOf({
        type: 'session.refresh_token_reused',
        userId: user.id,
        actor: 'system',
        details: {
          sessionId: session.id,
          appId: identity.appId,
          presented: generation,
          current: session.generation,
        },
      }),
      this.revocation('id = ?', session.id, 'refresh_token_reused'),
    ]);
    this.verified.forget(session.id);
  }

  private revocation(where: 'id = ?' | 'identity_id = ?', id: string, reason: EndReason): Statement {
    return {
      sql: `UPDATE sessions SET revoked_at = ?, revoke_reason = ? WHERE ${where} AND revoked_at IS NULL`,
      parameters: [toSqlTime(this.clock.now()), reason, id],
    };
  }
}
