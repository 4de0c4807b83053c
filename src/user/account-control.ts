import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import { type Actor, EventLog } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';
import { DeleteUser } from './delete-user.js';
import type { UserStatus } from './user.entity.js';

/** Builds the statements of the session room that end a user's sessions. They run in the same transaction. */
export type SessionEndings = (userId: string) => readonly Statement[];

/**
 * Changes that operators make to an account. The id of a merged user means the surviving one. Each change and
 * its event are one transaction. A change that is already in effect is not recorded again.
 */
@Injectable()
export class AccountControl {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly deleteUser: DeleteUser,
    private readonly avatarJobs: AvatarJobs,
    private readonly clock: Clock,
  ) {}

  /**
   * Disables or enables an account. Both end its sessions: a session that was opened while the account was
   * being disabled must not become valid when it is enabled.
   * @returns ids of the identities whose sessions ended: call `SessionService.forgetIdentity` for each
   * @throws AppError NOT_FOUND
   */
  setStatus(
    userId: string,
    status: 'active' | 'disabled',
    actor: Actor,
    endings: SessionEndings,
  ): Promise<string[]> {
    return this.database.transaction(async (manager) => {
      const user = await this.lockSurvivor(manager, userId);
      if (user.status === status && status === 'active') return [];
      const changes = user.status === status ? [] : this.change(user.id, status, actor);
      await execute(manager, ...endings(user.id), ...changes);
      const identities = await manager.query<{ id: string }[]>(
        'SELECT id FROM wechat_identities WHERE user_id = ?',
        [user.id],
      );
      return identities.map(({ id }) => id);
    });
  }

  /**
   * Erases a user as if the person had deleted the account.
   * @returns ids of the deleted identities: call `SessionService.forgetIdentity` for each
   * @throws AppError NOT_FOUND
   */
  async delete(userId: string, actor: Actor): Promise<string[]> {
    if (!isId(userId)) throw new AppError('NOT_FOUND');
    const [survivor] = await this.database.select<{ id: string }>(
      'SELECT COALESCE(merged_into, id) AS id FROM users WHERE id = ?',
      [userId],
    );
    if (!survivor) throw new AppError('NOT_FOUND');
    const histories = await this.deleteUser.prepare(survivor.id);
    const gone = await this.database.transaction(async (manager) => {
      const { id } = await this.lockSurvivor(manager, userId);
      return this.deleteUser.within(manager, id, { actor, reason: 'by an operator' }, histories);
    });
    this.avatarJobs.wake();
    return gone;
  }

  private change(userId: string, status: 'active' | 'disabled', actor: Actor): Statement[] {
    return [
      {
        sql: 'UPDATE users SET status = ?, updated_at = ? WHERE id = ?',
        parameters: [status, toSqlTime(this.clock.now()), userId],
      },
      this.events.entry({
        type: status === 'disabled' ? 'user.disabled' : 'user.enabled',
        userId,
        actor,
      }),
    ];
  }

  private async lockSurvivor(
    manager: EntityManager,
    userId: string,
  ): Promise<{ id: string; status: UserStatus }> {
    if (!isId(userId)) throw new AppError('NOT_FOUND');
    const [user] = await manager.query<{ id: string; status: UserStatus }[]>(
      `SELECT id, status FROM users
       WHERE id = (SELECT COALESCE(merged_into, id) FROM users WHERE id = ?)${this.database.forUpdate}`,
      [userId],
    );
    if (!user) throw new AppError('NOT_FOUND');
    if (user.status === 'merged') throw new LostRace('the user was merged meanwhile');
    return user;
  }
}
