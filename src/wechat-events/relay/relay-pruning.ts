import { Injectable } from '@nestjs/common';
import { HourlyJob } from '../../background/hourly-job.js';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Database } from '../../database/database.js';
import { toSqlTime } from '../../database/sql-time.js';
import { execute, placeholders } from '../../database/statements.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import { relayReceivers } from './relay-receiver.js';
import { type Mailbox, RelayedPushes } from './relayed-pushes.js';

/** Rows of one step. It must not hold locks for long: a push has up to 64 KB. */
const CHUNK = 100;
/** As long as a push is kept. By then all instances have the same WECHAT_PUSH_FORWARD. */
const ORPHANED_AFTER_MS = 24 * 60 * 60 * 1_000;

/** Deletes the pushes to receivers that are no longer in WECHAT_PUSH_FORWARD, once an hour. */
@Injectable()
export class RelayPruning extends HourlyJob {
  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly pushes: RelayedPushes,
    store: EphemeralStore,
  ) {
    super(store, 'relay-pruning');
  }

  protected override async work(stopping: AbortSignal): Promise<void> {
    const known = new Set(relayReceivers(this.config).map(({ key }) => key));
    let deleted = 0;
    for (let receiver = await this.nextReceiver(''); receiver !== null && !stopping.aborted;) {
      if (!known.has(receiver)) deleted += await this.deleteOrphans(receiver, stopping);
      receiver = await this.nextReceiver(receiver);
    }
    if (deleted === 0) return;
    this.logger.warn({
      pushes: deleted,
      msg: 'pushes deleted: their receiver is no longer in WECHAT_PUSH_FORWARD',
    });
  }

  /** Returns the next receiver that has mailboxes, from the index. DISTINCT would read all mailboxes. */
  private async nextReceiver(receiver: string): Promise<string | null> {
    const [next] = await this.database.select<{ receiver: string }>(
      'SELECT receiver FROM push_mailboxes WHERE receiver > ? ORDER BY receiver LIMIT 1',
      [receiver],
    );
    return next?.receiver ?? null;
  }

  /** Nobody claims these mailboxes: `next_at` stays where the last push, or the last attempt, has put it. */
  private async deleteOrphans(receiver: string, stopping: AbortSignal): Promise<number> {
    const before = toSqlTime(this.clock.now() - ORPHANED_AFTER_MS);
    let deleted = 0;
    while (!stopping.aborted) {
      const mailboxes = await this.database.select<{ person: string }>(
        'SELECT person FROM push_mailboxes WHERE receiver = ? AND next_at < ? ORDER BY next_at LIMIT ?',
        [receiver, before, CHUNK],
      );
      for (const { person } of mailboxes) deleted += await this.empty({ receiver, person }, stopping);
      if (mailboxes.length < CHUNK) return deleted;
    }
    return deleted;
  }

  private async empty(mailbox: Mailbox, stopping: AbortSignal): Promise<number> {
    for (let total = 0; ;) {
      const deleted = await this.database.transaction(async (manager) => {
        await this.pushes.lock(manager, mailbox);
        const rows = await manager.query<{ id: string }[]>(
          'SELECT id FROM relayed_pushes WHERE receiver = ? AND person = ? ORDER BY id LIMIT ?',
          [mailbox.receiver, mailbox.person, CHUNK],
        );
        if (rows.length > 0) {
          await execute(manager, {
            sql: `DELETE FROM relayed_pushes WHERE id IN (${placeholders(rows.length)})`,
            parameters: rows.map(({ id }) => id),
          });
        }
        await this.pushes.deleteIfEmpty(manager, mailbox);
        return rows.length;
      });
      total += deleted;
      if (deleted < CHUNK || stopping.aborted) return total;
    }
  }
}
