import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { KeyRing } from '../crypto/key-ring.js';
import { AppConfig } from '../config/app-config.js';
import type { SelectedRow } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { LostRace } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import { Refusals } from '../events/refusals.js';
import { type WeChatLogin, withProfile } from '../wechat/wechat-login.js';
import { AvatarJobs } from './avatar-jobs.js';
import {
  type IdentityOfUser,
  LOADED_COLUMNS,
  SELECT_IDENTITY_OF_USER,
  toIdentityOfUser,
} from './identity-rows.js';
import { nicknameFromWeChat } from './nickname.js';
import { type Resolved, ResolveInTransaction } from './resolve.js';
import { SessionKeys } from './session-keys.js';
import { sealingContext } from './sealed-columns.js';

/** A login with its user. The caller has to commit `writesOf` it, or to call `settle`. */
export interface ResolvedLogin extends Resolved {
  readonly writes: readonly Statement[];
  /** WeChat's refresh token, encrypted for this identity (`refreshTokenWrites`); `null` if WeChat gave none. */
  readonly refreshToken: string | null;
}

/** Users and their identities. Of WeChat it knows only the type `WeChatLogin`. */
@Injectable()
export class UserService {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly refusals: Refusals,
    private readonly sessionKeys: SessionKeys,
    private readonly avatarJobs: AvatarJobs,
    private readonly keyRing: KeyRing,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the user of a login: that of the known (appId, openId), else of the known unionId, else a new
   * one. For a returning person whose nickname and picture are known it takes one SELECT, and no call to WeChat
   * for the profile. Concurrent first logins of one person create one user.
   * @throws AppError ACCOUNT_DISABLED, WECHAT_UNIONID_CHANGED; both are recorded
   */
  async resolve(login: WeChatLogin): Promise<ResolvedLogin> {
    const known = await this.returning(login);
    if (known && !lacksProfile(known, login)) return this.finished(known, login);
    const whole = await withProfile(login);
    // After a call to WeChat the row is read again: meanwhile the account may have been disabled or merged.
    const returning = whole === login ? known : await this.returning(whole);
    return this.finished(
      returning ?? (await this.inTransaction(whole, (resolving) => resolving.resolve(whole))),
      whole,
    );
  }

  /**
   * The same, but creates no user.
   * @returns `null` for a person who would be a new user
   */
  async resolveExisting(login: WeChatLogin): Promise<ResolvedLogin | null> {
    if (!(await this.isKnown(login))) return null;
    return this.resolve(login);
  }

  /**
   * Links a WeChat account to a user who is logged in.
   * @throws AppError IDENTITY_TAKEN, ACCOUNT_DISABLED, WECHAT_UNIONID_CHANGED; SESSION_ENDED if the user no
   * longer exists
   */
  async link(userId: string, login: WeChatLogin): Promise<ResolvedLogin> {
    const resolved = await this.inTransaction(login, (resolving) => resolving.link(userId, login)).catch(
      userIsGone,
    );
    return this.finished(resolved, login);
  }

  /** Commits the writes of a login whose session is opened later, or not at all. */
  async settle(login: ResolvedLogin): Promise<void> {
    const writes = this.writesOf(login);
    if (writes.length > 0) await this.database.batch(writes);
    this.avatarJobs.wake();
  }

  /** Returns an identity with its user. */
  async findIdentity(identityId: string): Promise<IdentityOfUser | null> {
    const [row] = await this.database.select<SelectedRow>(`${SELECT_IDENTITY_OF_USER} WHERE i.id = ?`, [
      identityId,
    ]);
    return row ? toIdentityOfUser(row) : null;
  }

  /**
   * Returns a page of a user's identities, the oldest first.
   * @param after id of the last identity of the previous page; `null` for the first
   */
  async identitiesOf(
    userId: string,
    after: string | null,
    limit: number,
  ): Promise<IdentityOfUser['identity'][]> {
    const rows = await this.database.select<SelectedRow>(
      `SELECT ${LOADED_COLUMNS} FROM wechat_identities i ${this.database.forceIndex('ix_wechat_identities_user_id')}
       JOIN users u ON u.id = i.user_id WHERE i.user_id = ? AND i.id > ? ORDER BY i.id LIMIT ?`,
      [userId, after ?? '', limit],
    );
    return rows.map((row) => toIdentityOfUser(row).identity);
  }

  /**
   * Returns the identity of a user in an app, the newest if there are several; `null` if there is none.
   */
  async identityIn(appId: string, userId: string): Promise<IdentityOfUser['identity'] | null> {
    const [row] = await this.database.select<SelectedRow>(
      `SELECT ${LOADED_COLUMNS} FROM wechat_identities i ${this.database.forceIndex('ix_wechat_identities_user_id')}
       JOIN users u ON u.id = i.user_id WHERE i.user_id = ? AND i.app_id = ? ORDER BY i.id DESC LIMIT 1`,
      [userId, appId],
    );
    return row ? toIdentityOfUser(row).identity : null;
  }

  /**
   * Returns a chunk of the users that were merged into one.
   * @param after id of the last user of the previous chunk; `null` for the first
   */
  mergedInto(userId: string, after: string | null, limit: number): Promise<{ readonly id: string }[]> {
    return this.database.select(
      `SELECT id FROM users ${this.database.forceIndex('ix_users_merged_into')}
       WHERE merged_into = ? AND id > ? ORDER BY id LIMIT ?`,
      [userId, after ?? '', limit],
    );
  }

  /**
   * All that a login has to commit: its `writes` and its refresh token.
   * @param loginAt when the person logged in at WeChat (ms)
   */
  writesOf({ identity, writes, refreshToken }: ResolvedLogin, loginAt = this.clock.now()): Statement[] {
    return [...writes, ...this.refreshTokenWrites(identity.id, refreshToken, loginAt)];
  }

  /**
   * Stores WeChat's refresh token of a login, unless the person has revoked their consent since.
   * @param sealed `ResolvedLogin.refreshToken`; under the current key again if the keys have changed since
   * @param loginAt when the person logged in at WeChat (ms)
   */
  refreshTokenWrites(identityId: string, sealed: string | null, loginAt: number): Statement[] {
    if (sealed === null) return [];
    const current = this.keyRing.resealed(sealed, sealingContext('refresh_token', identityId));
    if (current === null) return [];
    return [
      {
        sql: `UPDATE wechat_identities SET refresh_token = ?
              WHERE id = ? AND (consent_revoked_at IS NULL OR consent_revoked_at < ?)`,
        parameters: [current, identityId, toSqlTime(loginAt)],
      },
    ];
  }

  /** The same for a login that opens no session. */
  async keepRefreshToken(identityId: string, sealed: string | null, loginAt: number): Promise<void> {
    const writes = this.refreshTokenWrites(identityId, sealed, loginAt);
    if (writes.length > 0) await this.database.batch(writes);
  }

  /**
   * Sets the last login of the user and the identity of a session.
   * @param openedAt the time in the reply of the login (ms)
   */
  lastLoginWrites({ identity, user }: IdentityOfUser, openedAt: number): Statement[] {
    const at = toSqlTime(openedAt);
    return [
      { sql: 'UPDATE wechat_identities SET last_login_at = ? WHERE id = ?', parameters: [at, identity.id] },
      { sql: 'UPDATE users SET last_login_at = ? WHERE id = ?', parameters: [at, user.id] },
    ];
  }

  private async finished(resolved: Resolved, login: WeChatLogin): Promise<ResolvedLogin> {
    await this.refuseDisabled(resolved);
    const { refreshToken } = login;
    return {
      ...resolved,
      writes: this.loginWrites(resolved, login),
      refreshToken:
        refreshToken === null
          ? null
          : this.keyRing.seal(refreshToken, sealingContext('refresh_token', resolved.identity.id)),
    };
  }

  /** Resolves a returning person whose unionid is unchanged or not given. */
  private async returning(login: WeChatLogin): Promise<Resolved | null> {
    const [row] = await this.database.select<SelectedRow>(
      `${SELECT_IDENTITY_OF_USER} WHERE i.app_id = ? AND i.open_id = ?`,
      [login.appId, login.openId],
    );
    if (!row) return null;
    const known = toIdentityOfUser(row);
    const saysNothingNew = login.unionId === null || login.unionId === known.identity.unionId;
    return saysNothingNew ? { ...known, isNewUser: false } : null;
  }

  private async inTransaction(
    login: WeChatLogin,
    work: (resolving: ResolveInTransaction) => Promise<Resolved>,
  ): Promise<Resolved> {
    try {
      return await this.database.transaction((manager) =>
        work(
          new ResolveInTransaction(
            manager,
            this.database,
            this.events,
            this.config.wechat.acceptUnionIdChange,
            this.clock.now(),
          ),
        ),
      );
    } catch (error) {
      if (error instanceof AppError && error.code === 'WECHAT_UNIONID_CHANGED') {
        // After the rollback, which would undo the record.
        const known = await this.returning({ ...login, unionId: null });
        await this.events.record({
          type: 'identity.unionid_change_refused',
          userId: known?.user.id ?? null,
          actor: 'user',
          details: { appId: login.appId, identityId: known?.identity.id ?? null },
        });
      }
      throw error;
    }
  }

  private async isKnown(login: WeChatLogin): Promise<boolean> {
    const rows = await this.database.select<{ known: number }>(
      `SELECT 1 AS known FROM wechat_identities WHERE app_id = ? AND open_id = ?
       UNION ALL SELECT 1 AS known FROM union_ids WHERE union_id = ?`,
      [login.appId, login.openId, login.unionId],
    );
    return rows.length > 0;
  }

  /**
   * Refuses a login to an account that is not active.
   * @throws AppError ACCOUNT_DISABLED, recorded
   */
  async refuseDisabled({ identity, user }: IdentityOfUser): Promise<void> {
    if (user.status === 'active') return;
    await this.refusals.login('ACCOUNT_DISABLED', { userId: user.id, appId: identity.appId });
    throw new AppError('ACCOUNT_DISABLED');
  }

  /**
   * The identity's row comes before the user's, as in every login, so that two logins of one person cannot
   * deadlock.
   */
  private loginWrites({ identity, user }: Resolved, login: WeChatLogin): Statement[] {
    const writes: (Statement | null)[] = [
      login.sessionKey &&
        this.sessionKeys.replacement(
          identity.id,
          identity.sessionKey,
          login.sessionKey.value,
          login.sessionKey.obtainedAt,
        ),
      this.nicknameWrite(user, login),
      ...(user.avatarKey === null
        ? this.avatarJobs.copyStatements(user.id, login.profile?.avatarUrl ?? null, false)
        : []),
    ];
    return writes.filter((write) => write !== null);
  }

  /** WeChat's nickname is used only if the user has none. It never replaces one that the person chose. */
  private nicknameWrite(user: Resolved['user'], login: WeChatLogin): Statement | null {
    const nickname = nicknameFromWeChat(login.profile?.nickname ?? null);
    if (nickname === null || user.nickname !== null) return null;
    return {
      sql: `UPDATE users SET nickname = ?, nickname_source = 'wechat', updated_at = ? WHERE id = ? AND nickname IS NULL`,
      parameters: [nickname, toSqlTime(this.clock.now()), user.id],
    };
  }
}

/** Whether WeChat may know something about a returning person that is still missing here. */
function lacksProfile({ user }: IdentityOfUser, { unionId }: WeChatLogin): boolean {
  return user.nickname === null || user.avatarKey === null || unionId === null;
}

/** If the user was merged or deleted in every attempt, the account no longer exists, and its session ends. */
function userIsGone(error: unknown): never {
  throw error instanceof LostRace ? new AppError('SESSION_ENDED') : error;
}
