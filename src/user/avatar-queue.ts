import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';

/** Longer than any job takes: fetch 5 s, encode 5 s, store about 20 s. */
const LEASE_MS = 90_000;

interface Claimed {
  readonly id: string;
  /** Tries so far, with the one that begins. */
  readonly attempts: number;
  /** Until when nobody else takes it (`next_at`). Whoever finds another value there has lost the job. */
  readonly lease: string;
}

/** A job that this instance does now. */
export type ClaimedJob = Claimed &
  (
    | { readonly kind: 'copy'; readonly userId: string; readonly url: string }
    | { readonly kind: 'delete'; readonly avatarKey: string }
  );

interface JobRow {
  id: string;
  kind: 'copy' | 'delete';
  user_id: string | null;
  url: string | null;
  avatar_key: string | null;
  attempts: number;
  next_at: SqlTime;
}

/**
 * The table of jobs as its workers see it. A job that is taken is pushed ahead in time, so that no other instance
 * takes it, and that it comes again when this one dies over it.
 */
@Injectable()
export class AvatarQueue {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Takes the job that is due the longest; `null` when none is. */
  async claim(): Promise<ClaimedJob | null> {
    for (;;) {
      const now = this.clock.now();
      const [row] = await this.database.select<JobRow>(
        `SELECT id, kind, user_id, url, avatar_key, attempts, next_at FROM avatar_jobs
         WHERE next_at <= ? ORDER BY next_at, id LIMIT 1`,
        [toSqlTime(now)],
      );
      if (!row) return null;
      const lease = toSqlTime(now + LEASE_MS);
      const [taken] = await this.database.batch([
        {
          sql: 'UPDATE avatar_jobs SET next_at = ?, attempts = attempts + 1 WHERE id = ? AND next_at = ?',
          parameters: [lease, row.id, toSqlTime(fromSqlTime(row.next_at))],
        },
      ]);
      // Else another instance was faster: on to the next one.
      if (taken === 1) return toJob(row, lease);
    }
  }

  /** Puts a job off. @param delay ms */
  async postpone({ id, lease }: ClaimedJob, delay: number): Promise<void> {
    await this.database.batch([
      {
        sql: 'UPDATE avatar_jobs SET next_at = ? WHERE id = ? AND next_at = ?',
        parameters: [toSqlTime(this.clock.now() + delay), id, lease],
      },
    ]);
  }

  /** Leaves a job that was not really tried to whoever comes next. */
  async giveBack({ id, lease }: ClaimedJob): Promise<void> {
    await this.database.batch([
      {
        sql: 'UPDATE avatar_jobs SET next_at = ?, attempts = attempts - 1 WHERE id = ? AND next_at = ?',
        parameters: [toSqlTime(this.clock.now()), id, lease],
      },
    ]);
  }

  /** Removes a job that is done, or that is given up. */
  async remove({ id, lease }: ClaimedJob): Promise<void> {
    await this.database.batch([
      { sql: 'DELETE FROM avatar_jobs WHERE id = ? AND next_at = ?', parameters: [id, lease] },
    ]);
  }
}

function toJob(row: JobRow, lease: string): ClaimedJob {
  const claimed = { id: row.id, attempts: row.attempts + 1, lease };
  return row.kind === 'copy'
    ? { ...claimed, kind: 'copy', userId: row.user_id ?? '', url: row.url ?? '' }
    : { ...claimed, kind: 'delete', avatarKey: row.avatar_key ?? '' };
}
