import { Injectable } from '@nestjs/common';
import { HourlyJob } from '../background/hourly-job.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import { placeholders } from '../database/statements.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { webhookReceivers } from './webhook-receiver.js';

/** Rows that one statement deletes. It must not hold locks for long. */
const CHUNK = 1_000;
/** Longer than all attempts of a delivery take. By then all instances have the same WEBHOOK_URLS. */
const ORPHANED_AFTER_MS = 4 * 24 * 60 * 60 * 1_000;

/**
 * Deletes events that are older than EVENT_RETENTION, once an hour. Events with a pending delivery, or in the outbox,
 * stay. A delivery that was given up is deleted with its event.
 */
@Injectable()
export class EventPruning extends HourlyJob {
  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    store: EphemeralStore,
  ) {
    super(store, 'event-pruning');
  }

  protected override async work(stopping: AbortSignal): Promise<void> {
    await this.deleteOrphans(stopping);
    const before = toSqlTime(this.clock.now() - this.config.eventRetention * 1000);
    // Without receivers, no event leaves the outbox any more. With NOT EXISTS instead of COUNT, MariaDB would
    // read all deliveries.
    const isDone = `${this.config.webhooks === null ? '' : 'outbox_at IS NULL AND '}(SELECT COUNT(*)
      FROM webhook_deliveries d WHERE d.event_id = events.id AND d.given_up_at IS NULL) = 0`;
    let pruned = 0;
    let position = { at: toSqlTime(0), id: '' };
    await inChunks(stopping, async () => {
      // No condition on deliveries here: the statement would read on until it has found a full chunk.
      const rows = await this.database.select<{ id: string; created_at: SqlTime }>(
        `SELECT id, created_at FROM events
         WHERE created_at < ? AND (created_at > ? OR (created_at = ? AND id > ?)) ORDER BY created_at, id LIMIT ?`,
        [before, position.at, position.at, position.id, CHUNK],
      );
      const last = rows.at(-1);
      if (!last) return 0;
      const [deleted] = await this.database.batch([
        {
          sql: `DELETE FROM events WHERE id IN (${placeholders(rows.length)}) AND ${isDone}`,
          parameters: rows.map(({ id }) => id),
        },
      ]);
      pruned += deleted ?? 0;
      position = { at: toSqlTime(fromSqlTime(last.created_at)), id: last.id };
      return rows.length;
    });
    if (pruned > 0) this.logger.log({ events: pruned, msg: 'pruned' });
  }

  /** Deletes deliveries to receivers that are no longer in WEBHOOK_URLS. */
  private async deleteOrphans(stopping: AbortSignal): Promise<void> {
    const known = new Set(webhookReceivers(this.config).map(({ key }) => key));
    const before = toSqlTime(this.clock.now() - ORPHANED_AFTER_MS);
    for (let receiver: string | null = ''; ;) {
      receiver = await this.nextReceiver(receiver);
      if (receiver === null || stopping.aborted) return;
      if (known.has(receiver)) continue;
      const dropped = await inChunks(stopping, async () => {
        const rows = await this.database.select<{ event_id: string }>(
          'SELECT event_id FROM webhook_deliveries WHERE receiver = ? AND created_at < ? LIMIT ?',
          [receiver, before, CHUNK],
        );
        if (rows.length === 0) return 0;
        await this.database.batch([
          {
            sql: `DELETE FROM webhook_deliveries WHERE receiver = ? AND event_id IN (${placeholders(rows.length)})`,
            parameters: [receiver, ...rows.map((row) => row.event_id)],
          },
        ]);
        return rows.length;
      });
      if (dropped > 0)
        this.logger.warn({
          deliveries: dropped,
          msg: 'deliveries deleted: their receiver is no longer in WEBHOOK_URLS',
        });
    }
  }

  /** Returns the next receiver that has deliveries, from the index. DISTINCT would read all deliveries. */
  private async nextReceiver(receiver: string): Promise<string | null> {
    const [next] = await this.database.select<{ receiver: string }>(
      'SELECT receiver FROM webhook_deliveries WHERE receiver > ? ORDER BY receiver LIMIT 1',
      [receiver],
    );
    return next?.receiver ?? null;
  }
}

/**
 * Repeats a step until it finds less than a full chunk.
 * @returns the number of rows
 */
async function inChunks(stopping: AbortSignal, step: () => Promise<number>): Promise<number> {
  for (let total = 0; ;) {
    const found = await step();
    total += found;
    if (found < CHUNK || stopping.aborted) return total;
  }
}
