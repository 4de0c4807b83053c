import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { Database, type Statement } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';
import { EventLog } from '../events/event-log.js';
import type { WeChatProfile } from '../wechat/wechat-login.js';
import { AvatarJobs } from './avatar-jobs.js';
import type { IdentityOfUser } from './identity-rows.js';
import { cleanNickname, nicknameFromWeChat } from './nickname.js';
import { UserService } from './user.service.js';
import { sealingContext } from './sealed-columns.js';

/** A website identity whose profile can be read again, with WeChat's refresh token in clear. */
export interface ProfileAuthorization {
  readonly appId: string;
  readonly openId: string;
  readonly refreshToken: string;
}

/** The user of an identity. A subquery, so that it is right even if a merge has just moved the identity. */
const USER_OF_IDENTITY = '(SELECT user_id FROM wechat_identities WHERE id = ?)';

/** Profile data that people enter or WeChat supplies: nickname, picture, phone number. */
@Injectable()
export class Profiles {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly users: UserService,
    private readonly avatarJobs: AvatarJobs,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets the nickname that a person chose. WeChat's placeholder changes nothing, because clients send it
   * unasked.
   * @throws AppError VALIDATION_FAILED if cleaning leaves nothing
   */
  async rename(of: IdentityOfUser, nickname: string): Promise<IdentityOfUser> {
    if (cleanNickname(nickname) === null) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'nickname', message: 'nickname must have a visible character' }],
      });
    }
    const real = nicknameFromWeChat(nickname);
    if (real === null) return this.reread(of);
    return this.change(of, [this.nicknameWrite(of, real, 'person')], ['nickname']);
  }

  /**
   * Replaces the profile by what WeChat returns now, at the person's request. Placeholders overwrite nothing.
   */
  async replaceBy(of: IdentityOfUser, profile: WeChatProfile): Promise<IdentityOfUser> {
    const nickname = nicknameFromWeChat(profile.nickname);
    const current = await this.reread(of);
    const copy =
      profile.avatarUrl === null
        ? []
        : this.avatarJobs.copyStatements(current.user.id, profile.avatarUrl, true);
    const writes = [...(nickname === null ? [] : [this.nicknameWrite(of, nickname, 'wechat')]), ...copy];
    if (writes.length === 0) return current;
    const changed = [...(nickname === null ? [] : ['nickname']), ...(copy.length === 0 ? [] : ['avatar'])];
    return this.change(of, writes, changed);
  }

  /**
   * Sets the phone number that WeChat verified.
   * @param phoneNumber E.164
   * @throws AppError PHONE_NUMBER_TAKEN if another user has it; it is never moved from one user to another
   */
  async setPhoneNumber(of: IdentityOfUser, phoneNumber: string): Promise<IdentityOfUser> {
    try {
      return await this.change(
        of,
        [
          {
            sql: `UPDATE users SET phone_number = ?, updated_at = ? WHERE id = ${USER_OF_IDENTITY}`,
            parameters: [phoneNumber, toSqlTime(this.clock.now()), of.identity.id],
          },
        ],
        ['phoneNumber'],
      );
    } catch (error) {
      if (isDuplicate(error)) throw new AppError('PHONE_NUMBER_TAKEN');
      throw error;
    }
  }

  /**
   * Returns the newest website login whose profile can still be read at WeChat.
   * @throws AppError WECHAT_AUTHORIZATION_EXPIRED if there is none
   */
  async authorization(userId: string): Promise<ProfileAuthorization> {
    const rows = await this.database.select<{
      id: string;
      app_id: string;
      open_id: string;
      refresh_token: string;
    }>(
      `SELECT id, app_id, open_id, refresh_token FROM wechat_identities
       WHERE user_id = ? AND refresh_token IS NOT NULL ORDER BY last_login_at DESC`,
      [userId],
    );
    for (const row of rows) {
      const refreshToken = this.open(row.id, row.refresh_token);
      if (refreshToken !== null) return { appId: row.app_id, openId: row.open_id, refreshToken };
    }
    throw new AppError('WECHAT_AUTHORIZATION_EXPIRED');
  }

  private nicknameWrite(
    { identity }: IdentityOfUser,
    nickname: string,
    source: 'person' | 'wechat',
  ): Statement {
    return {
      sql: `UPDATE users SET nickname = ?, nickname_source = ?, updated_at = ? WHERE id = ${USER_OF_IDENTITY}`,
      parameters: [nickname, source, toSqlTime(this.clock.now()), identity.id],
    };
  }

  private async change(of: IdentityOfUser, writes: Statement[], changed: string[]): Promise<IdentityOfUser> {
    const event = this.events.entryOf({
      type: 'user.updated',
      userId: of.user.id,
      actor: 'user',
      details: { changed },
    });
    await this.database.batch([...writes, event]);
    this.avatarJobs.wake();
    return this.reread(of);
  }

  private async reread({ identity }: IdentityOfUser): Promise<IdentityOfUser> {
    const found = await this.users.findIdentity(identity.id);
    if (!found) throw new AppError('SESSION_ENDED');
    return found;
  }

  private open(identityId: string, sealed: string): string | null {
    try {
      return this.keyRing.open(sealed, sealingContext('refresh_token', identityId));
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }
}
