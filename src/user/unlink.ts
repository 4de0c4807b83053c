import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Database } from '../database/database.js';
import { execute } from '../database/statements.js';
import { EventLog } from '../events/event-log.js';

interface IdentityRow {
  readonly id: string;
  readonly app_id: string;
  readonly union_id: string | null;
}

/** Unlinks a WeChat account from a user. */
@Injectable()
export class Unlink {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
  ) {}

  /**
   * Removes an identity, every other identity of its unionid, and the unionid itself: if it stayed, the next
   * login would attach the account again. Their sessions are deleted by cascade.
   * @returns ids of the deleted identities
   * @throws AppError NOT_FOUND if the user has no such identity, LAST_IDENTITY if none would be left,
   * SESSION_ENDED if the user no longer exists
   */
  unlink(userId: string, identityId: string): Promise<string[]> {
    return this.database.transaction(async (manager) => {
      const [user] = await manager.query<{ status: string }[]>(
        `SELECT status FROM users WHERE id = ?${this.database.forUpdate}`,
        [userId],
      );
      if (!user || user.status === 'merged') throw new AppError('SESSION_ENDED');
      const all = await manager.query<IdentityRow[]>(
        'SELECT id, app_id, union_id FROM wechat_identities WHERE user_id = ?',
        [userId],
      );
      const chosen = all.find(({ id }) => id === identityId);
      if (!chosen) throw new AppError('NOT_FOUND');
      const going = all.filter(
        ({ id, union_id: unionId }) => id === identityId || (unionId !== null && unionId === chosen.union_id),
      );
      if (going.length === all.length) throw new AppError('LAST_IDENTITY');
      await this.remove(manager, userId, going, chosen.union_id);
      return going.map(({ id }) => id);
    });
  }

  private async remove(
    manager: EntityManager,
    userId: string,
    going: readonly IdentityRow[],
    unionId: string | null,
  ): Promise<void> {
    for (const { id, app_id: appId } of going) {
      await manager.query('DELETE FROM wechat_identities WHERE id = ?', [id]);
      const event = this.events.entry({
        type: 'identity.unlinked',
        userId,
        actor: 'user',
        details: { appId, identityId: id },
      });
      await execute(manager, event);
    }
    if (unionId !== null) {
      await manager.query('DELETE FROM union_ids WHERE union_id = ? AND user_id = ?', [unionId, userId]);
    }
  }
}
