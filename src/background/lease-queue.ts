import type { EntityManager } from 'typeorm';
import type { Clock } from '../common/clock.js';
import type { Database, Statement } from '../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../database/sql-time.js';
import type { WaitingWork } from './backlog.js';
import {
  forKeys,
  LEASE_MARGIN_MS,
  type LeaseStatements,
  leaseStatements,
  type LeaseTable,
  NEVER,
} from './lease-table.js';

/** How often a claim looks again after other instances have claimed everything that it found. */
const CLAIM_ATTEMPTS = 5;

/** An item whose lease this instance holds. */
export interface Leased {
  readonly key: string;
  /** Attempts so far, including the current one. */
  readonly attempts: number;
  /**
   * End of the lease: the value of `next_at` that the claim wrote. Each write compares it, so that a claim whose lease
   * has ended, and whose item another instance has claimed, changes nothing.
   */
  readonly lease: string;
}

/** An item as its row holds it. */
export type Claimed<Payload> = Leased & { readonly payload: Payload };

interface BacklogRow {
  readonly waiting: number | string;
  readonly due: number | string;
  readonly since: SqlTime | null;
}

type Row<Payload> = Payload & { readonly item_key: string; readonly attempts: number };

/**
 * A queue in a table, or in one lane of it. Instances that claim at the same time skip the rows that others have
 * locked. A claim moves `next_at` to the end of the lease: the item of an instance that has crashed becomes due again
 * then, so an item may be attempted twice. The order of items is not guaranteed.
 */
export class LeaseQueue<Payload> {
  /** How long an attempt may take (ms). */
  readonly deadlineMs: number;
  private readonly sql: LeaseStatements;
  private readonly ofLane: readonly string[];

  /** @param lane value of the lane column; `null` for a table without lanes */
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly table: LeaseTable,
    lane: string | null = null,
  ) {
    if ((lane === null) !== (table.lane === null)) throw new Error(`${table.name}: the lane does not fit`);
    this.deadlineMs = table.leaseMs - LEASE_MARGIN_MS;
    this.sql = leaseStatements(table, database);
    this.ofLane = lane === null ? [] : [lane];
  }

  /**
   * Claims the items that have been due the longest.
   * @returns at most `limit` items; none where none is due
   */
  async claim(limit: number): Promise<Claimed<Payload>[]> {
    for (let attempt = 1; ; attempt++) {
      const now = this.clock.now();
      const due = await this.database.select<{ item_key: string }>(this.sql.due, [
        ...this.ofLane,
        toSqlTime(now),
        limit,
      ]);
      if (due.length === 0) return [];
      const keys = due.map((row) => row.item_key);
      const claimed = await this.lease(keys, now);
      if (claimed.length > 0 || attempt === CLAIM_ATTEMPTS) return claimed;
    }
  }

  /** Ends the lease and makes the item due again later. @param delay ms */
  async postpone(item: Leased, delay: number): Promise<void> {
    await this.reschedule(item, this.clock.now() + delay, item.attempts);
  }

  /** Gives back an item whose attempt was interrupted: it is due at once, and the attempt does not count. */
  async release(item: Leased): Promise<void> {
    await this.reschedule(item, this.clock.now(), item.attempts - 1);
  }

  /** Deletes the rows of items that need no further attempt. */
  async finish(items: readonly Leased[]): Promise<void> {
    await this.database.batch(this.finishing(items));
  }

  /** The statements of `finish`, for a transaction of the owner. */
  finishing(items: readonly Leased[]): Statement[] {
    return [...new Set(items.map(({ lease }) => lease))].map((lease) => {
      const keys = items.filter((item) => item.lease === lease).map(({ key }) => key);
      return { sql: forKeys(this.sql.finish, keys.length), parameters: [...this.ofLane, ...keys, lease] };
    });
  }

  /**
   * Locks an item until the transaction ends, and reads it again.
   * @returns `null` where the lease was lost, or the row was deleted
   */
  async held(manager: EntityManager, { key, lease }: Leased): Promise<Payload | null> {
    const [row] = await manager.query<Row<Payload>[]>(this.sql.held, [...this.ofLane, key, lease]);
    return row ?? null;
  }

  /** Counts what waits, without items that were given up. */
  async backlog(): Promise<WaitingWork> {
    const now = this.clock.now();
    const [row] = await this.database.select<BacklogRow>(this.sql.backlog, [
      toSqlTime(now),
      ...this.ofLane,
      NEVER,
    ]);
    const since = row?.since == null ? Infinity : fromSqlTime(row.since);
    return {
      waiting: Number(row?.waiting ?? 0),
      due: Number(row?.due ?? 0),
      dueSince: since <= now ? since : null,
    };
  }

  private async lease(keys: readonly string[], now: number): Promise<Claimed<Payload>[]> {
    const lease = toSqlTime(now + this.table.leaseMs);
    const rows = await this.database.transaction(async (manager) => {
      const free = await manager.query<Row<Payload>[]>(forKeys(this.sql.lock, keys.length), [
        ...this.ofLane,
        ...keys,
        toSqlTime(now),
      ]);
      if (free.length > 0) {
        await manager.query(forKeys(this.sql.lease, free.length), [
          lease,
          ...this.ofLane,
          ...free.map((row) => row.item_key),
        ]);
      }
      return free;
    });
    return rows.map((row) => ({ key: row.item_key, attempts: row.attempts + 1, lease, payload: row }));
  }

  private async reschedule({ key, lease }: Leased, at: number, attempts: number): Promise<void> {
    await this.database.batch([
      { sql: this.sql.reschedule, parameters: [toSqlTime(at), attempts, ...this.ofLane, key, lease] },
    ]);
  }
}
