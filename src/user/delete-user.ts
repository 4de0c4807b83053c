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
      const gone = await this.database.transaction((manager) => this.within(manager, userId, deletion));
      this.avatarJobs.wake();
      return gone;
    } catch (error) {
      if (error instanceof LostRace) throw new AppError('SESSION_ENDED');
      throw error;
    }
  }

  /**
   * Deletes a user within a transaction: identities, their sessions, union ids and pending copies of pictures go by
   * cascade, users that were merged into this one go with it, the stored picture is enqueued for deletion, and of
   * the events only what happened and when is kept. After the commit, call `AvatarJobs.wake`, and for each identity
   * `SessionService.forgetIdentity`.
   * @returns ids of the identities that are gone
   * @throws LostRace when the user was merged or deleted meanwhile
   */
  async within(manager: EntityManager, userId: string, { actor, reason }: Deletion): Promise<string[]> {
    const [user] = await manager.query<{ status: string; avatar_key: string | null }[]>(
      `SELECT status, avatar_key FROM users WHERE id = ?${this.database.forUpdate}`,
      [userId],
    );
    if (!user || user.status === 'merged') throw new LostRace('the user was merged or deleted');
    const identityIds = await ids(manager, 'SELECT id FROM wechat_identities WHERE user_id = ?', userId);
    const mergedUserIds = await ids(manager, 'SELECT id FROM users WHERE merged_into = ?', userId);
    const statements: Statement[] = [
      ...[userId, ...mergedUserIds].map((id) => this.events.anonymisation(id)),
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
