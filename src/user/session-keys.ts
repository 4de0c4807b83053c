import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import type { Row } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { sealingContext } from './sealed-columns.js';
import type { UserStatus } from './user.entity.js';
import type { WeChatIdentity } from './wechat-identity.entity.js';

/** The key before the current one is valid for this long: data encrypted with it may still be in transit. */
const PREVIOUS_MS = 5 * 60 * 1_000;

/** An identity that may have a session_key, found for a service that signs for its person. */
export interface KeyHolder {
  readonly identityId: string;
  readonly appId: string;
  readonly openId: string;
  readonly userId: string;
  readonly isDisabled: boolean;
  /** `null` if WeChat sent none, or no key of ENCRYPTION_KEYS decrypts it. */
  readonly sessionKey: CurrentKey | null;
}

/** The current session_key of an identity. */
export interface CurrentKey {
  readonly value: string;
  /** When the call to WeChat that returned it began (ms). */
  readonly obtainedAt: number;
}

/** A person, named by the openid in one app or by the id of the user. */
export type PersonOfApp = { readonly openId: string } | { readonly userId: string };

interface HolderRow {
  readonly id: string;
  readonly open_id: string;
  readonly user_id: string;
  readonly status: UserStatus;
  readonly session_key: string | null;
  readonly session_key_at: SqlTime | null;
}

/** Reads an identity with its current key, never the previous one. The caller adds WHERE. */
const SELECT_HOLDER = `SELECT i.id, i.open_id, i.user_id, i.session_key, i.session_key_at, u.status
  FROM wechat_identities i JOIN users u ON u.id = i.user_id`;

type KeysRow = Pick<Row<WeChatIdentity>, 'session_key' | 'previous_session_key' | 'session_key_at'>;

/**
 * Stores the session_key of an identity encrypted. Of two concurrent logins, the one that called WeChat later
 * wins, whichever is written first.
 */
@Injectable()
export class SessionKeys {
  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the keys that data of this identity may be encrypted with, the current one first; none if WeChat
   * sent none.
   */
  async usable(identityId: string): Promise<string[]> {
    const [row] = await this.database.select<KeysRow>(
      'SELECT session_key, previous_session_key, session_key_at FROM wechat_identities WHERE id = ?',
      [identityId],
    );
    if (!row?.session_key || row.session_key_at === null) return [];
    const previousIsGood = this.clock.now() - fromSqlTime(row.session_key_at) < PREVIOUS_MS;
    return [row.session_key, previousIsGood ? row.previous_session_key : null]
      .map((sealed) => (sealed === null ? null : this.open(identityId, sealed)))
      .filter((key) => key !== null);
  }

  /**
   * Finds the identity of a person in an app, with its current key. The id of a merged user means the surviving
   * one. Of several identities of a user in the app it is the one whose key is newest.
   * @returns `null` if there is none
   */
  async holder(appId: string, person: PersonOfApp): Promise<KeyHolder | null> {
    const [row] =
      'openId' in person
        ? await this.database.select<HolderRow>(`${SELECT_HOLDER} WHERE i.app_id = ? AND i.open_id = ?`, [
            appId,
            person.openId,
          ])
        : await this.database.select<HolderRow>(
            `${SELECT_HOLDER}
             WHERE i.user_id = (SELECT COALESCE(merged_into, id) FROM users WHERE id = ?) AND i.app_id = ?
             ORDER BY i.session_key_at DESC, i.id LIMIT 1`,
            [person.userId, appId],
          );
    if (!row) return null;
    const value = row.session_key === null ? null : this.open(row.id, row.session_key);
    return {
      identityId: row.id,
      appId,
      openId: row.open_id,
      userId: row.user_id,
      isDisabled: row.status === 'disabled',
      sessionKey:
        value === null || row.session_key_at === null
          ? null
          : { value, obtainedAt: fromSqlTime(row.session_key_at) },
    };
  }

  /**
   * Builds a condition on the user `u`, begun with AND: the holder's key is still the current one of an identity that
   * the active user has.
   */
  stillHeld({ identityId, sessionKey }: KeyHolder): Statement {
    return {
      sql: `AND u.status = 'active' AND EXISTS (SELECT 1 FROM wechat_identities i
              WHERE i.id = ? AND i.user_id = u.id AND i.session_key_at = ?)`,
      parameters: [identityId, sessionKey === null ? null : toSqlTime(sessionKey.obtainedAt)],
    };
  }

  /**
   * Stores a key that WeChat issued outside of a login.
   * @param obtainedAt when the call began (ms)
   */
  async store(identityId: string, key: string, obtainedAt: number): Promise<void> {
    const [row] = await this.database.select<KeysRow>(
      'SELECT session_key, previous_session_key, session_key_at FROM wechat_identities WHERE id = ?',
      [identityId],
    );
    const statement = this.replacement(identityId, row?.session_key ?? null, key, obtainedAt);
    if (statement) await this.database.batch([statement]);
  }

  /**
   * Builds the UPDATE that stores a new key. It matches no row if the key of a later call is stored already.
   * @param stored the encrypted current key as it was read, or `null`
   * @param obtainedAt when the call to WeChat began (ms)
   * @returns `null` if WeChat sent the stored key again, as it may for a quick second login
   */
  replacement(identityId: string, stored: string | null, key: string, obtainedAt: number): Statement | null {
    if (stored !== null && this.keyRing.isCurrent(stored) && this.open(identityId, stored) === key)
      return null;
    const at = toSqlTime(obtainedAt);
    return {
      // MySQL evaluates assignments from left to right: the old key must be saved before it is overwritten.
      sql: `UPDATE wechat_identities SET previous_session_key = session_key, session_key = ?, session_key_at = ?
            WHERE id = ? AND (session_key_at IS NULL OR session_key_at < ?)`,
      parameters: [this.keyRing.seal(key, sealingContext('session_key', identityId)), at, identityId, at],
    };
  }

  /**
   * Returns `null` if no key of ENCRYPTION_KEYS decrypts it. The person then logs in again, as with an
   * expired session_key.
   */
  private open(identityId: string, sealed: string): string | null {
    try {
      return this.keyRing.open(sealed, sealingContext('session_key', identityId));
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }
}
