import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';

/** Longer than any job takes: fetch 5 s, encode 5 s, store about 20 s. */
const LEASE_MS = 90_000;
/** How often a claim looks again for what others have not just taken. */
const CLAIM_ATTEMPTS = 5;

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

  /**
   * Takes the jobs that are due the longest. Instances that claim at once skip the rows that the others have locked.
   * @returns at most `limit`; fewer where no more are due
   */
  async claim(limit: number): Promise<ClaimedJob[]> {
    for (let attempt = 1; ; attempt++) {
      const now = this.clock.now();
      const due = await this.database.select<{ id: string }>(
        'SELECT id FROM avatar_jobs WHERE next_at <= ? ORDER BY next_at, id LIMIT ?',
        [toSqlTime(now), limit],
      );
      if (due.length === 0) return [];
      const ids = due.map(({ id }) => id);
      const claimed = await this.lease(ids, now);
      // Where another instance has just taken all of them, others may be due behind them.
      if (claimed.length > 0 || attempt === CLAIM_ATTEMPTS) return claimed;
    }
  }

  private async lease(ids: readonly string[], now: number): Promise<ClaimedJob[]> {
    const lease = toSqlTime(now + LEASE_MS);
    const rows = await this.database.transaction(async (manager) => {
      const due = await manager.query<JobRow[]>(
        `SELECT id, kind, user_id, url, avatar_key, attempts FROM avatar_jobs
         WHERE id IN (${placeholders(ids.length)}) AND next_at <= ?${this.database.forUpdateSkipLocked}`,
        [...ids, toSqlTime(now)],
      );
      if (due.length > 0) {
        await manager.query(
          `UPDATE avatar_jobs SET next_at = ?, attempts = attempts + 1
           WHERE id IN (${placeholders(due.length)})`,
          [lease, ...due.map(({ id }) => id)],
        );
      }
      return due;
    });
    return rows.map((row) => toJob(row, lease));
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

function placeholders(count: number): string {
  return Array<string>(count).fill('?').join(', ');
}

function toJob(row: JobRow, lease: string): ClaimedJob {
  const claimed = { id: row.id, attempts: row.attempts + 1, lease };
  return row.kind === 'copy'
    ? { ...claimed, kind: 'copy', userId: row.user_id ?? '', url: row.url ?? '' }
    : { ...claimed, kind: 'delete', avatarKey: row.avatar_key ?? '' };
}
