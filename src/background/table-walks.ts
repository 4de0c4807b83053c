import type { Clock } from '../common/clock.js';
import type { Database, Statement } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import { toSqlTime } from '../database/sql-time.js';

/** Much longer than a step takes. The walk of a crashed process is continued after this time. */
const LEASE_MS = 60_000;

/** Result of one step. */
export interface WalkStep {
  /** Primary key of the last row that the step read; `null` at the end of the table. */
  readonly last: string | null;
  /** Written in one transaction with the new place. They must be idempotent. */
  readonly writes: readonly Statement[];
}

/** Limits of one run. */
export interface WalkOptions {
  /** Time between the end of a walk and its next start (ms). */
  readonly rest: number;
  /** Maximum number of steps of this run; the next run continues after them. */
  readonly steps: number;
  /** Ends the run between two steps. */
  readonly stopping?: AbortSignal;
}

/**
 * Walks through a table along its primary key, in steps of a few rows. The table `table_walks` keeps the place, so a
 * walk continues after a restart or on another instance. A lease lets one instance walk at a time.
 */
export class TableWalks {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts or continues a walk. Does nothing while another instance holds the lease, or during `rest`.
   * @param name ASCII, at most 64 characters
   * @param step reads the next rows after a primary key, ordered by it
   */
  async goOn(name: string, options: WalkOptions, step: (after: string) => Promise<WalkStep>): Promise<void> {
    let lease = await this.take(name, options.rest);
    if (lease === null) return;
    const [row] = await this.database.select<{ place: string }>(
      'SELECT place FROM table_walks WHERE name = ?',
      [name],
    );
    let place = row?.place ?? '';
    for (let done = 0; done < options.steps && !options.stopping?.aborted; done++) {
      const { last, writes } = await step(place);
      const until = this.lease();
      const matched = await this.database.batch([...writes, this.advance(name, lease, until, last)]);
      // The lease was lost: another instance continues the walk.
      if (matched.at(-1) === 0 || last === null) return;
      place = last;
      lease = until;
    }
    await this.database.batch([
      {
        sql: 'UPDATE table_walks SET lease_until = ? WHERE name = ? AND lease_until = ?',
        parameters: [toSqlTime(0), name, lease],
      },
    ]);
  }

  /** @returns the end of the lease; `null` where another instance holds it, or the walk rests */
  private async take(name: string, rest: number): Promise<string | null> {
    const now = this.clock.now();
    const lease = this.lease();
    const [taken] = await this.database.batch([
      {
        // MySQL assigns from left to right: finished_at comes last.
        sql: `UPDATE table_walks SET lease_until = ?,
              place = CASE WHEN finished_at IS NULL THEN place ELSE '' END, finished_at = NULL
              WHERE name = ? AND lease_until < ? AND (finished_at IS NULL OR finished_at <= ?)`,
        parameters: [lease, name, toSqlTime(now), toSqlTime(now - rest)],
      },
    ]);
    if (taken === 1) return lease;
    const [known] = await this.database.select('SELECT name FROM table_walks WHERE name = ?', [name]);
    if (known) return null;
    try {
      await this.database.batch([
        {
          sql: "INSERT INTO table_walks (name, place, lease_until) VALUES (?, '', ?)",
          parameters: [name, lease],
        },
      ]);
      return lease;
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }

  private advance(name: string, lease: string, until: string, last: string | null): Statement {
    const end = toSqlTime(this.clock.now());
    return last === null
      ? {
          sql: 'UPDATE table_walks SET finished_at = ?, lease_until = ? WHERE name = ? AND lease_until = ?',
          parameters: [end, toSqlTime(0), name, lease],
        }
      : {
          sql: 'UPDATE table_walks SET place = ?, lease_until = ? WHERE name = ? AND lease_until = ?',
          parameters: [last, until, name, lease],
        };
  }

  private lease(): string {
    return toSqlTime(this.clock.now() + LEASE_MS);
  }
}
