import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { freshId } from '../crypto/fresh-id.js';
import type { SelectedRow } from '../database/columns.js';
import type { Database } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import type { EventLog, NewEvent } from '../events/event-log.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import { type IdentityOfUser, SELECT_IDENTITY_OF_USER, toIdentityOfUser } from './identity-rows.js';
import { MergeUsers } from './merge-users.js';

/** An identity with its user, and whether the user is new. */
export interface Resolved extends IdentityOfUser {
  readonly isNewUser: boolean;
}

/**
 * The slow path of `UserService.resolve`, for everybody but returning people: all steps in one transaction.
 * Unique indexes decide races: the loser gets `LostRace` or a duplicate key error, and is retried.
 */
export class ResolveInTransaction {
  constructor(
    private readonly manager: EntityManager,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly acceptUnionIdChange: readonly string[],
    private readonly now: number,
  ) {}

  /**
   * A known (appId, openId) has its user. Else the user of a known unionId gets the identity. Else a new user
   * is created.
   * @throws AppError WECHAT_UNIONID_CHANGED
   */
  async resolve(login: WeChatLogin): Promise<Resolved> {
    const known = await this.find(login.appId, login.openId);
    if (known) {
      await this.reconcileUnionId(known, login.unionId);
      return { ...(await this.reread(login)), isNewUser: false };
    }
    const owner = login.unionId === null ? null : await this.lockOwner(login.unionId, []);
    const userId = owner ?? (await this.createUser());
    const identityId = await this.createIdentity(userId, login);
    if (login.unionId !== null && owner === null) await this.claimUnionId(login.unionId, userId);
    await this.record({
      type: owner === null ? 'user.created' : 'identity.linked',
      userId,
      actor: 'user',
      details: {
        appId: login.appId,
        appKind: login.appKind,
        identityId,
        by: owner === null ? 'first login' : 'unionid',
      },
    });
    return { ...(await this.reread(login)), isNewUser: owner === null };
  }

  /**
   * Links an identity to a user at the user's request. An identity that the user already has stays as it is.
   * @throws AppError IDENTITY_TAKEN if the WeChat account belongs to another user; WECHAT_UNIONID_CHANGED
   */
  async link(userId: string, login: WeChatLogin): Promise<Resolved> {
    await this.lockUser(userId);
    const known = await this.find(login.appId, login.openId);
    const owner = login.unionId === null ? null : await this.ownerOf(login.unionId);
    if ((known && known.user.id !== userId) || (owner !== null && owner !== userId)) {
      throw new AppError('IDENTITY_TAKEN');
    }
    if (known) {
      await this.reconcileUnionId(known, login.unionId);
    } else {
      const identityId = await this.createIdentity(userId, login);
      if (login.unionId !== null && owner === null) await this.claimUnionId(login.unionId, userId);
      await this.record({
        type: 'identity.linked',
        userId,
        actor: 'user',
        details: { appId: login.appId, appKind: login.appKind, identityId, by: 'the user' },
      });
    }
    return { ...(await this.reread(login)), isNewUser: false };
  }

  /**
   * Attaches a unionid that WeChat supplies late. If it belongs to another user, the two users are one person
   * and are merged.
   */
  private async reconcileUnionId({ identity, user }: IdentityOfUser, unionId: string | null): Promise<void> {
    if (unionId === null || unionId === identity.unionId) return;
    const changed = identity.unionId !== null;
    if (changed && !this.acceptUnionIdChange.includes(identity.appId))
      throw new AppError('WECHAT_UNIONID_CHANGED');
    const owner = await this.lockOwner(unionId, [user.id]);
    if (owner === null) await this.claimUnionId(unionId, user.id);
    await this.manager.query('UPDATE wechat_identities SET union_id = ? WHERE id = ?', [
      unionId,
      identity.id,
    ]);
    await this.record({
      type: changed ? 'identity.unionid_changed' : 'identity.unionid_attached',
      userId: user.id,
      actor: 'user',
      details: { appId: identity.appId, identityId: identity.id },
    });
    if (owner !== null && owner !== user.id) {
      await new MergeUsers(this.manager, this.database, this.events, this.now).merge(owner, user.id);
    }
  }

  private async find(appId: string, openId: string): Promise<IdentityOfUser | null> {
    const [row] = await this.rows<SelectedRow>(
      `${SELECT_IDENTITY_OF_USER} WHERE i.app_id = ? AND i.open_id = ?`,
      [appId, openId],
    );
    return row ? toIdentityOfUser(row) : null;
  }

  private async reread(login: WeChatLogin): Promise<IdentityOfUser> {
    const found = await this.find(login.appId, login.openId);
    if (!found) throw new LostRace('the identity was deleted');
    return found;
  }

  private async ownerOf(unionId: string): Promise<string | null> {
    const [row] = await this.rows<{ user_id: string }>('SELECT user_id FROM union_ids WHERE union_id = ?', [
      unionId,
    ]);
    return row?.user_id ?? null;
  }

  /**
   * Returns the user of a unionid, `null` if there is none, and locks that user together with others.
   * @throws LostRace if the unionid was removed or moved before its user was locked
   */
  private async lockOwner(unionId: string, others: readonly string[]): Promise<string | null> {
    const owner = await this.ownerOf(unionId);
    const users = new Set(owner === null ? others : [owner, ...others]);
    // In the order of their ids, so that two such transactions cannot deadlock.
    for (const userId of [...users].sort()) await this.lockUser(userId);
    // Unlinking, merging and deleting lock the user's row, so the unionid cannot change after this check.
    if ((await this.ownerOf(unionId)) !== owner) throw new LostRace('the unionid was moved or deleted');
    return owner;
  }

  /** Locks a user, so that no merge or deletion happens before this transaction ends. */
  private async lockUser(userId: string): Promise<void> {
    const [row] = await this.rows<{ status: string }>(
      `SELECT status FROM users WHERE id = ?${this.database.forUpdate}`,
      [userId],
    );
    if (!row || row.status === 'merged') throw new LostRace('the user was merged or deleted');
  }

  private async createUser(): Promise<string> {
    const id = freshId();
    const now = toSqlTime(this.now);
    await this.manager.query(
      `INSERT INTO users (id, status, created_at, updated_at) VALUES (?, 'active', ?, ?)`,
      [id, now, now],
    );
    return id;
  }

  /** @returns id of the new identity */
  private async createIdentity(userId: string, login: WeChatLogin): Promise<string> {
    const id = freshId();
    await this.manager.query(
      `INSERT INTO wechat_identities (id, user_id, app_id, app_kind, open_id, union_id, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [id, userId, login.appId, login.appKind, login.openId, login.unionId, toSqlTime(this.now)],
    );
    return id;
  }

  private async claimUnionId(unionId: string, userId: string): Promise<void> {
    await this.manager.query('INSERT INTO union_ids (union_id, user_id) VALUES (?, ?)', [unionId, userId]);
  }

  private async record(event: NewEvent): Promise<void> {
    await execute(this.manager, this.events.entry(event));
  }

  private rows<Row>(sql: string, parameters: readonly (string | null)[]): Promise<Row[]> {
    return this.manager.query<Row[]>(sql, [...parameters]);
  }
}
