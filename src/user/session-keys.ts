import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import type { Row } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, toSqlTime } from '../database/sql-time.js';
import { sealingPlace } from './sealed-columns.js';
import type { WeChatIdentity } from './wechat-identity.entity.js';

/** The key before the current one is valid for this long: data encrypted with it may still be in transit. */
const PREVIOUS_MS = 5 * 60 * 1_000;

type KeysRow = Pick<Row<WeChatIdentity>, 'session_key' | 'previous_session_key' | 'session_key_at'>;

/**
 * The session_key of an identity at rest: sealed, never in clear. Of two concurrent logins the one that called WeChat
 * later wins, whichever is written first.
 */
@Injectable()
export class SessionKeys {
  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** Keys that data of this identity may be encrypted with, the current one first; none where WeChat gave none. */
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

  /** Stores a key that WeChat gave outside of a login. @param obtainedAt ms, when the call began */
  async store(identityId: string, key: string, obtainedAt: number): Promise<void> {
    const [row] = await this.database.select<KeysRow>(
      'SELECT session_key, previous_session_key, session_key_at FROM wechat_identities WHERE id = ?',
      [identityId],
    );
    const statement = this.replacement(identityId, row?.session_key ?? null, key, obtainedAt);
    if (statement) await this.database.batch([statement]);
  }

  /**
   * The UPDATE that stores a key which WeChat just gave; it matches no row where a later call's key stands already.
   * @param stored the sealed current key as it was read, or `null`
   * @param obtainedAt ms, when the call to WeChat began
   * @returns `null` when WeChat gave the key that is stored already (a quick second login may)
   */
  replacement(identityId: string, stored: string | null, key: string, obtainedAt: number): Statement | null {
    if (stored !== null && this.keyRing.isCurrent(stored) && this.open(identityId, stored) === key)
      return null;
    const at = toSqlTime(obtainedAt);
    return {
      // MySQL assigns from left to right: the old key must be saved before it is overwritten.
      sql: `UPDATE wechat_identities SET previous_session_key = session_key, session_key = ?, session_key_at = ?
            WHERE id = ? AND (session_key_at IS NULL OR session_key_at < ?)`,
      parameters: [this.keyRing.seal(key, sealingPlace('session_key', identityId)), at, identityId, at],
    };
  }

  /** `null` where no key of the ring opens it any more: the person logs in again, as with an expired one. */
  private open(identityId: string, sealed: string): string | null {
    try {
      return this.keyRing.open(sealed, sealingPlace('session_key', identityId));
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }
}
