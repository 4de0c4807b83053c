import type { Database } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import {
  IDENTITY_COLUMNS,
  type IdentityOfUser,
  type IdentityRow,
  toIdentityOfUser,
} from '../user/identity-rows.js';

/** A session with its identity and user. Times in ms. */
export interface SessionOfUser extends IdentityOfUser {
  readonly session: {
    readonly id: string;
    readonly generation: number;
    /** User agent as it was sent. */
    readonly device: string | null;
    readonly ip: string | null;
    readonly createdAt: number;
    readonly rotatedAt: number | null;
    readonly lastUsedAt: number;
    readonly expiresAt: number;
    readonly revokedAt: number | null;
    readonly revokeReason: string | null;
  };
}

interface SessionRow extends IdentityRow {
  session_id: string;
  generation: number;
  device: string | null;
  ip: string | null;
  session_created_at: SqlTime;
  rotated_at: SqlTime | null;
  last_used_at: SqlTime;
  expires_at: SqlTime;
  revoked_at: SqlTime | null;
  revoke_reason: string | null;
}

const COLUMNS = `s.id AS session_id, s.generation, s.device, s.ip, s.created_at AS session_created_at,
  s.rotated_at, s.last_used_at, s.expires_at, s.revoked_at, s.revoke_reason, ${IDENTITY_COLUMNS}`;
const JOINED = 'JOIN wechat_identities i ON i.id = s.identity_id JOIN users u ON u.id = i.user_id';
const SELECT = `SELECT ${COLUMNS} FROM sessions s ${JOINED}`;

/** A session in one round trip; `null` where there is none. */
export async function findSession(database: Database, sessionId: string): Promise<SessionOfUser | null> {
  const [row] = await database.select<SessionRow>(`${SELECT} WHERE s.id = ?`, [sessionId]);
  return row ? toSessionOfUser(row) : null;
}

/** A place in the list of a user's sessions, which begins with the last used. */
export interface SessionPlace {
  /** ms */
  readonly lastUsedAt: number;
  readonly id: string;
}

/** Which of the live sessions of a user are wanted. Times in ms. */
export interface LiveSessions {
  readonly userId: string;
  readonly now: number;
  /** Unused since then, a session has ended. */
  readonly idleSince: number;
  /** Only those behind this place; `null` for the first page. */
  readonly after: SessionPlace | null;
  readonly limit: number;
}

/**
 * Sessions of a user that are alive, the last used first. Reads those that were not revoked: MAX_SESSIONS of each
 * identity, however many have ended.
 */
export async function findLiveSessions(
  database: Database,
  { userId, now, idleSince, after, limit }: LiveSessions,
): Promise<SessionOfUser[]> {
  const behind = after === null ? '' : 'AND (s.last_used_at < ? OR (s.last_used_at = ? AND s.id < ?))';
  const rows = await database.select<SessionRow>(
    `${SELECT} WHERE i.user_id = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.last_used_at > ? ${behind}
     ORDER BY s.last_used_at DESC, s.id DESC LIMIT ?`,
    [userId, toSqlTime(now), toSqlTime(idleSince), ...(after === null ? [] : placeParameters(after)), limit],
  );
  return rows.map(toSessionOfUser);
}

/** A chunk of the sessions of one identity, also those that have ended, the newest first. @param before an id */
export async function findSessionsOfIdentity(
  database: Database,
  identityId: string,
  before: string,
  limit: number,
): Promise<SessionOfUser[]> {
  const rows = await database.select<SessionRow>(
    `SELECT ${COLUMNS} FROM sessions s ${database.by('ix_sessions_identity_revoked')} ${JOINED}
     WHERE s.identity_id = ? AND s.id < ? ORDER BY s.id DESC LIMIT ?`,
    [identityId, before, limit],
  );
  return rows.map(toSessionOfUser);
}

function placeParameters({ lastUsedAt, id }: SessionPlace): string[] {
  const at = toSqlTime(lastUsedAt);
  return [at, at, id];
}

function toSessionOfUser(row: SessionRow): SessionOfUser {
  return {
    ...toIdentityOfUser(row),
    session: {
      id: row.session_id,
      generation: row.generation,
      device: row.device,
      ip: row.ip,
      createdAt: fromSqlTime(row.session_created_at),
      rotatedAt: row.rotated_at === null ? null : fromSqlTime(row.rotated_at),
      lastUsedAt: fromSqlTime(row.last_used_at),
      expiresAt: fromSqlTime(row.expires_at),
      revokedAt: row.revoked_at === null ? null : fromSqlTime(row.revoked_at),
      revokeReason: row.revoke_reason,
    },
  };
}
