import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { HourlyJob } from '../ephemeral/hourly-job.js';
import { webhookReceivers } from './webhook-receiver.js';

/** Rows that one statement deletes: none holds its locks for long. */
const CHUNK = 1_000;
/** Longer than a delivery is tried. By then all instances have the same WEBHOOK_URLS. */
const ORPHANED_AFTER_MS = 4 * 24 * 60 * 60 * 1_000;

/** Deletes events that are older than EVENT_RETENTION, once an hour, but none that webhooks still have to tell of. What was given up goes with its event. */
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
    await this.dropOrphans(stopping);
    const before = toSqlTime(this.clock.now() - this.config.eventRetention * 1000);
    // Without receivers nothing that is marked goes out any more. Counted, not NOT EXISTS: MariaDB would read all
    // deliveries for that.
    const done = `${this.config.webhooks === null ? '' : 'outbox_at IS NULL AND '}(SELECT COUNT(*)
      FROM webhook_deliveries d WHERE d.event_id = events.id AND d.given_up_at IS NULL) = 0`;
    const pruned = await inChunks(stopping, async () => {
      const rows = await this.database.select<{ id: string }>(
        `SELECT id FROM events WHERE created_at < ? AND ${done} ORDER BY created_at LIMIT ?`,
        [before, CHUNK],
      );
      if (rows.length === 0) return 0;
      await this.database.batch([
        {
          // Looked at again: one that is being resent stays.
          sql: `DELETE FROM events WHERE id IN (${placeholders(rows.length)}) AND ${done}`,
          parameters: rows.map(({ id }) => id),
        },
      ]);
      return rows.length;
    });
    if (pruned > 0) this.logger.log({ events: pruned, msg: 'pruned' });
  }

  /** Deliveries to receivers that are not in WEBHOOK_URLS any more. */
  private async dropOrphans(stopping: AbortSignal): Promise<void> {
    const known = new Set(webhookReceivers(this.config).map(({ key }) => key));
    const before = toSqlTime(this.clock.now() - ORPHANED_AFTER_MS);
    const receivers = await this.database.select<{ receiver: string }>(
      'SELECT DISTINCT receiver FROM webhook_deliveries',
      [],
    );
    for (const { receiver } of receivers.filter((each) => !known.has(each.receiver))) {
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
        this.logger.warn({ deliveries: dropped, msg: 'dropped: their receiver is gone from WEBHOOK_URLS' });
    }
  }
}

/** Repeats a step until it finds no full chunk. @returns how many rows there were */
async function inChunks(stopping: AbortSignal, step: () => Promise<number>): Promise<number> {
  for (let total = 0; ;) {
    const found = await step();
    total += found;
    if (found < CHUNK || stopping.aborted) return total;
  }
}

function placeholders(count: number): string {
  return Array<string>(count).fill('?').join(', ');
}
