import { decided, type Decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import type { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { type IdentityOfUser, LOADED_COLUMNS, toIdentityOfUser } from '../user/identity-rows.js';
import { User } from '../user/user.entity.js';
import { WeChatIdentity } from '../user/wechat-identity.entity.js';
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

/** A refresh token's session and generation, and what decides whether it is the current token of an active session. */
export interface Rotation {
  readonly sessionId: string;
  readonly generation: number;
  /** Time of the refresh (ms). */
  readonly now: number;
  /** Sessions that were not used since then have ended (ms). */
  readonly idleSince: number;
}

const REFRESHED = {
  session: new Selection(Session, 's', [
    'id',
    'generation',
    'rotated_at',
    'last_used_at',
    'expires_at',
    'revoked_at',
    'revoke_reason',
  ]),
  identity: new Selection(WeChatIdentity, 'i', ['app_id', 'open_id', 'union_id']),
  user: new Selection(User, 'u', ['id', 'status']),
};

/**
 * The part of a session that a refresh needs. The driver reads the description of each column with each answer, so it
 * is half of the columns. Times in ms.
 */
export interface RefreshedSession {
  readonly session: ReturnType<typeof REFRESHED.session.read>;
  readonly identity: ReturnType<typeof REFRESHED.identity.read>;
  readonly user: ReturnType<typeof REFRESHED.user.read>;
}

const SELECT_REFRESHED = `SELECT ${REFRESHED.session.sql}, ${REFRESHED.identity.sql}, ${REFRESHED.user.sql}
  FROM sessions s ${JOINED} WHERE s.id = ?`;
const ROTATE = `UPDATE sessions SET generation = generation + 1, rotated_at = ?, last_used_at = ?
  WHERE id = ? AND generation = ? AND revoked_at IS NULL AND expires_at > ? AND last_used_at > ?`;

/**
 * Moves a session to the next generation if it is active and the generation the current one. Reads it as it is then,
 * in the same round trip. The user may be disabled: the caller has to refuse, and to undo the rotation.
 */
export async function rotateSession(
  database: Database,
  { sessionId, generation, now, idleSince }: Rotation,
): Promise<{ readonly rotated: boolean; readonly found: RefreshedSession | null }> {
  const at = toSqlTime(now);
  const { matched, rows } = await database.batchThenSelect<SelectedRow>(
    [{ sql: ROTATE, parameters: [at, at, sessionId, generation, at, toSqlTime(idleSince)] }],
    { sql: SELECT_REFRESHED, parameters: [sessionId] },
  );
  const [row] = rows;
  return { rotated: matched[0] === 1, found: row ? toRefreshedSession(row) : null };
}

/** Undoes a rotation that was refused, so that the token of this generation is the current one again. */
export async function undoRotation(
  database: Database,
  { sessionId, generation }: Pick<Rotation, 'sessionId' | 'generation'>,
): Promise<void> {
  await database.batch([
    {
      sql: 'UPDATE sessions SET generation = ? WHERE id = ? AND generation = ?',
      parameters: [generation, sessionId, generation + 1],
    },
  ]);
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

function toRefreshedSession(row: SelectedRow): RefreshedSession {
  const { session, identity, user } = REFRESHED;
  return { session: session.read(row), identity: identity.read(row), user: user.read(row) };
}
