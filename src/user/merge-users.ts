import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import type { EventLog } from '../events/event-log.js';
import { deletion } from './avatar-jobs.js';
import type { ProfileSource, UserStatus } from './user.entity.js';

interface UserRow {
  id: string;
  nickname: string | null;
  nickname_source: ProfileSource | null;
  avatar_key: string | null;
  avatar_source: ProfileSource | null;
  phone_number: string | null;
  status: UserStatus;
  created_at: SqlTime;
}

/**
 * Makes one user of two that turn out to be one person. The older one stays; identities (and with them sessions),
 * union ids, phone and profile move to it; the other row stays and points to it.
 */
export class MergeUsers {
  constructor(
    private readonly manager: EntityManager,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly now: number,
  ) {}

  /** Merges within the transaction of the manager. */
  async merge(oneId: string, otherId: string): Promise<void> {
    const [survivor, loser] = await this.lockBoth(oneId, otherId);
    const identities = await this.move('wechat_identities', loser.id, survivor.id);
    const unionIds = await this.move('union_ids', loser.id, survivor.id);
    await this.emptyLoser(loser.id, survivor.id);
    const filled = await this.fillSurvivor(survivor, loser);
    await this.settleAvatars(survivor, loser);
    const { sql, parameters } = this.events.entry({
      type: 'user.merged',
      userId: survivor.id,
      actor: 'system',
      details: {
        mergedUserId: loser.id,
        identities,
        unionIds,
        filled,
        disabled: loser.status === 'disabled',
      },
    });
    await this.manager.query(sql, [...parameters]);
  }

  /** Both rows, locked in the order of their ids so that two merges cannot block each other; the older one first. */
  private async lockBoth(oneId: string, otherId: string): Promise<[UserRow, UserRow]> {
    const rows = await this.manager.query<UserRow[]>(
      `SELECT id, nickname, nickname_source, avatar_key, avatar_source, phone_number, status, created_at FROM users
       WHERE id IN (?, ?) ORDER BY id${this.database.forUpdate}`,
      [oneId, otherId],
    );
    const [first, second] = rows;
    if (!first || !second || rows.some((row) => row.status === 'merged')) {
      throw new LostRace('one of the two was merged or deleted');
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

  /** Before the survivor is filled: the phone number is unique. */
  private async emptyLoser(loserId: string, survivorId: string): Promise<void> {
    await this.manager.query(
      `UPDATE users SET status = 'merged', merged_into = ?, nickname = NULL, nickname_source = NULL,
       avatar_key = NULL, avatar_source = NULL, phone_number = NULL, updated_at = ? WHERE id = ?`,
      [survivorId, toSqlTime(this.now), loserId],
    );
    // Who was merged into the loser before now points to the survivor: one step is always enough.
    await this.manager.query('UPDATE users SET merged_into = ? WHERE merged_into = ?', [survivorId, loserId]);
  }

  /** What the survivor lacks it gets; disabled wins. @returns names of the filled columns */
  private async fillSurvivor(survivor: UserRow, loser: UserRow): Promise<string[]> {
    const columns = ['nickname', 'avatar_key', 'phone_number'] as const;
    const disabled = survivor.status === 'disabled' || loser.status === 'disabled';
    // Who said it moves along with what was said.
    const nickname = survivor.nickname === null ? loser : survivor;
    const avatar = survivor.avatar_key === null ? loser : survivor;
    await this.manager.query(
      `UPDATE users SET nickname = ?, nickname_source = ?, avatar_key = ?, avatar_source = ?, phone_number = ?,
       status = ?, updated_at = ? WHERE id = ?`,
      [
        nickname.nickname,
        nickname.nickname_source,
        avatar.avatar_key,
        avatar.avatar_source,
        survivor.phone_number ?? loser.phone_number,
        disabled ? 'disabled' : 'active',
        toSqlTime(this.now),
        survivor.id,
      ],
    );
    return columns.filter((column) => survivor[column] === null && loser[column] !== null);
  }

  /** Of two pictures one goes; a picture that is still to come moves where there is none, nor another to come. */
  private async settleAvatars(survivor: UserRow, loser: UserRow): Promise<void> {
    if (survivor.avatar_key !== null && loser.avatar_key !== null) {
      const { sql, parameters } = deletion(uuidv7(), loser.avatar_key, this.now);
      await this.manager.query(sql, [...parameters]);
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
