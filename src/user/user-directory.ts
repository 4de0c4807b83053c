import { Injectable } from '@nestjs/common';
import { isId } from '../common/id.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime } from '../database/sql-time.js';
import type { IdentityOfUser } from './identity-rows.js';
import { phoneNumbersMeant } from './phone-number.js';
import type { UserStatus } from './user.entity.js';

/** A user as operators see it. */
export type DirectoryUser = IdentityOfUser['user'] & {
  /** The user that this one became part of. */
  readonly mergedInto: string | null;
};

/** What is looked for. */
export interface UserSearch {
  /**
   * An id, openid, unionid or phone number as a whole, or the beginning of a nickname; everybody where `null`. The
   * id of a merged user finds the surviving one.
   */
  readonly q: string | null;
  /** Where `null`, everybody but merged users. */
  readonly status: UserStatus | null;
  /** Only users before this id; `null` for the first page. */
  readonly before: string | null;
  readonly limit: number;
}

interface UserRow {
  id: string;
  nickname: string | null;
  avatar_key: string | null;
  phone_number: string | null;
  status: UserStatus;
  merged_into: string | null;
  created_at: SqlTime;
  last_login_at: SqlTime | null;
}

const COLUMNS = `u.id, u.nickname, u.avatar_key, u.phone_number, u.status, u.merged_into, u.created_at,
  u.last_login_at`;

const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** Behind a prefix it sorts after every nickname that begins so: a nickname has 64 characters at most. */
const LAST = '\u{10FFFF}'.repeat(64);

/** Finds users for operators. A million of them make it no slower: every way in is an index. */
@Injectable()
export class UserDirectory {
  constructor(private readonly database: Database) {}

  /** The user of an id: the surviving one, where that one was merged; `null` where there is none. */
  async find(userId: string): Promise<DirectoryUser | null> {
    if (!isId(userId)) return null;
    const [row] = await this.database.select<UserRow>(
      `SELECT ${COLUMNS} FROM users u
       WHERE u.id = (SELECT COALESCE(merged_into, id) FROM users WHERE id = ?)`,
      [userId],
    );
    return row ? toDirectoryUser(row) : null;
  }

  /** The users that match, the newest first. */
  async list(search: UserSearch): Promise<DirectoryUser[]> {
    const { q } = search;
    return q === null ? this.everybody(search) : this.matching({ ...search, q });
  }

  private async everybody({ status, before, limit }: UserSearch): Promise<DirectoryUser[]> {
    const rows = await this.database.select<UserRow>(
      `SELECT ${COLUMNS} FROM users u WHERE ${status === null ? "u.status <> 'merged'" : 'u.status = ?'}
       ${before === null ? '' : 'AND u.id < ?'} ORDER BY u.id DESC LIMIT ?`,
      [...given(status), ...given(before), limit],
    );
    return rows.map(toDirectoryUser);
  }

  /** First the ids of all that the text can mean, as far as one page needs them; these few are then read and sorted out. */
  private async matching(search: Search): Promise<DirectoryUser[]> {
    // One SELECT for each way to find somebody: with OR between the ways the whole table would be read.
    const ways = [this.byNickname(search), ...waysToFind(search.q)];
    const ids = await this.database.select<{ id: string }>(
      ways.map(({ sql }) => `SELECT * FROM (${sql}) way`).join(' UNION '),
      ways.flatMap(({ parameters }) => [...parameters]),
    );
    if (ids.length === 0) return [];
    const rows = await this.database.select<UserRow>(
      `SELECT ${COLUMNS} FROM users u WHERE u.id IN (${ids.map(() => '?').join(', ')}) ORDER BY u.id DESC`,
      ids.map(({ id }) => id),
    );
    const { status, before, limit } = search;
    return rows
      .filter((row) => (status === null ? row.status !== 'merged' : row.status === status))
      .filter((row) => before === null || row.id < before)
      .slice(0, limit)
      .map(toDirectoryUser);
  }

  /** The beginning of a nickname may be that of a million: the page is cut out here. A merged user has no nickname. */
  private byNickname({ q, status, before, limit }: Search): Statement {
    // SQLite knows nothing of how many rows an index would give, and would go through all users of a status.
    const hint = this.database.dialect === 'sqlite' ? 'INDEXED BY ix_users_nickname' : '';
    return {
      // Not LIKE: SQLite's knows no case, and the wildcards of a text would have to be escaped.
      sql: `SELECT u.id FROM users u ${hint} WHERE u.nickname >= ? AND u.nickname <= ?
            ${status === null ? '' : 'AND u.status = ?'} ${before === null ? '' : 'AND u.id < ?'}
            ORDER BY u.id DESC LIMIT ?`,
      parameters: [q, q + LAST, ...given(status), ...given(before), limit],
    };
  }
}

type Search = UserSearch & { readonly q: string };

function given(value: string | null): string[] {
  return value === null ? [] : [value];
}

/**
 * The ways that find a few users at most. Ids are only asked for where the text can be one: MariaDB does not compare
 * other characters with an ASCII column.
 */
function waysToFind(q: string): Statement[] {
  const ways: Statement[] = phoneNumbersMeant(q).map((number) => ({
    sql: 'SELECT id FROM users WHERE phone_number = ?',
    parameters: [number],
  }));
  if (isId(q)) {
    ways.push(
      { sql: 'SELECT id FROM users WHERE id = ?', parameters: [q] },
      {
        sql: 'SELECT merged_into AS id FROM users WHERE id = ? AND merged_into IS NOT NULL',
        parameters: [q],
      },
    );
  }
  if (WECHAT_ID.test(q)) {
    ways.push(
      { sql: 'SELECT user_id AS id FROM wechat_identities WHERE open_id = ?', parameters: [q] },
      { sql: 'SELECT user_id AS id FROM union_ids WHERE union_id = ?', parameters: [q] },
    );
  }
  return ways;
}

function toDirectoryUser(row: UserRow): DirectoryUser {
  return {
    id: row.id,
    nickname: row.nickname,
    avatarKey: row.avatar_key,
    phoneNumber: row.phone_number,
    status: row.status,
    mergedInto: row.merged_into,
    createdAt: fromSqlTime(row.created_at),
    lastLoginAt: row.last_login_at === null ? null : fromSqlTime(row.last_login_at),
  };
}
