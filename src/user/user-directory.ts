import { Injectable } from '@nestjs/common';
import { isId } from '../common/id.js';
import { decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { placeholders } from '../database/statements.js';
import { possiblePhoneNumbers } from './phone-number.js';
import { User, USER_COLUMNS, type UserStatus } from './user.entity.js';

const COLUMNS_FOR_OPERATORS = decided(USER_COLUMNS, 'operators');

/** A user as operators see it. Times in milliseconds. */
export type DirectoryUser = Loaded<User, (typeof COLUMNS_FOR_OPERATORS)[number]>;

/** Filters of a search for users. */
export interface UserSearch {
  /**
   * An id, openid, unionid or phone number as a whole, or the beginning of a nickname; `null` for all users.
   * The id of a merged user finds the surviving one.
   */
  readonly q: string | null;
  /** `null` for all but merged users. */
  readonly status: UserStatus | null;
  /** Only users before this id; `null` for the first page. */
  readonly before: string | null;
  readonly limit: number;
}

const USER = new Selection(User, 'u', COLUMNS_FOR_OPERATORS);
const COLUMNS = USER.sql;

const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;
/**
 * Appended to a prefix, it sorts after every nickname with that prefix: nicknames have at most 64 characters.
 */
const NICKNAME_UPPER_BOUND = '\u{10FFFF}'.repeat(64);
/**
 * Maximum number of users per status that a nickname prefix finds. Beyond it the operator has to type more.
 */
const MAX_BY_NICKNAME = 1_000;
/** Maximum number of users that each other lookup finds: several apps may know the same openid. */
const MAX_PER_LOOKUP = 10;

/**
 * Finds users for operators. Every lookup uses an index, so its time does not grow with the number of users.
 */
@Injectable()
export class UserDirectory {
  constructor(private readonly database: Database) {}

  /** Returns a user by id; for a merged user the surviving one; `null` if there is none. */
  async find(userId: string): Promise<DirectoryUser | null> {
    if (!isId(userId)) return null;
    const [row] = await this.database.select<SelectedRow>(
      `SELECT ${COLUMNS} FROM users u
       WHERE u.id = (SELECT COALESCE(merged_into, id) FROM users WHERE id = ?)`,
      [userId],
    );
    return row ? USER.read(row) : null;
  }

  /** Returns the users that match, the newest first. */
  async list(search: UserSearch): Promise<DirectoryUser[]> {
    const { q } = search;
    return q === null ? this.allUsers(search) : this.matching({ ...search, q });
  }

  /**
   * Reads a page of each status. One condition for several statuses would read past all rows that do not
   * match.
   */
  private async allUsers({ status, before, limit }: UserSearch): Promise<DirectoryUser[]> {
    const pages = await Promise.all(
      statusesFor(status).map((each) =>
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

  /**
   * Collects the ids of all matches, as far as one page needs them, then reads and filters those few users.
   */
  private async matching(search: Search): Promise<DirectoryUser[]> {
    // One SELECT for each lookup. Joined by OR they would read the whole table.
    const exact = exactLookups(search.q);
    const lookups = [...this.byNickname(search), ...exact];
    const found = await this.database.select<{ id: string }>(
      lookups.map(({ sql }) => `SELECT * FROM (${sql}) way`).join(' UNION '),
      lookups.flatMap(({ parameters }) => [...parameters]),
    );
    const { status, before, limit } = search;
    const ids = found
      .filter(({ id }) => before === null || id < before)
      .sort(newestFirst)
      // Matches by nickname have the status already; the few others may not.
      .slice(0, limit + exact.length * MAX_PER_LOOKUP);
    if (ids.length === 0) return [];
    const rows = await this.database.select<SelectedRow>(
      `SELECT ${COLUMNS} FROM users u WHERE u.id IN (${placeholders(ids.length)})`,
      ids.map(({ id }) => id),
    );
    return rows
      .map((row) => USER.read(row))
      .filter((user) => (status === null ? user.status !== 'merged' : user.status === status))
      .sort(newestFirst)
      .slice(0, limit);
  }

  /**
   * A prefix may match a million nicknames. For each status, the last thousand in index order are found; of
   * equal nicknames these are the newest users. A merged user has no nickname.
   */
  private byNickname({ q, status }: Search): Statement[] {
    return statusesFor(status).map((each) => ({
      // Not LIKE: on SQLite it ignores case, and the wildcards of a text would have to be escaped.
      sql: `SELECT u.id FROM users u ${this.database.forceIndex('ix_users_status_nickname')}
            WHERE u.status = ? AND u.nickname >= ? AND u.nickname <= ?
            ORDER BY u.nickname DESC, u.id DESC LIMIT ${MAX_BY_NICKNAME}`,
      parameters: [each, q, q + NICKNAME_UPPER_BOUND],
    }));
  }
}

/** Without a status, all but merged users. */
function statusesFor(status: UserStatus | null): readonly UserStatus[] {
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
 * Lookups that find at most a few users. Ids are only looked up if the text can be one: MariaDB does not
 * compare non-ASCII text with an ASCII column.
 */
function exactLookups(q: string): Statement[] {
  const numbers = possiblePhoneNumbers(q);
  const lookups: Statement[] = numbers.map((number) => ({
    sql: 'SELECT id FROM users WHERE phone_number = ?',
    parameters: [number],
  }));
  if (isId(q)) {
    lookups.push(
      { sql: 'SELECT id FROM users WHERE id = ?', parameters: [q] },
      {
        sql: 'SELECT merged_into AS id FROM users WHERE id = ? AND merged_into IS NOT NULL',
        parameters: [q],
      },
    );
  }
  if (WECHAT_ID.test(q)) {
    lookups.push(
      {
        sql: `SELECT user_id AS id FROM wechat_identities WHERE open_id = ? LIMIT ${MAX_PER_LOOKUP}`,
        parameters: [q],
      },
      { sql: 'SELECT user_id AS id FROM union_ids WHERE union_id = ?', parameters: [q] },
    );
  }
  return lookups;
}
