import type { QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { isLostRace, isUnreachable } from '../database-errors.js';

const TABLE = 'named_locks';

/**
 * Takes a lock in the transaction in which it runs, until that ends. It is a write: on a cluster where each server
 * keeps its row locks to itself (Galera, Group Replication), of two transactions that did it only one can commit.
 */
export function lockStatement(name: string): [sql: string, parameters: readonly [string]] {
  return [
    `INSERT INTO ${TABLE} (name, taken) VALUES (?, 1) ON DUPLICATE KEY UPDATE taken = taken + 1`,
    [name],
  ];
}

/** Makes the table of locks: before the migrations, which take one of them. */
export async function createLocks(runner: QueryRunner): Promise<void> {
  await runner.query(`CREATE TABLE IF NOT EXISTS ${TABLE} (
    name varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    taken bigint unsigned NOT NULL
  ) ENGINE=InnoDB`);
}

/**
 * Takes a lock for work on other connections, such as migrations, whose statements commit by themselves: a transaction
 * holds it on this one. It ends with the connection, so nothing has to be cleared up after a crash.
 * @param waitSeconds for whoever has it
 * @throws AppError DATABASE_UNAVAILABLE where that was not enough
 */
export async function holdLock(runner: QueryRunner, name: string, waitSeconds: number): Promise<void> {
  const until = performance.now() + waitSeconds * 1_000;
  await beginMaintenance(runner);
  for (;;) {
    await runner.query('START TRANSACTION');
    try {
      await runner.query(...lockStatement(name));
      return;
    } catch (error) {
      await runner.query('ROLLBACK');
      if (!isLostRace(error) && !isUnreachable(error)) throw error;
      if (performance.now() > until) {
        throw new AppError('DATABASE_UNAVAILABLE', { detail: `no lock "${name}" in time`, cause: error });
      }
    }
  }
}

/** Gives it back, on the connection that took it. */
export async function releaseLock(runner: QueryRunner): Promise<void> {
  await runner.query('COMMIT');
}

/**
 * Lifts the limits that requests have from a connection: a change of a large table takes its time, and may wait for
 * whoever reads it. The connection must not go back to the requests: `endMaintenance` closes it.
 */
export async function beginMaintenance(runner: QueryRunner): Promise<void> {
  await runner.query(`SET SESSION wait_timeout = 28800, lock_wait_timeout = 60
    /*M!100301 , max_statement_time = 0, idle_transaction_timeout = 0 */
    /*!50708 , max_execution_time = 0 */`);
}

/** Closes the connection, if there is one. */
export async function endMaintenance(runner: QueryRunner): Promise<void> {
  const connection = (await runner.connect().catch(() => null)) as { destroy: () => void } | null;
  connection?.destroy();
  await runner.release();
}
