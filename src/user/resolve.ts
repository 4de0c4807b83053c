import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../common/app-error.js';
import type { SelectedRow } from '../database/columns.js';
import type { Database } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import type { EventLog, NewEvent } from '../events/event-log.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import { type IdentityOfUser, SELECT_IDENTITY_OF_USER, toIdentityOfUser } from './identity-rows.js';
import { MergeUsers } from './merge-users.js';

/** The identity and user of a login, and whether the user is new. */
export interface Resolved extends IdentityOfUser {
  readonly isNewUser: boolean;
}

/**
 * The slow path of `UserService.resolve`, for everybody but a returning person: all steps in one transaction.
 * The database ensures uniqueness. A lost race is `LostRace` or a duplicate key, and the transaction is repeated.
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
   * known (appId, openId) -> its user; else known unionId -> that user gets the identity; else a new user.
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
   * Links an identity to a user who asked for it. One that is the user's already stays as it is.
   * @throws AppError IDENTITY_TAKEN when the WeChat account is somebody else's; WECHAT_UNIONID_CHANGED
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

  /** A unionid that arrives later is attached. Where it belongs to another user, the two are merged. */
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
   * The user of a unionid, locked together with other users; `null` where it has none.
   * @throws LostRace when the unionid was deleted or moved before its user was locked
   */
  private async lockOwner(unionId: string, others: readonly string[]): Promise<string | null> {
    const owner = await this.ownerOf(unionId);
    const users = new Set(owner === null ? others : [owner, ...others]);
    // In the order of their ids, so that two transactions cannot deadlock.
    for (const userId of [...users].sort()) await this.lockUser(userId);
    // Unlinking, merging and deleting lock the user's row too: from here on the unionid stays where it is.
    if ((await this.ownerOf(unionId)) !== owner)
      throw new LostRace('the unionid went to another user or away');
    return owner;
  }

  /** Until this transaction ends, nobody else can merge or delete the user. */
  private async lockUser(userId: string): Promise<void> {
    const [row] = await this.rows<{ status: string }>(
      `SELECT status FROM users WHERE id = ?${this.database.forUpdate}`,
      [userId],
    );
    if (!row || row.status === 'merged') throw new LostRace('the user was merged or deleted');
  }

  private async createUser(): Promise<string> {
    const id = uuidv7();
    const now = toSqlTime(this.now);
    await this.manager.query(
      `INSERT INTO users (id, status, created_at, updated_at) VALUES (?, 'active', ?, ?)`,
      [id, now, now],
    );
    return id;
  }

  /** @returns the id of the new identity */
  private async createIdentity(userId: string, login: WeChatLogin): Promise<string> {
    const id = uuidv7();
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
    const { sql, parameters } = this.events.entry(event);
    await this.manager.query(sql, [...parameters]);
  }

  private rows<Row>(sql: string, parameters: readonly (string | null)[]): Promise<Row[]> {
    return this.manager.query<Row[]>(sql, [...parameters]);
  }
}
