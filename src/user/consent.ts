import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { AppKind } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';
import { DeleteUser } from './delete-user.js';
import type { ProfileSource } from './user.entity.js';

/** An identity and what its consent covers of the user, both locked. */
interface Covered {
  readonly identity_id: string;
  readonly app_kind: AppKind;
  readonly union_id: string | null;
  readonly user_id: string;
  readonly nickname: string | null;
  readonly nickname_source: ProfileSource | null;
  readonly avatar_key: string | null;
  readonly avatar_source: ProfileSource | null;
  readonly phone_number: string | null;
}

/**
 * What WeChat says about people's consent (wechat-api.md section 6.5). Each method is one transaction with its
 * event in it, may be repeated, and takes an openid that nobody has here: then it only records.
 */
@Injectable()
export class Consent {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly avatarJobs: AvatarJobs,
    private readonly deleteUser: DeleteUser,
    private readonly clock: Clock,
  ) {}

  /** WeChat cleaned a risky profile: nickname and picture that came from WeChat are cleared. */
  async profileModified(appId: string, openId: string): Promise<void> {
    await this.change(appId, openId, async (manager, covered) => {
      const cleared = covered ? await this.clearCopies(manager, covered, []) : [];
      await this.write(manager, [
        this.events.entry({
          type: 'wechat.user_info_modified',
          userId: covered?.user_id ?? null,
          actor: 'wechat',
          details: { appId, cleared },
        }),
      ]);
    });
  }

  /**
   * The person withdrew the consent: WeChat's secrets of the identity go, and what was copied from WeChat.
   * @param revokeInfo what was withdrawn, for the record: WeChat names no value that stands for less than everything
   * @returns the identity whose sessions must end now; `null` for somebody unknown
   */
  authorizationRevoked(appId: string, openId: string, revokeInfo: string | null): Promise<string | null> {
    return this.change(appId, openId, async (manager, covered) => {
      const cleared = covered ? await this.clearCopies(manager, covered, phoneOf(covered)) : [];
      const identityId = covered?.identity_id ?? null;
      await this.write(manager, [
        ...(identityId === null ? [] : [forgetSecrets(identityId)]),
        this.events.entry({
          type: 'wechat.user_authorization_revoke',
          userId: covered?.user_id ?? null,
          actor: 'wechat',
          details: { appId, identityId, revokeInfo, cleared },
        }),
      ]);
      return identityId;
    });
  }

  /**
   * The person closed the WeChat account: the identity goes with its sessions, and the user with their last identity.
   * A user who stays keeps nothing that was copied from this account.
   * @returns the identity that is gone; `null` for somebody unknown
   */
  accountCancelled(appId: string, openId: string): Promise<string | null> {
    return this.change(appId, openId, async (manager, covered) => {
      const identityId = covered?.identity_id ?? null;
      // Before its events are written: the older ones lose their details with the user.
      const wasLast = covered !== null && (await this.isLast(manager, covered));
      if (wasLast) {
        const reason = 'wechat account cancelled';
        await this.deleteUser.within(manager, covered.user_id, { actor: 'wechat', reason });
      } else if (covered) {
        await this.deleteIdentity(manager, covered);
      }
      const common = {
        userId: covered?.user_id ?? null,
        actor: 'wechat',
        details: { appId, identityId },
      } as const;
      await this.write(manager, [
        this.events.entry({ type: 'wechat.user_authorization_cancellation', ...common }),
        ...(covered ? [this.events.entry({ type: 'identity.deleted', ...common })] : []),
      ]);
      return identityId;
    });
  }

  private async change<T>(
    appId: string,
    openId: string,
    work: (manager: EntityManager, covered: Covered | null) => Promise<T>,
  ): Promise<T> {
    const result = await this.database.transaction(async (manager) =>
      work(manager, await this.lock(manager, appId, openId)),
    );
    this.avatarJobs.wake();
    return result;
  }

  /** The user is locked before the identity is read: nobody can merge, link or delete until the transaction ends. */
  private async lock(manager: EntityManager, appId: string, openId: string): Promise<Covered | null> {
    const [owner] = await manager.query<{ user_id: string }[]>(
      'SELECT user_id FROM wechat_identities WHERE app_id = ? AND open_id = ?',
      [appId, openId],
    );
    if (!owner) return null;
    await manager.query(`SELECT id FROM users WHERE id = ?${this.database.forUpdate}`, [owner.user_id]);
    const [covered] = await manager.query<Covered[]>(
      `SELECT i.id AS identity_id, i.app_kind, i.union_id, u.id AS user_id, u.nickname, u.nickname_source,
         u.avatar_key, u.avatar_source, u.phone_number
       FROM wechat_identities i JOIN users u ON u.id = i.user_id
       WHERE i.app_id = ? AND i.open_id = ? AND u.id = ?`,
      [appId, openId, owner.user_id],
    );
    if (!covered) throw new LostRace('the identity went to another user or away');
    return covered;
  }

  /**
   * Clears nickname and picture unless the person chose them, and further columns.
   * @returns names of what was there, for the record
   */
  private async clearCopies(
    manager: EntityManager,
    covered: Covered,
    further: readonly 'phone_number'[],
  ): Promise<string[]> {
    const { user_id: userId, avatar_key: avatarKey } = covered;
    const nickname = covered.nickname !== null && covered.nickname_source !== 'person';
    const avatar = avatarKey !== null && covered.avatar_source !== 'person';
    const columns = [
      ...(nickname ? ['nickname', 'nickname_source'] : []),
      ...(avatar ? ['avatar_key', 'avatar_source'] : []),
      ...further,
    ];
    await this.write(manager, [
      { sql: "DELETE FROM avatar_jobs WHERE user_id = ? AND kind = 'copy'", parameters: [userId] },
      ...(avatar ? [this.avatarJobs.deleteStatement(avatarKey)] : []),
      {
        sql: `UPDATE users SET ${columns.map((column) => `${column} = NULL, `).join('')}updated_at = ? WHERE id = ?`,
        parameters: [toSqlTime(this.clock.now()), userId],
      },
    ]);
    return [
      ...(nickname ? ['nickname'] : []),
      ...(avatar ? ['avatar'] : []),
      ...(further.length > 0 ? ['phoneNumber'] : []),
    ];
  }

  private async isLast(
    manager: EntityManager,
    { identity_id: id, user_id: userId }: Covered,
  ): Promise<boolean> {
    const others = await manager.query<unknown[]>(
      'SELECT id FROM wechat_identities WHERE user_id = ? AND id <> ? LIMIT 1',
      [userId, id],
    );
    return others.length === 0;
  }

  /** Identities of one unionid have one user, so only that user's can be left. */
  private async deleteIdentity(manager: EntityManager, covered: Covered): Promise<void> {
    await this.clearCopies(manager, covered, phoneOf(covered));
    await this.write(manager, [
      { sql: 'DELETE FROM wechat_identities WHERE id = ?', parameters: [covered.identity_id] },
      {
        sql: `DELETE FROM union_ids WHERE union_id = ? AND NOT EXISTS
              (SELECT 1 FROM wechat_identities i WHERE i.user_id = ? AND i.union_id = ?)`,
        parameters: [covered.union_id, covered.user_id, covered.union_id],
      },
    ]);
  }

  private async write(manager: EntityManager, statements: readonly Statement[]): Promise<void> {
    for (const { sql, parameters } of statements) await manager.query(sql, [...parameters]);
  }
}

/** A phone number comes from a mini program only: it is covered by a mini program's consent. */
function phoneOf({ app_kind: appKind, phone_number: phoneNumber }: Covered): 'phone_number'[] {
  return appKind === 'mini_program' && phoneNumber !== null ? ['phone_number'] : [];
}

function forgetSecrets(identityId: string): Statement {
  return {
    sql: `UPDATE wechat_identities SET session_key = NULL, previous_session_key = NULL, session_key_at = NULL,
          refresh_token = NULL WHERE id = ?`,
    parameters: [identityId],
  };
}
