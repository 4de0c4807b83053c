import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MOST_COUNTED, type WaitingWork } from '../background/backlog.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { execute, placeholders } from '../database/statements.js';
import { type Actor, EventLog } from './event-log.js';
import { goesOut, toHappened } from './webhook-message.js';
import { type WebhookReceiver, webhookReceivers } from './webhook-receiver.js';

/** Number of events per transaction. */
const BATCH = 500;

/**
 * The outbox of events. The statement that writes an event marks it (`outbox_at`). `handOver` creates a
 * delivery for each receiver and removes the mark, in one transaction.
 * To prevent deadlocks, a transaction locks the event before its deliveries.
 */
@Injectable()
export class WebhookOutbox {
  private readonly receivers: readonly WebhookReceiver[];

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.receivers = webhookReceivers(config);
  }

  /** Creates the deliveries of all marked events. */
  async handOver(): Promise<void> {
    for (;;) {
      // The query uses the mark, not an id watermark, because commits arrive out of order. It takes no locks,
      // so events that other transactions are writing do not block it.
      const marked = await this.database.select<{ id: string }>(
        'SELECT id FROM events WHERE outbox_at <= ? ORDER BY outbox_at LIMIT ?',
        [toSqlTime(this.clock.now()), BATCH],
      );
      const ids = marked.map(({ id }) => id);
      if (ids.length > 0) await this.database.transaction((manager) => this.makeDeliveries(manager, ids));
      if (ids.length < BATCH) return;
    }
  }

  /** Counts the marked events. */
  async backlog(): Promise<WaitingWork> {
    const [row] = await this.database.select<{ marked: number | string; since: SqlTime | null }>(
      `SELECT COUNT(*) AS marked, MIN(outbox_at) AS since
       FROM (SELECT outbox_at FROM events WHERE outbox_at <= ? ORDER BY outbox_at LIMIT ${MOST_COUNTED}) counted`,
      [toSqlTime(this.clock.now())],
    );
    const due = Number(row?.marked ?? 0);
    return { waiting: due, due, dueSince: row?.since == null ? null : fromSqlTime(row.since) };
  }

  /**
   * Sends an event to all receivers again, even if its delivery was given up or a receiver was added later.
   * @throws AppError NOT_FOUND for an event that is unknown or does not go out; WEBHOOKS_OFF
   */
  async resend(eventId: string, actor: Actor): Promise<void> {
    if (this.receivers.length === 0) throw new AppError('WEBHOOKS_OFF');
    if (!isId(eventId)) throw new AppError('NOT_FOUND');
    await this.database.transaction(async (manager) => {
      const [event] = await manager.query<{ type: string; user_id: string | null; details: string }[]>(
        `SELECT type, user_id, details FROM events WHERE id = ?${this.database.forUpdate}`,
        [eventId],
      );
      if (!event || !goesOut(toHappened(event))) throw new AppError('NOT_FOUND');
      await execute(manager, this.events.outboxEntry(eventId));
      await execute(
        manager,
        this.events.entry({ type: 'webhook.resent', userId: event.user_id, actor, details: { eventId } }),
      );
    });
  }

  /** Creates deliveries. An existing delivery is reset, because its event is sent again. */
  private async makeDeliveries(manager: EntityManager, marked: readonly string[]): Promise<void> {
    // The mark is checked again under the lock: another instance may have handed the event over meanwhile.
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
    await execute(manager, {
      sql: `INSERT INTO webhook_deliveries (event_id, receiver, attempts, next_at, created_at)
            VALUES ${rows.map(() => '(?, ?, ?, ?, ?)').join(', ')} ${again}`,
      parameters: [...rows.flat(), now],
    });
    await execute(manager, {
      sql: `UPDATE events SET outbox_at = NULL WHERE id IN (${placeholders(ids.length)})`,
      parameters: ids,
    });
  }
}
