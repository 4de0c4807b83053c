import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import type { IdentityOfUser } from '../user/identity-rows.js';

/** Sessions of an identity that have ended and are kept, so that an old refresh token is told apart from a foreign one. */
export const KEPT_ENDED = 100;
/** Rows that one login ends and deletes at most: a table from before there was a limit may have many. */
const AT_ONCE = 1_000;

/**
 * How many sessions an identity may have: MAX_SESSIONS that are alive, and the last 100 that have ended. Each login
 * sees to it, so that nothing that reads, ends or deletes the sessions of a person grows with how often they came.
 */
@Injectable()
export class SessionLimit {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly config: AppConfig,
  ) {}

  /**
   * Statements that end the sessions which are too many with a new one, those unused for longest first. They stand
   * behind its INSERT, in a batch that has locked the identity: logins of one identity at once take turns there.
   */
  endings({ identity, user }: IdentityOfUser, newSessionId: string, now: number): Statement[] {
    const tooMany: Statement = {
      sql: `SELECT id FROM sessions WHERE identity_id = ? AND revoked_at IS NULL AND id <> ?
            ORDER BY last_used_at DESC, id DESC LIMIT ${AT_ONCE} OFFSET ${this.config.maxSessions - 1}`,
      parameters: [identity.id, newSessionId],
    };
    const event = this.events.entryAbout(
      { type: 'session.ended', userId: user.id, actor: 'system' },
      {
        sql: "JSON_OBJECT('reason', 'session_limit', 'appId', ?, 'sessionId', MIN(found.id), 'count', COUNT(*))",
        parameters: [identity.appId],
      },
      tooMany,
    );
    return [event, this.revocation(tooMany, now), this.forgetting(identity.id)];
  }

  /** Whether a batch that ended with these statements has ended a session. @param matched what the batch returned */
  hasEnded(matched: readonly number[]): boolean {
    return (matched.at(-2) ?? 0) > 0;
  }

  private revocation(tooMany: Statement, now: number): Statement {
    return {
      // MySQL and MariaDB read a subquery of the table that they update only where it is a table of its own.
      sql:
        this.database.dialect === 'mysql'
          ? `UPDATE sessions s JOIN (${tooMany.sql}) found ON found.id = s.id
             SET s.revoked_at = ?, s.revoke_reason = 'session_limit'`
          : `UPDATE sessions SET revoked_at = ?, revoke_reason = 'session_limit' WHERE id IN (${tooMany.sql})`,
      parameters:
        this.database.dialect === 'mysql'
          ? [...tooMany.parameters, toSqlTime(now)]
          : [toSqlTime(now), ...tooMany.parameters],
    };
  }

  private forgetting(identityId: string): Statement {
    const old = `SELECT id FROM sessions WHERE identity_id = ? AND revoked_at IS NOT NULL
                 ORDER BY revoked_at DESC, id DESC LIMIT ${AT_ONCE} OFFSET ${KEPT_ENDED}`;
    return {
      sql:
        this.database.dialect === 'mysql'
          ? `DELETE s FROM sessions s JOIN (${old}) old ON old.id = s.id`
          : `DELETE FROM sessions WHERE id IN (${old})`,
      parameters: [identityId],
    };
  }
}
