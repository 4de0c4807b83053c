import type { EntityManager } from 'typeorm';
import type { Row } from '../database/columns.js';
import { freshId } from '../crypto/fresh-id.js';
import type { Database } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { fromSqlTime, toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import type { EventLog } from '../events/event-log.js';
import { deletion } from './avatar-jobs.js';
import { ALL_USER_COLUMNS, MERGE_ASSIGNMENTS, MERGED_COLUMNS, type MergedColumn } from './column-sql.js';
import { type User, USER_COLUMNS } from './user.entity.js';

type UserRow = Row<User>;

/**
 * Merges two users that turn out to be one person. The older one survives and gets the identities (with their
 * sessions) and union ids. `USER_COLUMNS` says what happens to each column. The other row stays and points to
 * the survivor.
 */
export class MergeUsers {
  constructor(
    private readonly manager: EntityManager,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly now: number,
  ) {}

  /**
   * Merges within the transaction of the manager.
   * @throws LostRace if one of the users was merged or deleted
   */
  async merge(oneId: string, otherId: string): Promise<void> {
    const [survivor, loser] = await this.lockBoth(oneId, otherId);
    const identities = await this.move('wechat_identities', loser.id, survivor.id);
    const unionIds = await this.move('union_ids', loser.id, survivor.id);
    await this.mergeColumns(survivor, loser);
    await this.settleAvatars(survivor, loser);
    const event = this.events.entry({
      type: 'user.merged',
      userId: survivor.id,
      actor: 'system',
      details: {
        mergedUserId: loser.id,
        identities,
        unionIds,
        filled: filledColumns(survivor, loser),
        disabled: loser.status === 'disabled',
      },
    });
    await execute(this.manager, event);
  }

  /**
   * Returns both rows, the older one first. They are locked in the order of their ids, so that concurrent
   * merges cannot deadlock.
   */
  private async lockBoth(oneId: string, otherId: string): Promise<[UserRow, UserRow]> {
    const rows = await this.manager.query<UserRow[]>(
      `SELECT ${ALL_USER_COLUMNS} FROM users
       WHERE id IN (?, ?) ORDER BY id${this.database.forUpdate}`,
      [oneId, otherId],
    );
    const [first, second] = rows;
    if (!first || !second || rows.some((row) => row.status === 'merged')) {
      throw new LostRace('one of the users was merged or deleted');
    }
    return fromSqlTime(first.created_at) <= fromSqlTime(second.created_at)
      ? [first, second]
      : [second, first];
  }

  private async move(
    table: 'wechat_identities' | 'union_ids',
    fromId: string,
    toId: string,
  ): Promise<number> {
    const [counted] = await this.manager.query<{ n: number | string }[]>(
      `SELECT COUNT(*) AS n FROM ${table} WHERE user_id = ?`,
      [fromId],
    );
    await this.manager.query(`UPDATE ${table} SET user_id = ? WHERE user_id = ?`, [toId, fromId]);
    return Number(counted?.n ?? 0);
  }

  /** The merged row is emptied before the survivor is filled, because the phone number is unique. */
  private async mergeColumns(survivor: UserRow, loser: UserRow): Promise<void> {
    const outcomes = MERGED_COLUMNS.map((name) => outcome(name, survivor, loser, toSqlTime(this.now)));
    await this.manager.query(UPDATE, [...outcomes.map(({ merged }) => asParameter(merged)), loser.id]);
    // Users merged into this one earlier now point to the survivor, so that a lookup always takes one step.
    await this.manager.query('UPDATE users SET merged_into = ? WHERE merged_into = ?', [
      survivor.id,
      loser.id,
    ]);
    await this.manager.query(UPDATE, [
      ...outcomes.map(({ surviving }) => asParameter(surviving)),
      survivor.id,
    ]);
  }

  /**
   * If both have a picture, one is deleted. A pending copy moves to a survivor that has neither a picture nor
   * a pending copy.
   */
  private async settleAvatars(survivor: UserRow, loser: UserRow): Promise<void> {
    if (survivor.avatar_key !== null && loser.avatar_key !== null) {
      await execute(this.manager, deletion(freshId(), loser.avatar_key, this.now));
    }
    const pending = await this.manager.query<{ id: string }[]>(
      `SELECT id FROM avatar_jobs WHERE id IN (?, ?)${this.database.forUpdate}`,
      [survivor.id, loser.id],
    );
    const hasPicture = survivor.avatar_key !== null || loser.avatar_key !== null;
    if (hasPicture || pending.some(({ id }) => id === survivor.id)) {
      await this.manager.query('DELETE FROM avatar_jobs WHERE id = ?', [loser.id]);
    } else {
      await this.manager.query('UPDATE avatar_jobs SET id = ?, user_id = ? WHERE id = ?', [
        survivor.id,
        survivor.id,
        loser.id,
      ]);
    }
  }
}

const UPDATE = `UPDATE users SET ${MERGE_ASSIGNMENTS} WHERE id = ?`;

type Value = UserRow[keyof UserRow];

/**
 * Returns the value of a column in both rows after the merge.
 * @param now the time as it is stored
 */
function outcome(
  name: MergedColumn,
  survivor: UserRow,
  loser: UserRow,
  now: string,
): { readonly surviving: Value; readonly merged: Value } {
  const rule = USER_COLUMNS[name].merge;
  if (typeof rule === 'object') {
    const from = survivor[rule.sameAs] === null ? loser : survivor;
    return { surviving: from[name], merged: null };
  }
  switch (rule) {
    case 'fill':
      return { surviving: survivor[name] ?? loser[name], merged: null };
    case 'disabled wins': {
      const isDisabled = survivor[name] === 'disabled' || loser[name] === 'disabled';
      return { surviving: isDisabled ? 'disabled' : 'active', merged: 'merged' };
    }
    case 'point':
      return { surviving: survivor[name], merged: survivor.id };
    case 'now':
      return { surviving: now, merged: now };
  }
}

/** The columns that the survivor lacked, for the event. */
function filledColumns(survivor: UserRow, loser: UserRow): MergedColumn[] {
  return MERGED_COLUMNS.filter(
    (name) => USER_COLUMNS[name].merge === 'fill' && survivor[name] === null && loser[name] !== null,
  );
}

/** Converts a value that was read to a parameter of a statement. */
function asParameter(value: Value): string | null {
  return value instanceof Date ? toSqlTime(value) : value;
}
