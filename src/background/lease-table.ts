import type { Database } from '../database/database.js';
import { placeholders } from '../database/statements.js';
import { MOST_COUNTED } from './backlog.js';

/**
 * A table of work, as its owner describes it. Beside the columns named here it has `attempts` (integer) and `next_at`
 * (`datetime(3)`, UTC): an item is due from then on, and a lease moves it into the future. An index begins with the
 * lane, if there is one, and `next_at`.
 */
export interface LeaseTable {
  readonly name: string;
  /** Column that identifies an item within its lane. Key and lane are the primary key. */
  readonly key: string;
  /** Column that divides the table into queues that do not wait for each other; `null` where all is one queue. */
  readonly lane: string | null;
  /** Further columns that a claim reads. */
  readonly payload: readonly string[];
  /** Length of a lease (ms). An attempt ends `LEASE_MARGIN_MS` earlier. */
  readonly leaseMs: number;
}

/** Rest of a lease in which the result of an attempt is written (ms). */
export const LEASE_MARGIN_MS = 10_000;

/** `next_at` of an item that was given up and whose row is kept. */
export const NEVER = '9999-12-31 00:00:00.000';

/** Stands in the statements for the placeholders of a list of keys. */
const KEYS = ':keys';

/** The statements of a lease queue. Their parameters stand in the order of the text. */
export type LeaseStatements = Readonly<
  Record<'due' | 'lock' | 'lease' | 'reschedule' | 'finish' | 'held' | 'backlog', string>
>;

/** Builds the statements for one table, once. */
export function leaseStatements(
  table: LeaseTable,
  { dialect, forUpdate, forUpdateSkipLocked }: Database,
): LeaseStatements {
  const ofLane = table.lane === null ? '' : `${table.lane} = ? AND `;
  const columns = [`${table.key} AS item_key`, 'attempts', ...table.payload].join(', ');
  // Along the index on next_at, InnoDB would also lock the row behind the last one, and hide it from other claims.
  const byKey = dialect === 'mysql' ? ' FORCE INDEX (PRIMARY)' : '';
  return {
    due: `SELECT ${table.key} AS item_key FROM ${table.name} WHERE ${ofLane}next_at <= ?
          ORDER BY next_at, ${table.key} LIMIT ?`,
    lock: `SELECT ${columns} FROM ${table.name}${byKey}
           WHERE ${ofLane}${table.key} IN (${KEYS}) AND next_at <= ?${forUpdateSkipLocked}`,
    lease: `UPDATE ${table.name} SET next_at = ?, attempts = attempts + 1
            WHERE ${ofLane}${table.key} IN (${KEYS})`,
    reschedule: `UPDATE ${table.name} SET next_at = ?, attempts = ?
                 WHERE ${ofLane}${table.key} = ? AND next_at = ?`,
    finish: `DELETE FROM ${table.name} WHERE ${ofLane}${table.key} IN (${KEYS}) AND next_at = ?`,
    held: `SELECT ${columns} FROM ${table.name} WHERE ${ofLane}${table.key} = ? AND next_at = ?${forUpdate}`,
    backlog: `SELECT COUNT(*) AS waiting, COUNT(CASE WHEN next_at <= ? THEN 1 END) AS due, MIN(next_at) AS since
              FROM (SELECT next_at FROM ${table.name} WHERE ${ofLane}next_at < ?
                    ORDER BY next_at LIMIT ${MOST_COUNTED}) counted`,
  };
}

/** A statement for a number of keys. */
export function forKeys(sql: string, count: number): string {
  return sql.replace(KEYS, placeholders(count));
}
