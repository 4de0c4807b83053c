import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { AppKind } from '../channel/app-kinds.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';
import { DeleteUser, type Histories } from './delete-user.js';
import type { ProfileSource } from './user.entity.js';

/** What of the user a consent may cover; `person`: also where the person chose it, in the mini program. */
interface Withdrawn {
  readonly nickname: 'copied' | 'person' | null;
  readonly avatar: 'copied' | 'person' | null;
  readonly phoneNumber: boolean;
  /** Nothing is left: WeChat's secrets go, and sessions end. */
  readonly everything: boolean;
}

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

  /** WeChat judged nickname and picture a risk: they are cleared, chosen by the person or not. */
  async profileModified(appId: string, openId: string): Promise<void> {
    await this.change(appId, openId, async (manager, covered) => {
      const cleared = covered ? await this.clear(manager, covered, PROFILE) : [];
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
   * The person withdrew a consent: what `RevokeInfo` names is forgotten, and nothing else. Where it says everything,
   * or something unknown, all that the consent of this app covered goes, with WeChat's secrets of the identity.
   * @returns the identity whose sessions must end now; `null` where they go on, and for somebody unknown
   */
  authorizationRevoked(appId: string, openId: string, revokeInfo: string | null): Promise<string | null> {
    return this.change(appId, openId, async (manager, covered) => {
      const withdrawn = covered && withdrawnBy(revokeInfo, covered.app_kind);
      const cleared = covered && withdrawn ? await this.clear(manager, covered, withdrawn) : [];
      const ended = covered && withdrawn?.everything ? covered.identity_id : null;
      await this.write(manager, [
        ...(ended === null ? [] : [forgetSecrets(ended)]),
        this.events.entry({
          type: 'wechat.user_authorization_revoke',
          userId: covered?.user_id ?? null,
          actor: 'wechat',
          details: {
            appId,
            identityId: covered?.identity_id ?? null,
            revokeInfo: revokeInfo !== null && RECORDABLE.test(revokeInfo) ? revokeInfo : null,
            cleared,
          },
        }),
      ]);
      return ended;
    });
  }

  /**
   * The person closed the WeChat account: the identity goes with its sessions, and the user with their last identity.
   * A user who stays keeps nothing that was copied from this account.
   * @returns the identity that is gone; `null` for somebody unknown
   */
  async accountCancelled(appId: string, openId: string): Promise<string | null> {
    const histories = await this.prepareDeletion(appId, openId);
    return this.change(appId, openId, async (manager, covered) => {
      const identityId = covered?.identity_id ?? null;
      // Before its events are written: the older ones lose their details with the user.
      const wasLast = covered !== null && (await this.isLast(manager, covered));
      if (wasLast) {
        const reason = 'wechat account cancelled';
        await this.deleteUser.within(manager, covered.user_id, { actor: 'wechat', reason }, histories);
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

  /** Where the user goes with this identity. Looked at again within the transaction. */
  private async prepareDeletion(appId: string, openId: string): Promise<Histories> {
    const [row] = await this.database.select<{ user_id: string }>(
      `SELECT i.user_id FROM wechat_identities i WHERE i.app_id = ? AND i.open_id = ? AND NOT EXISTS
       (SELECT 1 FROM wechat_identities o WHERE o.user_id = i.user_id AND o.id <> i.id)`,
      [appId, openId],
    );
    return row ? this.deleteUser.prepare(row.user_id) : new Map();
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

  /** @returns names of what was there and is cleared, for the record */
  private async clear(manager: EntityManager, covered: Covered, withdrawn: Withdrawn): Promise<string[]> {
    const { user_id: userId, avatar_key: avatarKey } = covered;
    const goes = (how: Withdrawn['nickname'], source: ProfileSource | null): boolean =>
      how === 'person' || (how === 'copied' && source !== 'person');
    const nickname = covered.nickname !== null && goes(withdrawn.nickname, covered.nickname_source);
    const avatar = avatarKey !== null && goes(withdrawn.avatar, covered.avatar_source);
    const phoneNumber = covered.phone_number !== null && withdrawn.phoneNumber;
    const columns = [
      ...(nickname ? ['nickname', 'nickname_source'] : []),
      ...(avatar ? ['avatar_key', 'avatar_source'] : []),
      ...(phoneNumber ? ['phone_number'] : []),
    ];
    await this.write(manager, [
      ...(withdrawn.avatar === null
        ? []
        : [{ sql: "DELETE FROM avatar_jobs WHERE user_id = ? AND kind = 'copy'", parameters: [userId] }]),
      ...(avatar ? [this.avatarJobs.deleteStatement(avatarKey)] : []),
      {
        sql: `UPDATE users SET ${columns.map((column) => `${column} = NULL, `).join('')}updated_at = ? WHERE id = ?`,
        parameters: [toSqlTime(this.clock.now()), userId],
      },
    ]);
    return [
      ...(nickname ? ['nickname'] : []),
      ...(avatar ? ['avatar'] : []),
      ...(phoneNumber ? ['phoneNumber'] : []),
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
    await this.clear(manager, covered, {
      ...coveredBy(covered.app_kind),
      nickname: 'copied',
      avatar: 'copied',
    });
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

const RECORDABLE = /^[A-Za-z0-9,;_-]{1,64}$/;
const NOTHING: Withdrawn = { nickname: null, avatar: null, phoneNumber: false, everything: false };
const PROFILE: Withdrawn = { ...NOTHING, nickname: 'person', avatar: 'person' };

/** What the values of `RevokeInfo` withdraw of what is kept here (wechat-api.md section 6.5). */
const WITHDRAWALS: Readonly<Partial<Record<AppKind, Readonly<Record<string, Withdrawn>>>>> = {
  mini_program: {
    ...Object.fromEntries(
      ['1', '2', '3', '4', '5', '7', '12', '13', '14', '15', '16', '18'].map((value) => [value, NOTHING]),
    ),
    '6': PROFILE,
    '8': { ...NOTHING, phoneNumber: true },
    '19': { ...NOTHING, nickname: 'person' },
    '20': { ...NOTHING, avatar: 'person' },
  },
  official_account: {
    ...Object.fromEntries(['201', '202', '203', '204', '206', '207'].map((value) => [value, NOTHING])),
    '205': { ...NOTHING, nickname: 'copied', avatar: 'copied' },
  },
};

/**
 * All that the consent of an app covers. In a mini program people choose nickname and picture through WeChat, and
 * a phone number comes from there alone; elsewhere it is what was copied from WeChat.
 */
function coveredBy(appKind: AppKind): Withdrawn {
  const how = appKind === 'mini_program' ? 'person' : 'copied';
  return { nickname: how, avatar: how, phoneNumber: appKind === 'mini_program', everything: true };
}

/** What a RevokeInfo withdraws, one value or several; a value that is unknown withdraws everything. */
function withdrawnBy(revokeInfo: string | null, appKind: AppKind): Withdrawn {
  const values = (revokeInfo ?? '').split(/[,;\s]+/).filter((value) => value !== '');
  const parts = values.map((value) => WITHDRAWALS[appKind]?.[value]);
  if (parts.length === 0) return coveredBy(appKind);
  return parts.reduce<Withdrawn>((whole, part) => {
    if (part === undefined || whole.everything) return coveredBy(appKind);
    return {
      nickname: whole.nickname ?? part.nickname,
      avatar: whole.avatar ?? part.avatar,
      phoneNumber: whole.phoneNumber || part.phoneNumber,
      everything: false,
    };
  }, NOTHING);
}

function forgetSecrets(identityId: string): Statement {
  return {
    sql: `UPDATE wechat_identities SET session_key = NULL, previous_session_key = NULL, session_key_at = NULL,
          refresh_token = NULL WHERE id = ?`,
    parameters: [identityId],
  };
}
