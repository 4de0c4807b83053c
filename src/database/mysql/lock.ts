import type { QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { isLostRace, isUnreachable } from '../database-errors.js';

const TABLE = 'named_locks';

/**
 * SQL that takes a named lock for the current transaction. The lock is a write on purpose: on a cluster whose
 * servers do not share row locks (Galera, Group Replication), only one of two concurrent transactions can
 * then commit.
 */
export function lockStatement(name: string): [sql: string, parameters: readonly [string]] {
  return [
    `INSERT INTO ${TABLE} (name, taken) VALUES (?, 1) ON DUPLICATE KEY UPDATE taken = taken + 1`,
    [name],
  ];
}

/** Creates the table of locks. It must exist before the migrations, which take one. */
export async function createLocks(runner: QueryRunner): Promise<void> {
  await runner.query(`CREATE TABLE IF NOT EXISTS ${TABLE} (
    name varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    taken bigint unsigned NOT NULL
  ) ENGINE=InnoDB`);
}

/**
 * Takes a named lock for work on other connections, such as migrations, whose statements commit by
 * themselves. An open transaction on this connection holds the lock. It is released when the connection
 * closes, so a crash leaves nothing behind.
 * @param waitSeconds how long to wait for the current holder
 * @throws AppError DATABASE_UNAVAILABLE if the lock was not free in time
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

/** Releases the lock. Must run on the connection that took it. */
export async function releaseLock(runner: QueryRunner): Promise<void> {
  await runner.query('COMMIT');
}

/**
 * Lifts the time limits of requests from a connection: DDL on a large table takes long and may wait for
 * readers. The connection must not return to the pool: `endMaintenance` closes it.
 */
export async function beginMaintenance(runner: QueryRunner): Promise<void> {
  await runner.query(`SET SESSION wait_timeout = 28800, lock_wait_timeout = 60
    /*M!100301 , max_statement_time = 0, idle_transaction_timeout = 0 */
    /*!50708 , max_execution_time = 0 */`);
}

/** Closes the connection, if it was opened. */
export async function endMaintenance(runner: QueryRunner): Promise<void> {
  const connection = (await runner.connect().catch(() => null)) as { destroy: () => void } | null;
  connection?.destroy();
  await runner.release();
}
