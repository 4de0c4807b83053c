import { decided, type Decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import type { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { type IdentityOfUser, LOADED_COLUMNS, toIdentityOfUser } from '../user/identity-rows.js';
import { Session, SESSION_COLUMNS } from './session.entity.js';

/** A session with its identity and user: the columns that are `loaded`. Times in ms. */
export interface SessionOfUser extends IdentityOfUser {
  readonly session: Loaded<Session, Decided<typeof SESSION_COLUMNS, 'loaded'>>;
}

const SESSION = new Selection(Session, 's', decided(SESSION_COLUMNS, 'loaded'));
const COLUMNS = `${SESSION.sql}, ${LOADED_COLUMNS}`;
const JOINED = 'JOIN wechat_identities i ON i.id = s.identity_id JOIN users u ON u.id = i.user_id';
const SELECT = `SELECT ${COLUMNS} FROM sessions s ${JOINED}`;

/** A session with its identity and user, in one round trip; `null` where there is none. */
export async function findSession(database: Database, sessionId: string): Promise<SessionOfUser | null> {
  const [row] = await database.select<SelectedRow>(`${SELECT} WHERE s.id = ?`, [sessionId]);
  return row ? toSessionOfUser(row) : null;
}

/** A position in the list of a user's sessions, which begins with the last used. */
export interface SessionPlace {
  /** ms */
  readonly lastUsedAt: number;
  readonly id: string;
}

/** Which live sessions of a user to read. Times in ms. */
export interface LiveSessions {
  readonly userId: string;
  readonly now: number;
  /** A session that was not used since then has ended. */
  readonly idleSince: number;
  /** Only those after this position; `null` for the first page. */
  readonly after: SessionPlace | null;
  readonly limit: number;
}

/**
 * Live sessions of a user, the last used first. Reads those that were not revoked: MAX_SESSIONS of each identity,
 * however many have ended.
 */
export async function findLiveSessions(
  database: Database,
  { userId, now, idleSince, after, limit }: LiveSessions,
): Promise<SessionOfUser[]> {
  const behind = after === null ? '' : 'AND (s.last_used_at < ? OR (s.last_used_at = ? AND s.id < ?))';
  const rows = await database.select<SelectedRow>(
    `${SELECT} WHERE i.user_id = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.last_used_at > ? ${behind}
     ORDER BY s.last_used_at DESC, s.id DESC LIMIT ?`,
    [userId, toSqlTime(now), toSqlTime(idleSince), ...(after === null ? [] : placeParameters(after)), limit],
  );
  return rows.map(toSessionOfUser);
}

/** A chunk of the sessions of one identity, live and ended, the newest first. @param before an id */
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

function placeParameters({ lastUsedAt, id }: SessionPlace): string[] {
  const at = toSqlTime(lastUsedAt);
  return [at, at, id];
}

function toSessionOfUser(row: SelectedRow): SessionOfUser {
  return { ...toIdentityOfUser(row), session: SESSION.read(row) };
}
