import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { type AppKind, appKind, type ConsentExtent, type ConsentItem } from '../channel/app-kinds.js';
import type { Row } from '../database/columns.js';
import { Database } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import { EventLog } from '../events/event-log.js';
import { AvatarJobs } from './avatar-jobs.js';
import { DeleteUser, type Histories } from './delete-user.js';
import { COVERED_COLUMNS, COVERED_ITEMS, type CoveredColumn, REVOKE_ASSIGNMENTS } from './column-sql.js';
import type { User } from './user.entity.js';

/** The extent of a revocation. */
type Withdrawn = Readonly<Record<ConsentItem, ConsentExtent>> & {
  /** All consent of the app is revoked: WeChat's secrets are deleted, and the sessions end. */
  readonly everything: boolean;
};

/** An identity and its user's columns that a consent may cover. Both rows are locked. */
interface Covered extends Pick<Row<User>, CoveredColumn> {
  readonly identity_id: string;
  readonly app_kind: AppKind;
  readonly union_id: string | null;
  readonly user_id: string;
}

/**
 * Applies WeChat's notifications about people's consent (wechat-api.md section 6.5). `USER_COLUMNS` and
 * `IDENTITY_COLUMNS` say which columns a consent covers. Each method is one idempotent transaction that
 * includes its event. For an unknown openid it only records the event.
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

  /** WeChat rated nickname and picture as a risk. They are cleared even if the person chose them. */
  async profileModified(appId: string, openId: string): Promise<void> {
    await this.change(appId, openId, async (manager, covered) => {
      const cleared = covered ? await this.clear(manager, covered, PROFILE) : [];
      await execute(
        manager,
        this.events.entry({
          type: 'wechat.user_info_modified',
          userId: covered?.user_id ?? null,
          actor: 'wechat',
          details: { appId, cleared },
        }),
      );
    });
  }

  /**
   * The person revoked a consent. Only the items that `RevokeInfo` names are cleared. If it names everything,
   * or a value that is unknown here, all items that this app's consent covers are cleared, and WeChat's
   * secrets of the identity.
   * @returns the identity whose sessions must end now; `null` if they continue, and for an unknown openid
   */
  authorizationRevoked(appId: string, openId: string, revokeInfo: string | null): Promise<string | null> {
    return this.change(appId, openId, async (manager, covered) => {
      const withdrawn = covered && withdrawnBy(revokeInfo, covered.app_kind);
      const cleared = covered && withdrawn ? await this.clear(manager, covered, withdrawn) : [];
      const ended = covered && withdrawn?.everything ? covered.identity_id : null;
      await execute(
        manager,
        ...(ended === null ? [] : [{ sql: REVOKE, parameters: [toSqlTime(this.clock.now()), ended] }]),
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
      );
      return ended;
    });
  }

  /**
   * The person closed the WeChat account. The identity and its sessions are deleted; if it was the last one,
   * the user is, too. A remaining user keeps nothing that was copied from WeChat.
   * @returns the deleted identity; `null` for an unknown openid
   */
  async accountCancelled(appId: string, openId: string): Promise<string | null> {
    const histories = await this.prepareDeletion(appId, openId);
    return this.change(appId, openId, async (manager, covered) => {
      const identityId = covered?.identity_id ?? null;
      // Before the new events are written, because deleting the user empties the details of existing events.
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
      await execute(
        manager,
        this.events.entry({ type: 'wechat.user_authorization_cancellation', ...common }),
        ...(covered ? [this.events.entry({ type: 'identity.deleted', ...common })] : []),
      );
      return identityId;
    });
  }

  /** Prepares the deletion of a user whose last identity this is. The transaction checks that again. */
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

  /**
   * Locks the user before reading the identity. Until the transaction ends there is no merge, link or
   * deletion.
   */
  private async lock(manager: EntityManager, appId: string, openId: string): Promise<Covered | null> {
    const [owner] = await manager.query<{ user_id: string }[]>(
      'SELECT user_id FROM wechat_identities WHERE app_id = ? AND open_id = ?',
      [appId, openId],
    );
    if (!owner) return null;
    await manager.query(`SELECT id FROM users WHERE id = ?${this.database.forUpdate}`, [owner.user_id]);
    const [covered] = await manager.query<Covered[]>(
      `SELECT i.id AS identity_id, i.app_kind, i.union_id, u.id AS user_id, ${COVERED_COLUMNS}
       FROM wechat_identities i JOIN users u ON u.id = i.user_id
       WHERE i.app_id = ? AND i.open_id = ? AND u.id = ?`,
      [appId, openId, owner.user_id],
    );
    if (!covered) throw new LostRace('the identity was moved or deleted');
    return covered;
  }

  /** @returns the items that had a value and were cleared, for the event */
  private async clear(manager: EntityManager, covered: Covered, withdrawn: Withdrawn): Promise<string[]> {
    const { user_id: userId, avatar_key: avatarKey } = covered;
    const cleared = COVERED_ITEMS.filter(({ item, value, source }) => {
      if (covered[value] === null) return false;
      const chosenByPerson = source !== null && covered[source] === 'person';
      return withdrawn[item] === 'any' || (withdrawn[item] === 'copied' && !chosenByPerson);
    });
    const columns = cleared.flatMap((each) => each.columns);
    await execute(
      manager,
      ...(withdrawn.avatar === null
        ? []
        : [{ sql: "DELETE FROM avatar_jobs WHERE user_id = ? AND kind = 'copy'", parameters: [userId] }]),
      ...(avatarKey !== null && columns.includes('avatar_key')
        ? [this.avatarJobs.deleteStatement(avatarKey)]
        : []),
      {
        sql: `UPDATE users SET ${columns.map((column) => `${column} = NULL, `).join('')}updated_at = ? WHERE id = ?`,
        parameters: [toSqlTime(this.clock.now()), userId],
      },
    );
    return cleared.map(({ item }) => item);
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

  /** Identities with the same unionid belong to the same user, so only that user can have further ones. */
  private async deleteIdentity(manager: EntityManager, covered: Covered): Promise<void> {
    await this.clear(manager, covered, {
      ...coveredBy(covered.app_kind),
      nickname: 'copied',
      avatar: 'copied',
    });
    await execute(
      manager,
      { sql: 'DELETE FROM wechat_identities WHERE id = ?', parameters: [covered.identity_id] },
      {
        sql: `DELETE FROM union_ids WHERE union_id = ? AND NOT EXISTS
              (SELECT 1 FROM wechat_identities i WHERE i.user_id = ? AND i.union_id = ?)`,
        parameters: [covered.union_id, covered.user_id, covered.union_id],
      },
    );
  }
}

/** Values of `RevokeInfo` that may be recorded in an event. */
const RECORDABLE = /^[A-Za-z0-9,;_-]{1,64}$/;
const NOTHING: Withdrawn = { nickname: null, avatar: null, phoneNumber: null, everything: false };
const PROFILE: Withdrawn = { ...NOTHING, nickname: 'any', avatar: 'any' };

/** Everything that the consent of an app of this kind covers. */
export function coveredBy(kind: AppKind): Withdrawn {
  return { ...appKind(kind).consent.covers, everything: true };
}

/** What one value of `RevokeInfo` revokes; `undefined` if the value is unknown for this kind of app. */
export function withdrawnByValue(value: string, kind: AppKind): Withdrawn | undefined {
  const { covers, withdrawals } = appKind(kind).consent;
  const items = Object.hasOwn(withdrawals, value) ? withdrawals[value] : undefined;
  return items && { ...NOTHING, ...Object.fromEntries(items.map((item) => [item, covers[item]])) };
}

/** What a RevokeInfo with one or more values revokes. An unknown value revokes everything. */
function withdrawnBy(revokeInfo: string | null, kind: AppKind): Withdrawn {
  const values = (revokeInfo ?? '').split(/[,;\s]+/).filter((value) => value !== '');
  const parts = values.map((value) => withdrawnByValue(value, kind));
  if (parts.length === 0) return coveredBy(kind);
  return parts.reduce<Withdrawn>((whole, part) => {
    if (part === undefined || whole.everything) return coveredBy(kind);
    return {
      nickname: whole.nickname ?? part.nickname,
      avatar: whole.avatar ?? part.avatar,
      phoneNumber: whole.phoneNumber ?? part.phoneNumber,
      everything: false,
    };
  }, NOTHING);
}

const REVOKE = `UPDATE wechat_identities SET ${REVOKE_ASSIGNMENTS} WHERE id = ?`;
