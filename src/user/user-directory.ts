import { Injectable } from '@nestjs/common';
import { isId } from '../common/id.js';
import { decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { phoneNumbersMeant } from './phone-number.js';
import { User, USER_COLUMNS, type UserStatus } from './user.entity.js';

const COLUMNS_FOR_OPERATORS = decided(USER_COLUMNS, 'operators');

/** A user as operators see it. Times in ms. */
export type DirectoryUser = Loaded<User, (typeof COLUMNS_FOR_OPERATORS)[number]>;

/** What is looked for. */
export interface UserSearch {
  /**
   * An id, openid, unionid or phone number as a whole, or the beginning of a nickname; everybody where `null`. The
   * id of a merged user finds the surviving one.
   */
  readonly q: string | null;
  /** `null`: all but merged users. */
  readonly status: UserStatus | null;
  /** Only users before this id; `null` for the first page. */
  readonly before: string | null;
  readonly limit: number;
}

const USER = new Selection(User, 'u', COLUMNS_FOR_OPERATORS);
const COLUMNS = USER.sql;

const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** A prefix followed by this sorts after every nickname with that prefix: nicknames have at most 64 characters. */
const LAST = '\u{10FFFF}'.repeat(64);
/** Users found by the beginning of a nickname, for each status. Where more match, some are not found. */
const MOST_BY_NICKNAME = 1_000;
/** Users found by any other condition: an openid may be known to several apps. */
const MOST_OF_A_WAY = 10;

/** Finds users for operators. Each condition uses an index, so the number of users does not matter. */
@Injectable()
export class UserDirectory {
  constructor(private readonly database: Database) {}

  /** The user with an id, or the survivor where it was merged; `null` where there is none. */
  async find(userId: string): Promise<DirectoryUser | null> {
    if (!isId(userId)) return null;
    const [row] = await this.database.select<SelectedRow>(
      `SELECT ${COLUMNS} FROM users u
       WHERE u.id = (SELECT COALESCE(merged_into, id) FROM users WHERE id = ?)`,
      [userId],
    );
    return row ? USER.read(row) : null;
  }

  /** The users that match, the newest first. */
  async list(search: UserSearch): Promise<DirectoryUser[]> {
    const { q } = search;
    return q === null ? this.everybody(search) : this.matching({ ...search, q });
  }

  /** One page for each status: a condition with several would read all rows that do not meet it. */
  private async everybody({ status, before, limit }: UserSearch): Promise<DirectoryUser[]> {
    const pages = await Promise.all(
      statusesMeant(status).map((each) =>
        this.database.select<SelectedRow>(
          `SELECT ${COLUMNS} FROM users u ${this.database.forceIndex('ix_users_status')} WHERE u.status = ?
           ${before === null ? '' : 'AND u.id < ?'} ORDER BY u.id DESC LIMIT ?`,
          [each, ...given(before), limit],
        ),
      ),
    );
    return pages
      .flat()
      .map((row) => USER.read(row))
      .sort(newestFirst)
      .slice(0, limit);
  }

  /** Finds the ids of all users that the text can mean, as many as a page needs; then reads and filters these few. */
  private async matching(search: Search): Promise<DirectoryUser[]> {
    // One SELECT for each condition: with OR between them the whole table would be read.
    const byOther = waysToFind(search.q);
    const ways = [...this.byNickname(search), ...byOther];
    const found = await this.database.select<{ id: string }>(
      ways.map(({ sql }) => `SELECT * FROM (${sql}) way`).join(' UNION '),
      ways.flatMap(({ parameters }) => [...parameters]),
    );
    const { status, before, limit } = search;
    const ids = found
      .filter(({ id }) => before === null || id < before)
      .sort(newestFirst)
      // Users found by nickname have the status; the few others may not.
      .slice(0, limit + byOther.length * MOST_OF_A_WAY);
    if (ids.length === 0) return [];
    const rows = await this.database.select<SelectedRow>(
      `SELECT ${COLUMNS} FROM users u WHERE u.id IN (${ids.map(() => '?').join(', ')})`,
      ids.map(({ id }) => id),
    );
    return rows
      .map((row) => USER.read(row))
      .filter((user) => (status === null ? user.status !== 'merged' : user.status === status))
      .sort(newestFirst)
      .slice(0, limit);
  }

  /**
   * A million nicknames may begin alike. Of each status the last thousand in the order of the index are found, in which
   * the newest user of one nickname is the last. A merged user has no nickname.
   */
  private byNickname({ q, status }: Search): Statement[] {
    return statusesMeant(status).map((each) => ({
      // Not LIKE: in SQLite it ignores case, and wildcards in the text would have to be escaped.
      sql: `SELECT u.id FROM users u ${this.database.forceIndex('ix_users_status_nickname')}
            WHERE u.status = ? AND u.nickname >= ? AND u.nickname <= ?
            ORDER BY u.nickname DESC, u.id DESC LIMIT ${MOST_BY_NICKNAME}`,
      parameters: [each, q, q + LAST],
    }));
  }
}

/** `null`: all but merged users. */
function statusesMeant(status: UserStatus | null): readonly UserStatus[] {
  return status === null ? ['active', 'disabled'] : [status];
}

function newestFirst(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

type Search = UserSearch & { readonly q: string };

function given(value: string | null): string[] {
  return value === null ? [] : [value];
}

/**
 * The conditions that find a few users at most. Ids are compared only where the text can be one: MariaDB does not
 * compare other characters with an ASCII column.
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
      {
        sql: `SELECT user_id AS id FROM wechat_identities WHERE open_id = ? LIMIT ${MOST_OF_A_WAY}`,
        parameters: [q],
      },
      { sql: 'SELECT user_id AS id FROM union_ids WHERE union_id = ?', parameters: [q] },
    );
  }
  return ways;
}
