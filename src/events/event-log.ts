import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../common/clock.js';
import { requestContext } from '../http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { goesOut } from './webhook-message.js';

/** Everything that is recorded. */
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
  | 'user.disabled'
  | 'user.enabled'
  | 'operator.refused'
  | 'identity.unlinked'
  | 'identity.deleted'
  | 'wechat.user_info_modified'
  | 'wechat.user_authorization_revoke'
  | 'wechat.user_authorization_cancellation'
  | 'webhook.given_up'
  | 'webhook.resent';

/** Who did it: the person, the service itself, WeChat, or the named key of an operator. */
export type Actor = 'user' | 'system' | 'wechat' | `admin:${string}` | `service:${string}`;

/** One thing to record. `details` holds no secret: ids, reasons, counts. */
export interface NewEvent {
  readonly type: EventType;
  readonly userId: string | null;
  readonly actor: Actor;
  readonly details?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** Without the address of who asked: for the end of an account. */
  readonly anonymous?: true;
}

/** One thing that was recorded. */
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

/** One row of the table, as a raw query gives it. */
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

/** A row as what it records. */
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

/** Events that one transaction anonymises. */
const CHUNK = 1_000;
/** Another instance, whose clock is behind, may still write an event that sorts before those that are done. */
const SKEW_MS = 10 * 60 * 1_000;

/** What sorts before the ids (UUIDv7) that were made in so many milliseconds before an id. */
function earlier(id: string, ms: number): string {
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
   * The INSERT of an event, to stand in the same transaction as what it tells. One that webhooks tell of is marked
   * for them by the same statement.
   */
  entry(event: NewEvent): Statement {
    return {
      sql: `INSERT INTO events (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      parameters: this.values(event),
    };
  }

  /**
   * The same, of a user who is there: one who is being deleted leaves no address behind, whoever comes first. Where
   * nothing else in the transaction locks the user, it does: it stands before what locks anything of theirs.
   */
  entryOf(event: NewEvent & { readonly userId: string }): Statement {
    return {
      sql: `INSERT INTO events (${COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? FROM users u
            WHERE u.id = ?${this.database.forUpdate}`,
      parameters: [...this.values(event), event.userId],
    };
  }

  /**
   * The INSERT of an event about the rows that a query finds, with details that are made of them; none where it finds
   * none.
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

  /** The UPDATE that has the webhooks tell of an event again, or now. */
  outboxEntry(eventId: string): Statement {
    this.wroteToOutbox = true;
    return {
      sql: 'UPDATE events SET outbox_at = ?, delivered_at = NULL WHERE id = ?',
      parameters: [toSqlTime(this.clock.now()), eventId],
    };
  }

  /** Whether an event for the webhooks was made since the last call: after a commit it may stand in the outbox. */
  takeOutboxSignal(): boolean {
    const signal = this.wroteToOutbox;
    this.wroteToOutbox = false;
    return signal;
  }

  /**
   * The UPDATE that leaves of a user's events what happened and when: for the end of the account.
   * @param after the events before are anonymous already; `''` where none is
   */
  anonymisation(userId: string, after: string): Statement {
    return {
      sql: `UPDATE events SET ip = NULL, details = '{}' WHERE user_id = ? AND id > ?`,
      parameters: [userId, after],
    };
  }

  /**
   * The same beforehand, in short transactions, for a long history: the transaction that ends the account must not
   * grow with it. Does nothing to a short one.
   * @returns behind which id `anonymisation` has to go on
   */
  async anonymiseHistory(userId: string): Promise<string> {
    for (let place = ''; ;) {
      const rows = await this.database.select<{ id: string }>(
        `SELECT id FROM events ${this.database.forceIndex('ix_events_user_id')}
         WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?`,
        [userId, place, CHUNK],
      );
      const last = rows.at(-1);
      if (!last || rows.length < CHUNK) return earlier(place, SKEW_MS);
      await this.database.batch([
        {
          sql: `UPDATE events SET ip = NULL, details = '{}' WHERE user_id = ? AND id > ? AND id <= ?`,
          parameters: [userId, place, last.id],
        },
      ]);
      place = last.id;
    }
  }

  /**
   * A chunk of what is recorded of a user, the oldest first.
   * @param after id of the last one of the chunk before; `null` for the first
   */
  async ofUser(userId: string, after: string | null, limit: number): Promise<RecordedEvent[]> {
    const rows = await this.database.select<EventRow>(
      `SELECT id, type, user_id, actor, ip, request_id, details, created_at
       FROM events ${this.database.forceIndex('ix_events_user_id')} WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?`,
      [userId, after ?? '', limit],
    );
    return rows.map(toRecordedEvent);
  }

  /** Records something that changed nothing else, such as a refusal. @returns id of the event */
  async record(event: NewEvent): Promise<string> {
    const { userId } = event;
    const entry = userId === null ? this.entry(event) : this.entryOf({ ...event, userId });
    await this.database.batch([entry]);
    return String(entry.parameters[0]);
  }

  /** Replaces the details of events that go on counting. */
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
      uuidv7(),
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
