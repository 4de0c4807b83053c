import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { Database } from '../database/database.js';
import { type Actor, EventLog, type NewEvent } from '../events/event-log.js';
import { WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { type KeyHolder, SessionKeys } from '../user/session-keys.js';
import type { MiniProgramUser } from '../wechat/wechat-api.service.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { personOf, type PersonRequest } from './person.requests.js';

/** Errors of every route that uses a session_key. */
export const KEY_USE_PROBLEMS: readonly ErrorCode[] = [
  'API_KEY_INVALID',
  'APP_UNKNOWN',
  'IDENTITY_UNKNOWN',
  'ACCOUNT_DISABLED',
  'SESSION_KEY_STALE',
  'DATABASE_UNAVAILABLE',
  ...WECHAT_CALL_PROBLEMS,
  'STORE_UNAVAILABLE',
];

/** A person whose session_key may be used now. */
export type UsableHolder = KeyHolder & { readonly sessionKey: NonNullable<KeyHolder['sessionKey']> };

/** What other services do with the session_key of a person, which they never see. */
@Injectable()
export class KeyUses {
  constructor(
    private readonly apps: WeChatApps,
    private readonly sessionKeys: SessionKeys,
    private readonly database: Database,
    private readonly events: EventLog,
  ) {}

  /**
   * Finds the person that a service means, with the current session_key.
   * @throws AppError VALIDATION_FAILED, APP_UNKNOWN, IDENTITY_UNKNOWN, ACCOUNT_DISABLED, SESSION_KEY_STALE
   */
  async holder(request: PersonRequest): Promise<UsableHolder> {
    const person = personOf(request);
    const { appId } = this.apps.find('mini_program', request.appId);
    const holder = await this.sessionKeys.holder(appId, person);
    if (!holder) throw new AppError('IDENTITY_UNKNOWN');
    if (holder.isDisabled) throw new AppError('ACCOUNT_DISABLED');
    const { sessionKey } = holder;
    if (!sessionKey) throw noLivingKey();
    return { ...holder, sessionKey };
  }

  /**
   * Records that encryption keys were fetched, before they are answered.
   * @throws AppError IDENTITY_UNKNOWN if the user was deleted meanwhile
   */
  async recordFetched({ appId, identityId, userId }: KeyHolder, actor: Actor): Promise<void> {
    const details = { appId, identityId };
    const entry = this.events.entryOf({ type: 'user_encrypt_keys.fetched', userId, actor, details });
    const [recorded] = await this.database.batch([entry]);
    if (recorded !== 1) throw new AppError('IDENTITY_UNKNOWN');
  }

  /**
   * Records a signature, before it is answered, unless the holder was read too long ago: the key was replaced, or the
   * person unlinked, disabled or deleted.
   * @param details ids and counts, never what was signed
   * @returns whether it was recorded
   */
  async recordSigned(holder: KeyHolder, actor: Actor, details: NewEvent['details']): Promise<boolean> {
    const { appId, identityId, userId } = holder;
    const event = { userId, actor, details: { appId, identityId, ...details } };
    const [recorded] = await this.database.batch([
      this.events.entryOf({ type: 'session_key.signed', ...event }, this.sessionKeys.stillHeld(holder)),
    ]);
    return recorded === 1;
  }
}

/** The person as WeChat is asked about them. */
export function miniProgramUser({ appId, openId, sessionKey }: UsableHolder): MiniProgramUser {
  return { appId, openId, sessionKey: sessionKey.value };
}

/** The person has to log in again: nothing else brings a new key. */
export function noLivingKey(): AppError {
  return new AppError('SESSION_KEY_STALE', {
    detail:
      'The person has no living session_key here. After wx.login and login or validate-token there is one.',
  });
}
