import type { Concurrency, LaneLog, Outcome, Work } from '../background/lane.js';
import { type Leased, LeaseQueue } from '../background/lease-queue.js';
import { type LeaseTable, NEVER } from '../background/lease-table.js';
import type { Clock } from '../common/clock.js';
import type { Database } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { execute, placeholders } from '../database/statements.js';
import type { EventLog } from './event-log.js';
import { toHappened, type WebhookMessage, webhookMessage } from './webhook-message.js';
import type { WebhookReceiver } from './webhook-receiver.js';
import type { WebhookSender } from './webhook-sender.js';

const WEBHOOK_DELIVERIES: LeaseTable = {
  name: 'webhook_deliveries',
  key: 'event_id',
  lane: 'receiver',
  payload: [],
  // Longer than a delivery takes: 10 s, and the writes to the database.
  leaseMs: 60_000,
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Delay after the first failure, the second, and so on (ms). A delivery is given up after eleven attempts in
 * three days.
 */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
];

/** A delivery whose lease this instance holds. Its key is the id of the event. */
export interface ClaimedDelivery extends Leased {
  readonly userId: string | null;
  /** `null` if the event no longer contains anything that goes out. */
  readonly message: WebhookMessage | null;
}

interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly user_id: string | null;
  readonly details: string;
  readonly created_at: SqlTime;
}

/** Services that the lanes of all receivers share. */
export interface WebhookServices {
  readonly database: Database;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly sender: WebhookSender;
}

/**
 * The deliveries to one receiver. To prevent deadlocks, a transaction locks the event before its deliveries.
 */
export class WebhookLane implements Work<ClaimedDelivery> {
  readonly queue: LeaseQueue<object>;
  readonly concurrency: Concurrency = { least: 4, most: 64, freeShare: 0.5 };

  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly services: WebhookServices,
    readonly log: LaneLog,
  ) {
    this.queue = new LeaseQueue(services.database, services.clock, WEBHOOK_DELIVERIES, receiver.key);
  }

  async claim(limit: number): Promise<ClaimedDelivery[]> {
    const claimed = await this.queue.claim(limit);
    if (claimed.length === 0) return [];
    const events = await this.services.database.select<EventRow>(
      `SELECT id, type, user_id, details, created_at FROM events WHERE id IN (${placeholders(claimed.length)})`,
      claimed.map(({ key }) => key),
    );
    const byId = new Map(events.map((event) => [event.id, event]));
    return claimed.flatMap(({ key, attempts, lease }) => {
      const event = byId.get(key);
      // Pruned meanwhile, together with the delivery.
      if (!event) return [];
      const message = webhookMessage(toHappened(event), fromSqlTime(event.created_at));
      return [{ key, attempts, lease, userId: event.user_id, message }];
    });
  }

  async attempt({ key, message }: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    if (message === null) return { kind: 'refused', reason: 'nothing is left to tell' };
    const outcome = await this.services.sender.send(this.receiver, key, message, signal);
    switch (outcome.kind) {
      case 'delivered':
        return { kind: 'done' };
      case 'stopped':
        return { kind: 'interrupted' };
      default:
        return outcome;
    }
  }

  /** Deletes deliveries that succeeded. The last one marks the event as delivered. */
  async finish(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    const ids = deliveries.map(({ key }) => key);
    if (ids.length === 0) return;
    await this.services.database.transaction(async (manager) => {
      // The lock makes the second of two receivers that finish at once see the result of the first.
      await manager.query(
        `SELECT id FROM events WHERE id IN (${placeholders(ids.length)}) ORDER BY id${this.services.database.forUpdate}`,
        ids,
      );
      await execute(manager, ...this.queue.finishing(deliveries));
      await execute(manager, {
        sql: `UPDATE events SET delivered_at = ? WHERE id IN (${placeholders(ids.length)}) AND outbox_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = events.id)`,
        parameters: [toSqlTime(this.services.clock.now()), ...ids],
      });
    });
  }

  /** Keeps the row, so that the event stays undelivered, and records an event. */
  async giveUp(delivery: ClaimedDelivery, reason: string): Promise<void> {
    const { key: eventId, userId, attempts } = delivery;
    await this.services.database.transaction(async (manager) => {
      if ((await this.queue.held(manager, delivery)) === null) return;
      await execute(manager, {
        sql: 'UPDATE webhook_deliveries SET next_at = ?, given_up_at = ? WHERE event_id = ? AND receiver = ?',
        parameters: [NEVER, toSqlTime(this.services.clock.now()), eventId, this.receiver.key],
      });
      await execute(
        manager,
        this.services.events.entry({
          type: 'webhook.given_up',
          userId,
          actor: 'system',
          details: { eventId, receiver: this.receiver.name, attempts, reason },
        }),
      );
    });
  }

  backoff(attempts: number): number | null {
    return DELAYS_MS[attempts - 1] ?? null;
  }
}
