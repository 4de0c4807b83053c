import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { EventLog, type NewEvent } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';

/** Who wants a user deleted, and why: for the record. */
export interface Deletion {
  readonly actor: NewEvent['actor'];
  readonly reason: string;
}

/** How far the events of each account are anonymous already (`EventLog.anonymiseHistory`). */
export type Histories = ReadonlyMap<string, string>;

/** The end of an account: nothing of the person stays in the tables. */
@Injectable()
export class DeleteUser {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly avatarJobs: AvatarJobs,
  ) {}

  /**
   * Deletes a user in a transaction of its own.
   * @returns ids of the identities that are gone
   * @throws AppError SESSION_ENDED when there is no such user any more
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
   * Anonymises long histories beforehand, so that the transaction of `within` does not grow with them. To be called for
   * a user who is about to be deleted, outside of a transaction; where the deletion then fails, it can be repeated.
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
   * Deletes a user within a transaction: identities, their sessions, union ids and pending copies of pictures go by
   * cascade, users that were merged into this one go with it, the stored picture is enqueued for deletion, and of
   * the events only what happened and when is kept. After the commit, call `AvatarJobs.wake`, and for each identity
   * `SessionService.forgetIdentity`.
   * @param histories what `prepare` has returned
   * @returns ids of the identities that are gone
   * @throws LostRace when the user was merged or deleted meanwhile
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
    for (const { sql, parameters } of statements) await manager.query(sql, [...parameters]);
    return identityIds;
  }
}

async function ids(manager: EntityManager, sql: string, userId: string): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(sql, [userId]);
  return rows.map(({ id }) => id);
}
