import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { placeholders } from '../database/statements.js';
import { TableWalks } from '../background/table-walks.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { HourlyJob } from '../background/hourly-job.js';

/** How long an ended session is kept. Until then its refresh tokens can be told apart from forged ones. */
const RETENTION_MS = 30 * 24 * 60 * 60 * 1_000;
/** Rows that one statement reads, and the most that it deletes. */
const CHUNK = 1_000;
/** Chunks per run: at most 200,000 rows an hour, however large the table is. */
const STEPS = 200;
/** Pause between the end of a walk and the next one (ms). */
const WALK_PAUSE_MS = 20 * 60 * 60 * 1_000;

/**
 * Deletes sessions that ended 30 days ago or earlier: revoked, past SESSION_TTL, or unused for
 * SESSION_IDLE_TTL. It walks along the primary key (decision 035), because an index for each condition would
 * slow down every login. A walk starts once a day; each hourly run continues it by at most `STEPS` chunks.
 */
@Injectable()
export class SessionPruning extends HourlyJob {
  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    store: EphemeralStore,
  ) {
    super(store, 'session-pruning');
  }

  protected override async work(stopping: AbortSignal): Promise<void> {
    const before = this.clock.now() - RETENTION_MS;
    const idle = before - this.config.ttl.sessionIdle * 1000;
    let pruned = 0;
    const options = { rest: WALK_PAUSE_MS, steps: STEPS, stopping };
    await new TableWalks(this.database, this.clock).goOn('session-pruning', options, async (after) => {
      const rows = await this.database.select<{ id: string; ended: number | string }>(
        `SELECT id, CASE WHEN revoked_at < ? OR expires_at < ? OR last_used_at < ? THEN 1 ELSE 0 END AS ended
         FROM sessions WHERE id > ? ORDER BY id LIMIT ?`,
        [toSqlTime(before), toSqlTime(before), toSqlTime(idle), after, CHUNK],
      );
      // A session never becomes active again, so the DELETE needs no second check.
      const ended = rows.filter((row) => Number(row.ended) === 1).map(({ id }) => id);
      pruned += ended.length;
      const deletion = {
        sql: `DELETE FROM sessions WHERE id IN (${placeholders(ended.length)})`,
        parameters: ended,
      };
      return { last: rows.at(-1)?.id ?? null, writes: ended.length === 0 ? [] : [deletion] };
    });
    if (pruned > 0) this.logger.log({ sessions: pruned, msg: 'pruned' });
  }
}
