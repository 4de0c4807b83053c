import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { fingerprint } from '../../crypto/secret.js';
import { Database } from '../../database/database.js';
import { isDuplicate } from '../../database/database-errors.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../database/sql-time.js';
import { execute, placeholders } from '../../database/statements.js';
import { EventLog, type EventType } from '../../events/event-log.js';

/** What is stored of a token. */
export type StoredModel = 'AuthorizationCode' | 'RefreshToken';

/** A token to store. The payload does not contain the token itself. */
export interface NewPartnerToken {
  readonly model: StoredModel;
  readonly token: string;
  readonly grantId: string;
  readonly payload: string;
  /** ms */
  readonly expiresAt: number;
  /** The code or refresh token that is exchanged for a refresh token; absent for a code. */
  readonly predecessor?: string | undefined;
}

/** A stored token that has not expired. */
export interface FoundPartnerToken {
  readonly grantId: string;
  readonly payload: string;
  /** It was used and gets nothing any more. */
  readonly isSpent: boolean;
}

interface TokenRow {
  id: string;
  grant_id: string;
  payload: string;
  consumed_at: SqlTime | null;
  expires_at: SqlTime;
}

/**
 * How long the last refresh token is accepted again: it gets the same successor, so that a client whose answer was
 * lost can retry (docs/decisions/003). As for the refresh tokens of the first party.
 */
const GRACE_MS = 60_000;
/**
 * How long a spent refresh token is kept (ms): until then its reuse ends the others. Not longer, since a partner may
 * refresh as often as it wants.
 */
const SPENT_MS = 24 * 60 * 60 * 1_000;
const SUCCESSOR = 'partner-refresh-token';
/** The event of a reuse. */
const REUSED = {
  AuthorizationCode: 'partner.code_reused',
  RefreshToken: 'partner.refresh_token_reused',
} as const satisfies Record<StoredModel, EventType>;

/**
 * Authorization codes and refresh tokens of partners. A row holds the fingerprint of the token, and is consumed by one
 * conditional UPDATE: of several concurrent calls exactly one wins, also when a process is killed in between.
 */
@Injectable()
export class PartnerTokens {
  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores a token. A successor that is stored already stays as it is: its predecessor was presented again.
   * @returns whether it is stored; not where its predecessor was deleted meanwhile, by a reuse or a revocation
   * @throws the driver's error if the grant is gone (`isForeignKeyViolation`)
   */
  async insert({ predecessor, ...added }: NewPartnerToken): Promise<boolean> {
    const values = [
      fingerprint(added.token),
      added.model,
      added.grantId,
      added.payload,
      toSqlTime(added.expiresAt),
      toSqlTime(this.clock.now()),
    ];
    const columns = 'partner_tokens (id, model, grant_id, payload, expires_at, created_at)';
    try {
      const [inserted] = await this.database.batch([
        predecessor === undefined
          ? { sql: `INSERT INTO ${columns} VALUES (?, ?, ?, ?, ?, ?)`, parameters: values }
          : {
              // The lock waits for a transaction that deletes the predecessor, or makes it wait for the successor.
              sql: `INSERT INTO ${columns}
                    SELECT ?, ?, ?, ?, ?, ? FROM partner_tokens WHERE id = ?${this.database.forUpdate}`,
              parameters: [...values, fingerprint(predecessor)],
            },
      ]);
      return inserted === 1;
    } catch (error) {
      if (added.model === 'RefreshToken' && isDuplicate(error)) return true;
      throw error;
    }
  }

  /** `null` for a token that is unknown or has expired. */
  async find(model: StoredModel, token: string): Promise<FoundPartnerToken | null> {
    const id = fingerprint(token);
    const successors =
      model === 'RefreshToken' ? this.keyRing.macs(SUCCESSOR, token).map((each) => fingerprint(each)) : [];
    const rows = await this.database.select<TokenRow>(
      `SELECT id, grant_id, payload, consumed_at, expires_at FROM partner_tokens
       WHERE id IN (${placeholders(1 + successors.length)}) AND model = ?`,
      [id, ...successors, model],
    );
    const row = rows.find((each) => each.id === id);
    const now = this.clock.now();
    if (!row || fromSqlTime(row.expires_at) <= now) return null;
    const { grant_id: grantId, payload } = row;
    if (row.consumed_at === null) return { grantId, payload, isSpent: false };
    const age = Math.max(0, now - fromSqlTime(row.consumed_at));
    const hasMovedOn = rows.some((each) => each.id !== id && each.consumed_at !== null);
    return { grantId, payload, isSpent: model !== 'RefreshToken' || age > GRACE_MS || hasMovedOn };
  }

  /** The token that follows a refresh token: the same for every call, so that a retry gets the same one. */
  successorOf(refreshToken: string): string {
    return this.keyRing.mac(SUCCESSOR, refreshToken);
  }

  /**
   * Uses a token up. A refresh token may be used again within the grace (`find` says so).
   * @returns whether this call may go on
   */
  async consume(model: StoredModel, token: string): Promise<boolean> {
    const now = this.clock.now();
    const until = toSqlTime(now + SPENT_MS);
    const [matched] = await this.database.batch([
      {
        sql: `UPDATE partner_tokens SET consumed_at = ?, expires_at = CASE WHEN expires_at > ? THEN ? ELSE expires_at END
              WHERE id = ? AND consumed_at IS NULL`,
        parameters: [toSqlTime(now), until, until, fingerprint(token)],
      },
    ]);
    if (matched === 1) return true;
    const found = model === 'RefreshToken' ? await this.find(model, token) : null;
    return found !== null && !found.isSpent;
  }

  /**
   * Deletes all codes and refresh tokens of the grant of a token that was used again, and records the event. Of several
   * calls for one token, on any instance, one records it: it has deleted the token for the others.
   */
  async endReused(model: StoredModel, token: string): Promise<void> {
    const id = fingerprint(token);
    await this.database.transaction(async (manager) => {
      const [origin] = await manager.query<{ grant_id: string; partner_id: string; user_id: string }[]>(
        `SELECT g.id AS grant_id, g.partner_id, COALESCE(u.merged_into, u.id) AS user_id FROM partner_tokens t
         JOIN partner_grants g ON g.id = t.grant_id JOIN users u ON u.id = g.user_id WHERE t.id = ?`,
        [id],
      );
      if (!origin) return;
      const { forUpdate } = this.database;
      // The user first, as for a withdrawal: the event locks it too.
      await manager.query(`SELECT id FROM users WHERE id = ?${forUpdate}`, [origin.user_id]);
      const left = await manager.query<{ id: string }[]>(
        `SELECT id FROM partner_tokens WHERE id = ? AND consumed_at IS NOT NULL${forUpdate}`,
        [id],
      );
      if (left.length === 0) return;
      await execute(
        manager,
        this.events.entryOf({
          type: REUSED[model],
          userId: origin.user_id,
          actor: 'system',
          details: { partnerId: origin.partner_id },
        }),
        { sql: 'DELETE FROM partner_tokens WHERE grant_id = ?', parameters: [origin.grant_id] },
      );
    });
  }

  /** Deletes a token. */
  async delete(token: string): Promise<void> {
    await this.database.batch([
      { sql: 'DELETE FROM partner_tokens WHERE id = ?', parameters: [fingerprint(token)] },
    ]);
  }

  /** Deletes the tokens of a model that a grant gave: all, or those with this `family` in their payload. */
  async deleteOfGrant(model: StoredModel, grantId: string, family?: string): Promise<void> {
    await this.database.batch([
      {
        sql: 'DELETE FROM partner_tokens WHERE grant_id = ? AND model = ? AND payload LIKE ?',
        parameters: [grantId, model, family === undefined ? '%' : `%"family":"${family}"%`],
      },
    ]);
  }
}
