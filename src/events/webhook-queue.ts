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
const HAND_OVER = 500;
/** How often a claim looks again for what others have not just taken. */
const CLAIM_ATTEMPTS = 5;

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

interface EventRow extends OutgoingRow {
  readonly id: string;
  readonly created_at: SqlTime;
}

interface DueRow {
  readonly event_id: string;
  readonly attempts: number;
}

/**
 * The outbox, and what each receiver still has to get. An event is marked in the statement that writes it; whoever
 * comes first makes a delivery of it for each receiver and takes the mark away, in one transaction. Deliveries are
 * claimed in batches: each is pushed ahead in time, so that no other instance takes it, and that it comes again when
 * this one dies over it. Instances that claim at once skip the rows that the others have locked.
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

  /**
   * Takes the deliveries to a receiver that are due the longest.
   * @returns at most `limit`; none where none are due
   */
  async claim(receiver: WebhookReceiver, limit: number): Promise<ClaimedDelivery[]> {
    for (let attempt = 1; ; attempt++) {
      const now = this.clock.now();
      const due = await this.database.select<{ event_id: string }>(
        `SELECT event_id FROM webhook_deliveries WHERE receiver = ? AND next_at <= ?
         ORDER BY next_at, event_id LIMIT ?`,
        [receiver.key, toSqlTime(now), limit],
      );
      if (due.length === 0) return [];
      const ids = due.map(({ event_id: id }) => id);
      const claimed = await this.lease(receiver, ids, now);
      // Where another instance has just taken all of them, others may be due behind them.
      if (claimed.length > 0 || attempt === CLAIM_ATTEMPTS) return claimed;
    }
  }

  private async lease(
    receiver: WebhookReceiver,
    ids: readonly string[],
    now: number,
  ): Promise<ClaimedDelivery[]> {
    const lease = toSqlTime(now + LEASE_MS);
    // By the primary key: along the other index the row behind the last one would be locked, too.
    const hint = this.database.dialect === 'mysql' ? 'FORCE INDEX (PRIMARY)' : '';
    const due = await this.database.transaction(async (manager) => {
      const rows = await manager.query<DueRow[]>(
        `SELECT event_id, attempts FROM webhook_deliveries ${hint}
         WHERE event_id IN (${placeholders(ids.length)}) AND receiver = ? AND next_at <= ?
         ${this.database.forUpdateSkipLocked}`,
        [...ids, receiver.key, toSqlTime(now)],
      );
      if (rows.length > 0) {
        await write(manager, {
          sql: `UPDATE webhook_deliveries SET next_at = ?, attempts = attempts + 1
                WHERE event_id IN (${placeholders(rows.length)}) AND receiver = ?`,
          parameters: [lease, ...rows.map(({ event_id: id }) => id), receiver.key],
        });
      }
      return rows;
    });
    if (due.length === 0) return [];
    const events = await this.database.select<EventRow>(
      `SELECT id, type, user_id, details, created_at FROM events WHERE id IN (${placeholders(due.length)})`,
      due.map(({ event_id: id }) => id),
    );
    const byId = new Map(events.map((event) => [event.id, event]));
    return due.flatMap((row) => {
      const event = byId.get(row.event_id);
      // Pruned meanwhile, and the delivery with it.
      return event ? [toDelivery(event, row, receiver, lease)] : [];
    });
  }

  /** Puts a delivery off. @param delay ms */
  async postpone(delivery: ClaimedDelivery, delay: number): Promise<void> {
    await this.reschedule(delivery, this.clock.now() + delay, delivery.attempts);
  }

  /** Leaves a delivery that was broken off to whoever comes next. */
  async giveBack(delivery: ClaimedDelivery): Promise<void> {
    await this.reschedule(delivery, this.clock.now(), delivery.attempts - 1);
  }

  /**
   * The receiver has them. With the last receiver an event is delivered.
   * @param deliveries to one receiver
   */
  async finish(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    const ids = deliveries.map(({ eventId }) => eventId);
    const [receiver] = deliveries.map((delivery) => delivery.receiver.key);
    if (receiver === undefined) return;
    await this.database.transaction(async (manager) => {
      // Locked first: of two receivers that finish at once, the second sees that the first has.
      await manager.query(
        `SELECT id FROM events WHERE id IN (${placeholders(ids.length)}) ORDER BY id${this.database.forUpdate}`,
        ids,
      );
      for (const lease of new Set(deliveries.map((delivery) => delivery.lease))) {
        const ofLease = deliveries.filter((delivery) => delivery.lease === lease);
        await write(manager, {
          sql: `DELETE FROM webhook_deliveries WHERE receiver = ? AND next_at = ?
                AND event_id IN (${placeholders(ofLease.length)})`,
          parameters: [receiver, lease, ...ofLease.map(({ eventId }) => eventId)],
        });
      }
      await write(manager, {
        sql: `UPDATE events SET delivered_at = ? WHERE id IN (${placeholders(ids.length)}) AND outbox_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = events.id)`,
        parameters: [toSqlTime(this.clock.now()), ...ids],
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
    // Locked, and looked at again: what another instance has taken is its own.
    const events = await manager.query<{ id: string }[]>(
      `SELECT id FROM events WHERE id IN (${placeholders(marked.length)}) AND outbox_at IS NOT NULL
       ORDER BY id${this.database.forUpdateSkipLocked}`,
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

function toDelivery(
  event: EventRow,
  { attempts }: DueRow,
  receiver: WebhookReceiver,
  lease: string,
): ClaimedDelivery {
  return {
    eventId: event.id,
    userId: event.user_id,
    receiver,
    message: webhookMessage(toHappened(event), fromSqlTime(event.created_at)),
    attempts: attempts + 1,
    lease,
  };
}

function placeholders(count: number): string {
  return Array<string>(count).fill('?').join(', ');
}

async function write(manager: EntityManager, { sql, parameters }: Statement): Promise<void> {
  await manager.query(sql, [...parameters]);
}
