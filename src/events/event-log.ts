import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { freshId } from '../crypto/fresh-id.js';
import { requestContext } from '../http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { goesOut } from './webhook-message.js';

/** The types of events that are recorded. */
export type EventType =
  | 'user.created'
  | 'user.merged'
  | 'identity.linked'
  | 'identity.unionid_attached'
  | 'identity.unionid_changed'
  | 'identity.unionid_change_refused'
  | 'login.succeeded'
  | 'login.refused'
  | 'session.refresh_token_reused'
  | 'session.ended'
  | 'signing_key.rotated'
  | 'user.updated'
  | 'user.deleted'
  | 'terms.accepted'
  | 'user.disabled'
  | 'user.enabled'
  | 'operator.refused'
  | 'identity.unlinked'
  | 'identity.deleted'
  | 'wechat.user_info_modified'
  | 'wechat.user_authorization_revoke'
  | 'wechat.user_authorization_cancellation'
  | 'session_key.signed'
  | 'user_encrypt_keys.fetched'
  | 'partner.created'
  | 'partner.changed'
  | 'partner.secret_rotated'
  | 'partner.deleted'
  | 'partner.consent_granted'
  | 'partner.consent_withdrawn'
  | 'partner.refresh_token_reused'
  | 'partner.code_reused'
  | 'webhook.given_up'
  | 'webhook.resent'
  | 'push.given_up'
  | 'push.unhandled';

/** Who caused the event: the person, the service itself, WeChat, or the named key of an operator. */
export type Actor = 'user' | 'system' | 'wechat' | `admin:${string}` | `service:${string}`;

/** An event to record. `details` holds ids, reasons and counts, never a secret. */
export interface NewEvent {
  readonly type: EventType;
  readonly userId: string | null;
  readonly actor: Actor;
  readonly details?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** Omits the IP address, for the deletion of an account. */
  readonly anonymous?: true;
}

/** An event as it was recorded. */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly userId: string | null;
  readonly actor: string;
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** A row of the table, as a raw query returns it. */
export interface EventRow {
  id: string;
  type: string;
  user_id: string | null;
  actor: string;
  ip: string | null;
  request_id: string | null;
  details: string;
  created_at: SqlTime;
}

/** Converts a row to the event that it records. */
export function toRecordedEvent(row: EventRow): RecordedEvent {
  return {
    id: row.id,
    type: row.type,
    userId: row.user_id,
    actor: row.actor,
    ip: row.ip,
    requestId: row.request_id,
    details: JSON.parse(row.details) as Record<string, unknown>,
    createdAt: new Date(fromSqlTime(row.created_at)).toISOString(),
  };
}

const COLUMNS = 'id, type, user_id, actor, ip, request_id, details, created_at, outbox_at';

/** Number of events that one transaction anonymises. */
const CHUNK = 1_000;
/**
 * Tolerated clock skew: another instance may still write an event whose id sorts before those already
 * anonymised.
 */
const SKEW_MS = 10 * 60 * 1_000;

/** Returns a prefix that sorts before all ids (UUIDv7) made in the `ms` milliseconds before `id`. */
function lowerBound(id: string, ms: number): string {
  if (id === '') return '';
  const at = Math.max(0, Number.parseInt(id.slice(0, 13).replace('-', ''), 16) - ms);
  const digits = at.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}

/** Writes the audit trail. */
@Injectable()
export class EventLog {
  private wroteToOutbox = false;

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Builds the INSERT of an event, for the transaction that makes the change. The same statement puts an
   * event that webhooks deliver into the outbox.
   */
  entry(event: NewEvent): Statement {
    return {
      sql: `INSERT INTO events (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      parameters: this.values(event),
    };
  }

  /**
   * Builds the same INSERT, which writes nothing if the user does not exist: no IP address may outlive a
   * deleted account. On MySQL it locks the user's row, so it has to precede statements that lock the user's
   * other rows.
   * @param condition a further one on the user `u`, begun with AND
   */
  entryOf(event: NewEvent & { readonly userId: string }, condition?: Statement): Statement {
    return {
      sql: `INSERT INTO events (${COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? FROM users u
            WHERE u.id = ?${condition ? ` ${condition.sql}` : ''}${this.database.forUpdate}`,
      parameters: [...this.values(event), event.userId, ...(condition?.parameters ?? [])],
    };
  }

  /**
   * Builds the INSERT of one event about the rows of a query, with details aggregated from them. It writes
   * nothing if the query finds no row.
   * @param details SQL of one aggregated JSON text over `found`, the rows of the query
   */
  entryAbout(event: Omit<NewEvent, 'details'>, details: Statement, found: Statement): Statement {
    const values = this.values(event);
    return {
      sql: `INSERT INTO events (${COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ${details.sql}, ?, ?
            FROM (${found.sql}) found HAVING COUNT(*) > 0`,
      parameters: [...values.slice(0, 6), ...details.parameters, ...values.slice(7), ...found.parameters],
    };
  }

  /** Builds the UPDATE that puts an event into the outbox, so that its webhooks are sent, or sent again. */
  outboxEntry(eventId: string): Statement {
    this.wroteToOutbox = true;
    return {
      sql: 'UPDATE events SET outbox_at = ?, delivered_at = NULL WHERE id = ?',
      parameters: [toSqlTime(this.clock.now()), eventId],
    };
  }

  /** Whether an event was written to the outbox since the last call. It may not be committed yet. */
  takeOutboxSignal(): boolean {
    const signal = this.wroteToOutbox;
    this.wroteToOutbox = false;
    return signal;
  }

  /**
   * Builds the UPDATE that removes IP addresses and details from a user's events, for the deletion of the
   * account.
   * @param after events up to this id are anonymous already; `''` for none
   */
  anonymisation(userId: string, after: string): Statement {
    return {
      sql: `UPDATE events SET ip = NULL, details = '{}' WHERE user_id = ? AND id > ?`,
      parameters: [userId, after],
    };
  }

  /**
   * Anonymises a long history beforehand, in short transactions, so that the transaction that deletes the
   * account stays small. Leaves a history of less than one chunk to `anonymisation`.
   * @returns the id after which `anonymisation` has to continue
   */
  async anonymiseHistory(userId: string): Promise<string> {
    for (let position = ''; ;) {
      const rows = await this.database.select<{ id: string }>(
        `SELECT id FROM events ${this.database.forceIndex('ix_events_user_id')}
         WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?`,
        [userId, position, CHUNK],
      );
      const last = rows.at(-1);
      if (!last || rows.length < CHUNK) return lowerBound(position, SKEW_MS);
      await this.database.batch([
        {
          sql: `UPDATE events SET ip = NULL, details = '{}' WHERE user_id = ? AND id > ? AND id <= ?`,
          parameters: [userId, position, last.id],
        },
      ]);
      position = last.id;
    }
  }

  /**
   * Returns a chunk of a user's events, the oldest first.
   * @param after id of the last event of the previous chunk; `null` for the first
   */
  async ofUser(userId: string, after: string | null, limit: number): Promise<RecordedEvent[]> {
    const rows = await this.database.select<EventRow>(
      `SELECT id, type, user_id, actor, ip, request_id, details, created_at
       FROM events ${this.database.forceIndex('ix_events_user_id')} WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?`,
      [userId, after ?? '', limit],
    );
    return rows.map(toRecordedEvent);
  }

  /**
   * Records an event without any other change, such as a refusal.
   * @returns id of the event
   */
  async record(event: NewEvent): Promise<string> {
    const { userId } = event;
    const entry = userId === null ? this.entry(event) : this.entryOf({ ...event, userId });
    await this.database.batch([entry]);
    return String(entry.parameters[0]);
  }

  /** Replaces the details of events whose counts have grown. */
  async amend(
    events: readonly { readonly id: string; readonly details: NewEvent['details'] }[],
  ): Promise<void> {
    await this.database.batch(
      events.map(({ id, details }) => ({
        sql: 'UPDATE events SET details = ? WHERE id = ?',
        parameters: [JSON.stringify(details ?? {}), id],
      })),
    );
  }

  private values(event: NewEvent): Statement['parameters'] {
    const context = requestContext();
    const now = toSqlTime(this.clock.now());
    const outgoing = this.config.webhooks !== null && goesOut({ details: {}, ...event });
    if (outgoing) this.wroteToOutbox = true;
    return [
      freshId(),
      event.type,
      event.userId,
      event.actor,
      event.anonymous ? null : (context?.ip ?? null),
      context?.requestId ?? null,
      JSON.stringify(event.details ?? {}),
      now,
      outgoing ? now : null,
    ];
  }
}
