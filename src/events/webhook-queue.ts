import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { type Actor, EventLog } from './event-log.js';
import { goesOut, type WebhookMessage, webhookMessage } from './webhook-message.js';
import { type WebhookReceiver, webhookReceivers } from './webhook-receiver.js';

/** Longer than any delivery takes: 10 s, and what the database needs. */
const LEASE_MS = 60_000;
/** When a delivery that was given up is due. */
const NEVER = '9999-12-31 00:00:00.000';
/** Events that are handed over in one transaction. */
const HAND_OVER = 100;

/** A delivery that this instance does now. */
export interface ClaimedDelivery {
  readonly eventId: string;
  readonly userId: string | null;
  readonly receiver: WebhookReceiver;
  /** `null` where nothing is left to tell. */
  readonly message: WebhookMessage | null;
  /** Tries so far, with the one that begins. */
  readonly attempts: number;
  /** Until when nobody else takes it (`next_at`). Whoever finds another value there has lost it. */
  readonly lease: string;
}

interface OutgoingRow {
  readonly type: string;
  readonly user_id: string | null;
  readonly details: string;
}

interface DeliveryRow extends OutgoingRow {
  readonly event_id: string;
  readonly attempts: number;
  readonly next_at: SqlTime;
  readonly created_at: SqlTime;
}

/**
 * The outbox, and what each receiver still has to get. An event is marked in the statement that writes it; whoever
 * comes first makes a delivery of it for each receiver and takes the mark away, in one transaction. A delivery that
 * is taken is pushed ahead in time, so that no other instance takes it, and that it comes again when this one dies
 * over it.
 *
 * Locks are taken in one order, event before deliveries.
 */
@Injectable()
export class WebhookQueue {
  private readonly receivers: readonly WebhookReceiver[];

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.receivers = webhookReceivers(config);
  }

  /** Makes deliveries of all events that are marked. */
  async handOver(): Promise<void> {
    for (;;) {
      // By the mark, never by an id: commits arrive out of order. Read without locks: what others are still writing
      // must not hold this up.
      const marked = await this.database.select<{ id: string }>(
        'SELECT id FROM events WHERE outbox_at <= ? ORDER BY outbox_at LIMIT ?',
        [toSqlTime(this.clock.now()), HAND_OVER],
      );
      const ids = marked.map(({ id }) => id);
      if (ids.length > 0) await this.database.transaction((manager) => this.makeDeliveries(manager, ids));
      if (ids.length < HAND_OVER) return;
    }
  }

  /** Takes the delivery to a receiver that is due the longest; `null` when none is. */
  async claim(receiver: WebhookReceiver): Promise<ClaimedDelivery | null> {
    for (;;) {
      const now = this.clock.now();
      const [row] = await this.database.select<DeliveryRow>(
        `SELECT d.event_id, d.attempts, d.next_at, e.type, e.user_id, e.details, e.created_at
         FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
         WHERE d.receiver = ? AND d.next_at <= ? ORDER BY d.next_at, d.event_id LIMIT 1`,
        [receiver.key, toSqlTime(now)],
      );
      if (!row) return null;
      const lease = toSqlTime(now + LEASE_MS);
      const [taken] = await this.database.batch([
        {
          sql: `UPDATE webhook_deliveries SET next_at = ?, attempts = attempts + 1
                WHERE event_id = ? AND receiver = ? AND next_at = ?`,
          parameters: [lease, row.event_id, receiver.key, toSqlTime(fromSqlTime(row.next_at))],
        },
      ]);
      // Else another instance was faster: on to the next one.
      if (taken === 1) return toDelivery(row, receiver, lease);
    }
  }

  /** Puts a delivery off. @param delay ms */
  async postpone(delivery: ClaimedDelivery, delay: number): Promise<void> {
    await this.reschedule(delivery, this.clock.now() + delay, delivery.attempts);
  }

  /** Leaves a delivery that was broken off to whoever comes next. */
  async giveBack(delivery: ClaimedDelivery): Promise<void> {
    await this.reschedule(delivery, this.clock.now(), delivery.attempts - 1);
  }

  /** The receiver has it. With the last receiver the event is delivered. */
  async finish({ eventId, receiver, lease }: ClaimedDelivery): Promise<void> {
    await this.database.transaction(async (manager) => {
      // Locked first: of two receivers that finish at once, the second sees that the first has.
      await manager.query(`SELECT id FROM events WHERE id = ?${this.database.forUpdate}`, [eventId]);
      await write(manager, {
        sql: 'DELETE FROM webhook_deliveries WHERE event_id = ? AND receiver = ? AND next_at = ?',
        parameters: [eventId, receiver.key, lease],
      });
      await write(manager, {
        sql: `UPDATE events SET delivered_at = ? WHERE id = ? AND outbox_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = events.id)`,
        parameters: [toSqlTime(this.clock.now()), eventId],
      });
    });
  }

  /** The receiver does not get it, which is recorded. The event stays undelivered. */
  async giveUp(delivery: ClaimedDelivery, reason: string): Promise<void> {
    const { eventId, userId, receiver, attempts, lease } = delivery;
    await this.database.batch([
      {
        sql: `UPDATE webhook_deliveries SET next_at = ?, given_up_at = ?
              WHERE event_id = ? AND receiver = ? AND next_at = ?`,
        parameters: [NEVER, toSqlTime(this.clock.now()), eventId, receiver.key, lease],
      },
      this.events.entry({
        type: 'webhook.given_up',
        userId,
        actor: 'system',
        details: { eventId, receiver: receiver.name, attempts, reason },
      }),
    ]);
  }

  /**
   * Has an event go out to all receivers again, also one that was given up, or that happened before there were any.
   * @throws AppError NOT_FOUND for an event that is unknown or does not go out; WEBHOOKS_OFF
   */
  async resend(eventId: string, actor: Actor): Promise<void> {
    if (this.receivers.length === 0) throw new AppError('WEBHOOKS_OFF');
    if (!isId(eventId)) throw new AppError('NOT_FOUND');
    await this.database.transaction(async (manager) => {
      const [event] = await manager.query<OutgoingRow[]>(
        `SELECT type, user_id, details FROM events WHERE id = ?${this.database.forUpdate}`,
        [eventId],
      );
      if (!event || !goesOut(toHappened(event))) throw new AppError('NOT_FOUND');
      await write(manager, this.events.outboxEntry(eventId));
      await write(
        manager,
        this.events.entry({ type: 'webhook.resent', userId: event.user_id, actor, details: { eventId } }),
      );
    });
  }

  /** What is still to come to a receiver begins anew with an event that is resent. */
  private async makeDeliveries(manager: EntityManager, marked: readonly string[]): Promise<void> {
    // Locked, and looked at again: another instance may have been faster.
    const events = await manager.query<{ id: string }[]>(
      `SELECT id FROM events WHERE id IN (${placeholders(marked.length)}) AND outbox_at IS NOT NULL
       ORDER BY id${this.database.forUpdate}`,
      [...marked],
    );
    if (events.length === 0) return;
    const ids = events.map(({ id }) => id);
    const now = toSqlTime(this.clock.now());
    const rows = ids.flatMap((id) => this.receivers.map(({ key }) => [id, key, 0, now, now]));
    const again =
      this.database.dialect === 'mysql'
        ? 'ON DUPLICATE KEY UPDATE attempts = 0, given_up_at = NULL, next_at = ?'
        : 'ON CONFLICT (event_id, receiver) DO UPDATE SET attempts = 0, given_up_at = NULL, next_at = ?';
    await write(manager, {
      sql: `INSERT INTO webhook_deliveries (event_id, receiver, attempts, next_at, created_at)
            VALUES ${rows.map(() => '(?, ?, ?, ?, ?)').join(', ')} ${again}`,
      parameters: [...rows.flat(), now],
    });
    await write(manager, {
      sql: `UPDATE events SET outbox_at = NULL WHERE id IN (${placeholders(ids.length)})`,
      parameters: ids,
    });
  }

  private async reschedule(
    { eventId, receiver, lease }: ClaimedDelivery,
    at: number,
    attempts: number,
  ): Promise<void> {
    await this.database.batch([
      {
        sql: `UPDATE webhook_deliveries SET next_at = ?, attempts = ?
              WHERE event_id = ? AND receiver = ? AND next_at = ?`,
        parameters: [toSqlTime(at), attempts, eventId, receiver.key, lease],
      },
    ]);
  }
}

function toHappened({ type, user_id: userId, details }: OutgoingRow): Parameters<typeof goesOut>[0] {
  return { type, userId, details: JSON.parse(details) as Record<string, unknown> };
}

function toDelivery(row: DeliveryRow, receiver: WebhookReceiver, lease: string): ClaimedDelivery {
  return {
    eventId: row.event_id,
    userId: row.user_id,
    receiver,
    message: webhookMessage(toHappened(row), fromSqlTime(row.created_at)),
    attempts: row.attempts + 1,
    lease,
  };
}

function placeholders(count: number): string {
  return Array<string>(count).fill('?').join(', ');
}

async function write(manager: EntityManager, { sql, parameters }: Statement): Promise<void> {
  await manager.query(sql, [...parameters]);
}
