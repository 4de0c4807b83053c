import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { execute } from '../database/statements.js';
import { EventLog, type NewEvent } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';

/** Who deletes a user, and why. Both are recorded. */
export interface Deletion {
  readonly actor: NewEvent['actor'];
  readonly reason: string;
}

/** For each account, the event up to which the history is anonymous already (`EventLog.anonymiseHistory`). */
export type Histories = ReadonlyMap<string, string>;

/** Deletes users. None of the person's data stays in the tables. */
@Injectable()
export class DeleteUser {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly avatarJobs: AvatarJobs,
  ) {}

  /**
   * Deletes a user in its own transaction.
   * @returns ids of the deleted identities
   * @throws AppError SESSION_ENDED if the user no longer exists
   */
  async delete(userId: string, deletion: Deletion): Promise<string[]> {
    try {
      const histories = await this.prepare(userId);
      const gone = await this.database.transaction((manager) =>
        this.within(manager, userId, deletion, histories),
      );
      this.avatarJobs.wake();
      return gone;
    } catch (error) {
      if (error instanceof LostRace) throw new AppError('SESSION_ENDED');
      throw error;
    }
  }

  /**
   * Anonymises long histories beforehand, so that the transaction of `within` stays small. To be called
   * outside a transaction, for a user who is about to be deleted. If the deletion then fails, it can be
   * retried.
   */
  async prepare(userId: string): Promise<Histories> {
    const merged = await this.database.select<{ id: string }>('SELECT id FROM users WHERE merged_into = ?', [
      userId,
    ]);
    const histories = new Map<string, string>();
    for (const id of [userId, ...merged.map((each) => each.id)]) {
      histories.set(id, await this.events.anonymiseHistory(id));
    }
    return histories;
  }

  /**
   * Deletes a user within a transaction. Identities, their sessions, union ids and pending copies of pictures
   * are deleted by cascade. Users that were merged into this one are deleted, too. The stored picture is
   * enqueued for deletion. Events keep only type and time. After the commit, call `AvatarJobs.wake`, and
   * `SessionService.forgetIdentity` for each identity.
   * @param histories the result of `prepare`
   * @returns ids of the deleted identities
   * @throws LostRace if the user was merged or deleted meanwhile
   */
  async within(
    manager: EntityManager,
    userId: string,
    { actor, reason }: Deletion,
    histories: Histories,
  ): Promise<string[]> {
    const [user] = await manager.query<{ status: string; avatar_key: string | null }[]>(
      `SELECT status, avatar_key FROM users WHERE id = ?${this.database.forUpdate}`,
      [userId],
    );
    if (!user || user.status === 'merged') throw new LostRace('the user was merged or deleted');
    const identityIds = await ids(manager, 'SELECT id FROM wechat_identities WHERE user_id = ?', userId);
    const mergedUserIds = await ids(manager, 'SELECT id FROM users WHERE merged_into = ?', userId);
    const statements: Statement[] = [
      ...[userId, ...mergedUserIds].map((id) => this.events.anonymisation(id, histories.get(id) ?? '')),
      ...(user.avatar_key === null ? [] : [this.avatarJobs.deleteStatement(user.avatar_key)]),
      { sql: 'DELETE FROM users WHERE merged_into = ?', parameters: [userId] },
      { sql: 'DELETE FROM users WHERE id = ?', parameters: [userId] },
      this.events.entry({
        type: 'user.deleted',
        userId,
        actor,
        details: { reason, mergedUserIds },
        anonymous: true,
      }),
    ];
    await execute(manager, ...statements);
    return identityIds;
  }
}

async function ids(manager: EntityManager, sql: string, userId: string): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(sql, [userId]);
  return rows.map(({ id }) => id);
}
