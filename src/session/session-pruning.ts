import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { HourlyJob } from '../ephemeral/hourly-job.js';

/** How long a session that has ended is kept: an old refresh token of it is told apart from a foreign one. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;
/** Rows that one statement looks at, and deletes at most. */
const CHUNK = 1_000;

/**
 * Deletes sessions that ended 30 days ago or earlier, once an hour: revoked, past SESSION_TTL, or unused for
 * SESSION_IDLE_TTL. It walks along the primary key, since an index for each of the three would cost every login.
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
    const before = this.clock.now() - KEPT_MS;
    const idle = before - this.config.ttl.sessionIdle * 1000;
    let pruned = 0;
    for (let after = ''; !stopping.aborted;) {
      const rows = await this.database.select<{ id: string; ended: number | string }>(
        `SELECT id, CASE WHEN revoked_at < ? OR expires_at < ? OR last_used_at < ? THEN 1 ELSE 0 END AS ended
         FROM sessions WHERE id > ? ORDER BY id LIMIT ?`,
        [toSqlTime(before), toSqlTime(before), toSqlTime(idle), after, CHUNK],
      );
      // What ended so long ago does not come back to life: no need to look again.
      const ended = rows.filter((row) => Number(row.ended) === 1).map(({ id }) => id);
      if (ended.length > 0) {
        await this.database.batch([
          {
            sql: `DELETE FROM sessions WHERE id IN (${ended.map(() => '?').join(', ')})`,
            parameters: ended,
          },
        ]);
      }
      pruned += ended.length;
      const last = rows.at(-1);
      if (!last || rows.length < CHUNK) break;
      after = last.id;
    }
    if (pruned > 0) this.logger.log({ sessions: pruned, msg: 'pruned' });
  }
}
