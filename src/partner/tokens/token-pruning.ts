import { Injectable } from '@nestjs/common';
import { HourlyJob } from '../../background/hourly-job.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { toSqlTime } from '../../database/sql-time.js';
import { placeholders } from '../../database/statements.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';

/** Rows that one statement deletes. It must not hold locks for long. */
const CHUNK = 1_000;
/** Chunks per run: at most 200,000 rows an hour. */
const STEPS = 200;

/** Deletes codes and refresh tokens of partners that have expired, once an hour, by the index of their expiry. */
@Injectable()
export class TokenPruning extends HourlyJob {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    store: EphemeralStore,
  ) {
    super(store, 'partner-token-pruning');
  }

  protected override async work(stopping: AbortSignal): Promise<void> {
    const now = toSqlTime(this.clock.now());
    let pruned = 0;
    for (let step = 0; step < STEPS && !stopping.aborted; step++) {
      const rows = await this.database.select<{ id: string }>(
        'SELECT id FROM partner_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?',
        [now, CHUNK],
      );
      if (rows.length === 0) break;
      const ids = rows.map(({ id }) => id);
      await this.database.batch([
        { sql: `DELETE FROM partner_tokens WHERE id IN (${placeholders(ids.length)})`, parameters: ids },
      ]);
      pruned += ids.length;
      if (ids.length < CHUNK) break;
    }
    if (pruned > 0) this.logger.log({ tokens: pruned, msg: 'pruned' });
  }
}
