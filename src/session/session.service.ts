import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
import { defaultChannelOf } from '../channel/channels.js';
import { counted, Metrics } from '../common/metrics.js';
import { noteInRequest, requestContext } from '../http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { isForeignKeyViolation } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { type Actor, EventLog } from '../events/event-log.js';
import type { IdentityOfUser } from '../user/identity-rows.js';
import { UserService } from '../user/user.service.js';
import { decideRefresh } from './refresh.js';
import { RefreshTokens } from './refresh-token.js';
import { SessionLimit } from './session-limit.js';
import {
  findLiveSessions,
  findSession,
  findSessionsOfIdentity,
  type SessionOfUser,
  type SessionPlace,
} from './session-rows.js';
import { TokenService } from './token.service.js';
import { VerifiedSessions } from './verified-sessions.js';

/** What asked for a login. */
export interface Device {
  /** User agent as sent. */
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/** Why a session ended before its time. */
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

/** Fresh tokens of a session. Lives in seconds. */
export interface Tokens extends IdentityOfUser {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly refreshExpiresIn: number;
}

const MAX_DEVICE_LENGTH = 255;
/** Sorts after every id. */
const AFTER_ALL_IDS = 'g';

/** Sessions: the only place that opens, refreshes, verifies and ends them. */
@Injectable()
export class SessionService {
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
   * Opens a session for an identity whose login just succeeded. One round trip: the session, its event, the end of
   * the sessions that are too many, and the writes that the login still owes stand together or not at all.
   * @throws AppError ACCOUNT_DISABLED, recorded; SESSION_ENDED when the identity was deleted meanwhile
   */
  async start(login: IdentityOfUser, device: Device, owed: readonly Statement[] = []): Promise<Tokens> {
    noteInRequest({ userId: login.user.id, appId: login.identity.appId });
    // Once more: they may have been disabled since WeChat said who it is.
    await this.users.refuseDisabled(login);
    const now = this.clock.now();
    const session = {
      id: uuidv7(),
      generation: 1,
      lastUsedAt: now,
      expiresAt: now + this.config.ttl.session * 1000,
    };
    const insert: Statement = {
      sql: `INSERT INTO sessions (id, identity_id, generation, device, ip, created_at, last_used_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      parameters: [
        session.id,
        login.identity.id,
        session.generation,
        device.userAgent?.slice(0, MAX_DEVICE_LENGTH) ?? null,
        device.ip,
        toSqlTime(now),
        toSqlTime(now),
        toSqlTime(session.expiresAt),
      ],
    };
    const event = this.events.entry({
      type: 'login.succeeded',
      userId: login.user.id,
      actor: 'user',
      details: { appId: login.identity.appId, channel: login.identity.appKind, sessionId: session.id },
    });
    try {
      const matched = await this.database.batch([
        ...owed,
        ...this.users.lastLoginWrites(login, now),
        insert,
        event,
        ...this.limit.endings(login, session.id, now),
      ]);
      if (this.limit.hasEnded(matched)) this.verified.forgetIdentity(login.identity.id);
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new AppError('SESSION_ENDED');
      throw error;
    }
    this.metrics.login(
      requestContext()?.facts.login ?? defaultChannelOf(login.identity.appKind).label,
      'success',
    );
    return this.issue({ ...login, user: { ...login.user, lastLoginAt: now } }, session, now);
  }

  /**
   * New tokens for a refresh token. Safe to repeat for 60 s; two round trips.
   * @param mayGoOn a further condition; the session ends where it is not met, and stays as it is where it throws
   * @throws AppError REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, SESSION_ENDED, ACCOUNT_DISABLED
   */
  refresh(
    refreshToken: string,
    mayGoOn: (session: SessionOfUser) => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<Tokens> {
    return counted(this.renew(refreshToken, mayGoOn), (outcome) => this.metrics.refresh(outcome));
  }

  private async renew(
    refreshToken: string,
    mayGoOn: (session: SessionOfUser) => Promise<boolean>,
  ): Promise<Tokens> {
    const parts = this.refreshTokens.parse(refreshToken);
    if (!parts) throw new AppError('REFRESH_TOKEN_INVALID');
    // A lost race shows another generation when read again; the grace then gives both the same successor.
    for (;;) {
      const found = await findSession(this.database, parts.sessionId);
      if (found?.session.revokeReason === 'refresh_token_reused') throw new AppError('REFRESH_TOKEN_REUSED');
      const alive = this.requireAlive(found);
      const now = this.clock.now();
      switch (decideRefresh(alive.session, parts.generation, now)) {
        case 'rotate':
          if (!(await mayGoOn(alive))) {
            await this.end(parts.sessionId, 'session_key_stale');
            throw new AppError('SESSION_ENDED');
          }
          if (await this.rotate(parts.sessionId, parts.generation, now)) {
            return this.issue(
              alive,
              { ...alive.session, generation: parts.generation + 1, lastUsedAt: now },
              now,
            );
          }
          break;
        case 'repeat':
          return this.issue(alive, alive.session, now);
        case 'reused':
          await this.revokeReused(alive, parts.generation);
          throw new AppError('REFRESH_TOKEN_REUSED');
        case 'unknown':
          throw new AppError('REFRESH_TOKEN_INVALID');
      }
    }
  }

  /**
   * The session behind an access token that was verified already, as it was within the last 5 s: costs the database
   * at most one read in that time. For who only wants to know whether the token is good.
   * @throws AppError SESSION_ENDED, for a disabled account too: its tokens are good for nothing
   */
  async verifyRecent(sessionId: string): Promise<SessionOfUser> {
    const found = this.verified.get(sessionId) ?? (await this.read(sessionId));
    if (found?.user.status !== 'active') throw new AppError('SESSION_ENDED');
    return this.requireAlive(found);
  }

  /**
   * The session behind an access token that was verified already, and whose it is now, also when a merge has just
   * moved it: for who acts on it.
   * @throws AppError SESSION_ENDED, ACCOUNT_DISABLED
   */
  async verify(sessionId: string): Promise<SessionOfUser> {
    return this.requireAlive(await this.read(sessionId));
  }

  /**
   * The session of a refresh token, if it is the session's current one and the session is alive. Changes nothing.
   * @returns `null` for any other token
   */
  async ofRefreshToken(refreshToken: string): Promise<SessionOfUser | null> {
    const parts = this.refreshTokens.parse(refreshToken);
    if (!parts) return null;
    const found = await findSession(this.database, parts.sessionId);
    if (found?.session.generation !== parts.generation) return null;
    return this.isAlive(found) ? found : null;
  }

  /** Ends a session, with its event; one that has ended already stays as it is. */
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

  /** Ends the session of a refresh token, whichever of its tokens it is. @throws AppError REFRESH_TOKEN_INVALID */
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
   * Ends all sessions that came in by one identity. Other instances notice within 5 s.
   * @returns how many were alive
   */
  async endOfIdentity(identityId: string, reason: EndReason): Promise<number> {
    const [ended] = await this.database.batch([this.revocation('identity_id = ?', identityId, reason)]);
    this.verified.forgetIdentity(identityId);
    return ended ?? 0;
  }

  /** Says that an identity is deleted, its sessions with it: this instance then does not remember them for 5 s. */
  forgetIdentity(identityId: string): void {
    this.verified.forgetIdentity(identityId);
  }

  /**
   * Ends all sessions of a user, with one event.
   * @param except the session that stays, if any
   * @returns how many were alive
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
   * The UPDATE that ends all sessions of a user, to stand in the same transaction as what it follows from. After the
   * commit, call `forgetIdentity` for each identity.
   */
  endingOfUser(userId: string, reason: EndReason, except: string | null = null): Statement {
    return {
      // MariaDB takes no index for a subquery of an UPDATE: it would read, and lock, all sessions of everybody.
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
   * Ends one session of a user, with its event; one that has ended already stays as it is.
   * @throws AppError NOT_FOUND where the user has no such session
   */
  async endOneOfUser(userId: string, sessionId: string, reason: EndReason): Promise<void> {
    const found = isId(sessionId) ? await findSession(this.database, sessionId) : null;
    if (found?.user.id !== userId) throw new AppError('NOT_FOUND');
    await this.endFound(found, reason, 'user');
  }

  /** One page of the sessions of a user that are alive, the last used first. @param after `null` for the first page */
  ofUser(userId: string, after: SessionPlace | null, limit: number): Promise<SessionOfUser[]> {
    const now = this.clock.now();
    const idleSince = now - this.config.ttl.sessionIdle * 1000;
    return findLiveSessions(this.database, { userId, now, idleSince, after, limit });
  }

  /**
   * A chunk of the sessions of an identity that are kept, also those that have ended, the newest first.
   * @param before id of the last one of the chunk before; `null` for the first
   */
  ofIdentity(identityId: string, before: string | null, limit: number): Promise<SessionOfUser[]> {
    return findSessionsOfIdentity(this.database, identityId, before ?? AFTER_ALL_IDS, limit);
  }

  private issue(
    login: IdentityOfUser,
    session: { id: string; generation: number; lastUsedAt: number; expiresAt: number },
    now: number,
  ): Tokens {
    const { accessToken, expiresIn } = this.tokens.sign(
      { userId: login.user.id, sessionId: session.id, appId: login.identity.appId },
      session.expiresAt,
    );
    return {
      identity: login.identity,
      user: login.user,
      accessToken,
      expiresIn,
      refreshToken: this.refreshTokens.issue({ sessionId: session.id, generation: session.generation }),
      refreshExpiresIn: Math.max(0, Math.floor((this.endsAt(session) - now) / 1000)),
    };
  }

  /** When the session ends if nobody uses it any more (ms). */
  endsAt(session: { lastUsedAt: number; expiresAt: number }): number {
    return Math.min(session.expiresAt, session.lastUsedAt + this.config.ttl.sessionIdle * 1000);
  }

  /** When the session ended (ms); `null` for one that has not. */
  endedAt(session: SessionOfUser['session']): number | null {
    if (session.revokedAt !== null) return session.revokedAt;
    const endsAt = this.endsAt(session);
    return endsAt <= this.clock.now() ? endsAt : null;
  }

  /** Remembers what it finds, if it is alive. */
  private async read(sessionId: string): Promise<SessionOfUser | null> {
    const readAt = this.clock.now();
    const found = await findSession(this.database, sessionId);
    if (found && this.isAlive(found)) this.verified.set(found, readAt);
    return found;
  }

  private requireAlive(found: SessionOfUser | null): SessionOfUser {
    if (found === null) throw new AppError('SESSION_ENDED');
    noteInRequest({ userId: found.user.id, appId: found.identity.appId });
    // First what cannot be helped by a login: disabling an account ends its sessions, too.
    if (found.user.status !== 'active') throw new AppError('ACCOUNT_DISABLED');
    if (this.isOver(found.session)) throw new AppError('SESSION_ENDED');
    return found;
  }

  private isAlive({ session, user }: SessionOfUser): boolean {
    return user.status === 'active' && !this.isOver(session);
  }

  private isOver(session: SessionOfUser['session']): boolean {
    return this.endedAt(session) !== null;
  }

  /** The one conditional UPDATE. @returns whether this call won */
  private async rotate(sessionId: string, generation: number, now: number): Promise<boolean> {
    const [matched] = await this.database.batch([
      {
        sql: `UPDATE sessions SET generation = generation + 1, rotated_at = ?, last_used_at = ?
              WHERE id = ? AND generation = ? AND revoked_at IS NULL`,
        parameters: [toSqlTime(now), toSqlTime(now), sessionId, generation],
      },
    ]);
    return matched === 1;
  }

  private async revokeReused({ session, user, identity }: SessionOfUser, generation: number): Promise<void> {
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
