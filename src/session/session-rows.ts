import { decided, type Decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import type { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { type IdentityOfUser, LOADED_COLUMNS, toIdentityOfUser } from '../user/identity-rows.js';
import { Session, SESSION_COLUMNS } from './session.entity.js';

/** A session with its identity and user: the columns marked `loaded`. Times in ms. */
export interface SessionOfUser extends IdentityOfUser {
  readonly session: Loaded<Session, Decided<typeof SESSION_COLUMNS, 'loaded'>>;
}

const SESSION = new Selection(Session, 's', decided(SESSION_COLUMNS, 'loaded'));
const COLUMNS = `${SESSION.sql}, ${LOADED_COLUMNS}`;
const JOINED = 'JOIN wechat_identities i ON i.id = s.identity_id JOIN users u ON u.id = i.user_id';
const SELECT = `SELECT ${COLUMNS} FROM sessions s ${JOINED}`;

/** Reads a session in one round trip; `null` if there is none. */
export async function findSession(database: Database, sessionId: string): Promise<SessionOfUser | null> {
  const [row] = await database.select<SelectedRow>(`${SELECT} WHERE s.id = ?`, [sessionId]);
  return row ? toSessionOfUser(row) : null;
}

/** A position in the list of a user's sessions, which is ordered by last use, most recent first. */
export interface SessionPosition {
  /** Milliseconds since the Unix epoch. */
  readonly lastUsedAt: number;
  readonly id: string;
}

/** Selects active sessions of a user. Times in ms. */
export interface LiveSessions {
  readonly userId: string;
  readonly now: number;
  /** Sessions that were not used since then have ended. */
  readonly idleSince: number;
  /** Only sessions after this position; `null` for the first page. */
  readonly after: SessionPosition | null;
  readonly limit: number;
}

/**
 * Finds active sessions of a user, most recently used first. It reads only sessions that were not revoked, at
 * most MAX_SESSIONS per identity, however many have ended.
 */
export async function findLiveSessions(
  database: Database,
  { userId, now, idleSince, after, limit }: LiveSessions,
): Promise<SessionOfUser[]> {
  const positionClause =
    after === null ? '' : 'AND (s.last_used_at < ? OR (s.last_used_at = ? AND s.id < ?))';
  const rows = await database.select<SelectedRow>(
    `${SELECT} WHERE i.user_id = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.last_used_at > ? ${positionClause}
     ORDER BY s.last_used_at DESC, s.id DESC LIMIT ?`,
    [
      userId,
      toSqlTime(now),
      toSqlTime(idleSince),
      ...(after === null ? [] : positionParameters(after)),
      limit,
    ],
  );
  return rows.map(toSessionOfUser);
}

/** Finds a chunk of the sessions of one identity, ended ones included, newest first. @param before an id */
export async function findSessionsOfIdentity(
  database: Database,
  identityId: string,
  before: string,
  limit: number,
): Promise<SessionOfUser[]> {
  const rows = await database.select<SelectedRow>(
    `SELECT ${COLUMNS} FROM sessions s ${database.forceIndex('ix_sessions_identity_revoked')} ${JOINED}
     WHERE s.identity_id = ? AND s.id < ? ORDER BY s.id DESC LIMIT ?`,
    [identityId, before, limit],
  );
  return rows.map(toSessionOfUser);
}

function positionParameters({ lastUsedAt, id }: SessionPosition): string[] {
  const at = toSqlTime(lastUsedAt);
  return [at, at, id];
}

function toSessionOfUser(row: SelectedRow): SessionOfUser {
  return { ...toIdentityOfUser(row), session: SESSION.read(row) };
}
