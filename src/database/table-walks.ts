import type { Clock } from '../common/clock.js';
import type { Database, Statement } from './database.js';
import { isDuplicate } from './database-errors.js';
import { toSqlTime } from './sql-time.js';

/** Much longer than a step takes. A walk whose process has died goes on this much later. */
const LEASE_MS = 60_000;

/** What a step has done. */
export interface WalkStep {
  /** Primary key of the last row that it looked at; `null` where there was none left. */
  readonly last: string | null;
  /** Written together with the new place. They must bear being written twice. */
  readonly writes: readonly Statement[];
}

/** How far a walk goes in one run. */
export interface WalkOptions {
  /** A walk that has come to the end begins again this long after it (ms). */
  readonly rest: number;
  /** Steps of this run at most; the next run goes on behind them. */
  readonly steps: number;
  /** Ends the run between two steps. */
  readonly stopping?: AbortSignal;
}

/**
 * Walks through a table along its primary key, in steps of a few rows. The place is kept in the database: a walk goes
 * on where it was, after a restart or on another instance, and one instance at a time has it.
 */
export class TableWalks {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Begins a walk, or goes on with it. Does nothing while another instance has it, or while it rests.
   * @param name ASCII, at most 64 characters
   * @param step looks at the rows behind a primary key, in its order
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
      // Somebody else goes on with it: this process was taken for dead.
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

  /** @returns until when the walk is this instance's; `null` where it is not */
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
