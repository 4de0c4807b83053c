import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import type { IdentityOfUser } from '../user/identity-rows.js';

/** Ended sessions kept per identity, so that an old refresh token can be told apart from a forged one. */
export const MAX_ENDED_SESSIONS = 100;
/**
 * Upper bound of the rows that one login ends or deletes. A table from before the limit existed may hold
 * many.
 */
const MAX_ROWS = 1_000;
/** So many more ended sessions may be kept until a login deletes them. */
const ENDED_SLACK = 20;

/** What a new login means for the limit: too many sessions are left, some have ended, or neither. */
type LimitResult = 'exceeded' | 'ended-some' | 'within';

/**
 * Limits the sessions of an identity: MAX_SESSIONS active ones and the last 100 to 120 ended ones. Each
 * login enforces it, so the cost of reading, ending or deleting a person's sessions does not grow with the number
 * of logins.
 */
@Injectable()
export class SessionLimit {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly config: AppConfig,
  ) {}

  /**
   * Statements for the batch of a new login, after those that lock the identity, so concurrent logins of one
   * identity are serialised. For a person at the limit they enforce it. For everybody else one statement counts;
   * `readResult` says if it was wrong to only count. They come before the INSERT of the session: InnoDB reads
   * entries of an index page that its own transaction has changed from the table, one by one.
   */
  statements(login: IdentityOfUser, newSessionId: string, now: number): Statement[] {
    return this.isBelow(login) ? [this.count(login)] : this.evictionStatements(login, newSessionId, now);
  }

  /** @param matched result of these statements */
  readResult(login: IdentityOfUser, matched: readonly number[]): LimitResult {
    if (this.isBelow(login)) return matched[0] === 0 ? 'within' : 'exceeded';
    const [, ended] = matched;
    return ended === 0 ? 'within' : 'ended-some';
  }

  /** A batch for a login that `readResult` calls exceeded. Its first statement locks the identity. */
  enforcement(login: IdentityOfUser, newSessionId: string, now: number): Statement[] {
    return [this.count(login), ...this.evictionStatements(login, newSessionId, now)];
  }

  /** Ends the sessions above the limit, least recently used first, and deletes old ones. */
  private evictionStatements(
    { identity, user }: IdentityOfUser,
    newSessionId: string,
    now: number,
  ): Statement[] {
    const excess: Statement = {
      sql: `SELECT id FROM sessions WHERE identity_id = ? AND revoked_at IS NULL AND id <> ?
            ORDER BY last_used_at DESC, id DESC LIMIT ${MAX_ROWS} OFFSET ${this.config.maxSessions - 1}`,
      parameters: [identity.id, newSessionId],
    };
    const event = this.events.entryAbout(
      { type: 'session.ended', userId: user.id, actor: 'system' },
      {
        sql: "JSON_OBJECT('reason', 'session_limit', 'appId', ?, 'sessionId', MIN(found.id), 'count', COUNT(*))",
        parameters: [identity.appId],
      },
      excess,
    );
    return [event, this.revocation(excess, now), this.deletion(identity.id)];
  }

  /** Whether the person was below the limit before this login, as far as the login has read. */
  private isBelow({ liveSessions = Infinity }: IdentityOfUser): boolean {
    return liveSessions < this.config.maxSessions;
  }

  /** Changes nothing: it matches the identity's row, which the batch holds, if one more session is too many. */
  private count({ identity }: IdentityOfUser): Statement {
    return {
      sql: `UPDATE wechat_identities SET last_login_at = last_login_at WHERE id = ? AND
            (SELECT SUM(revoked_at IS NULL) >= ? OR SUM(revoked_at IS NOT NULL) > ? FROM sessions WHERE identity_id = ?)`,
      parameters: [identity.id, this.config.maxSessions, MAX_ENDED_SESSIONS + ENDED_SLACK, identity.id],
    };
  }

  private revocation(excess: Statement, now: number): Statement {
    return {
      // MySQL and MariaDB allow a subquery on the table that they update only as a derived table.
      sql:
        this.database.dialect === 'mysql'
          ? `UPDATE sessions s JOIN (${excess.sql}) found ON found.id = s.id
             SET s.revoked_at = ?, s.revoke_reason = 'session_limit'`
          : `UPDATE sessions SET revoked_at = ?, revoke_reason = 'session_limit' WHERE id IN (${excess.sql})`,
      parameters:
        this.database.dialect === 'mysql'
          ? [...excess.parameters, toSqlTime(now)]
          : [toSqlTime(now), ...excess.parameters],
    };
  }

  private deletion(identityId: string): Statement {
    const old = `SELECT id FROM sessions WHERE identity_id = ? AND revoked_at IS NOT NULL
                 ORDER BY revoked_at DESC, id DESC LIMIT ${MAX_ROWS} OFFSET ${MAX_ENDED_SESSIONS}`;
    return {
      sql:
        this.database.dialect === 'mysql'
          ? `DELETE s FROM sessions s JOIN (${old}) old ON old.id = s.id`
          : `DELETE FROM sessions WHERE id IN (${old})`,
      parameters: [identityId],
    };
  }
}
