import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { inTime } from '../common/in-time.js';
import type { ConnectionUse, Connections, Statement } from './connections.js';
import { isReadOnly } from './database-errors.js';
import { IdleConnections } from './idle-connections.js';
import { releaseNamedLock, takeNamedLock } from './named-lock.js';
import { inTransaction } from './transaction.js';
import { asUnavailable, isUnavailable } from './unavailable.js';

/** An answer later than this counts as none: 503 within 2 s, whatever the network does. */
const DEADLINE_MS = 1_800;
/** A connection that was given back within this time has proved that it is alive, whatever another one does. */
const PROVED_FOR_MS = 1_000;
/** What of the wait for a named lock is within the deadline already. */
const LOCK_SECONDS = 1;

/** The pool of connections to MySQL or MariaDB: each work has one of its own. */
export class MysqlConnections implements Connections {
  readonly dialect = 'mysql';
  readonly use: ConnectionUse = { inUse: 0, waiting: 0 };
  private readonly idle: IdleConnections;

  constructor(private readonly dataSource: DataSource) {
    this.idle = new IdleConnections(dataSource);
  }

  run<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.withConnection((runner) => this.answered(runner, DEADLINE_MS, () => work(runner)));
  }

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    // READ COMMITTED: no gap locks to deadlock on, and a read after a lock sees what the lock waited for.
    return this.run((runner) => inTransaction(runner, 'READ COMMITTED', () => work(runner.manager)));
  }

  /** One round trip. */
  batch(statements: readonly Statement[]): Promise<number[]> {
    return this.run((runner) => batchInOneTrip(runner, statements));
  }

  locked<T>(name: string, work: () => Promise<T>, waitSeconds: number): Promise<T> {
    return this.withConnection(async (runner) => {
      const patience = DEADLINE_MS + (waitSeconds - LOCK_SECONDS) * 1_000;
      await this.answered(runner, patience, () => takeNamedLock(runner, name, waitSeconds));
      try {
        return await work();
      } catch (error) {
        // The lock goes with its connection; to ask a database that is away would take one deadline more.
        if (isUnavailable(error)) destroyConnection(runner);
        throw error;
      } finally {
        await this.answered(runner, DEADLINE_MS, () => releaseNamedLock(runner, name)).catch(() =>
          destroyConnection(runner),
        );
      }
    });
  }

  private async withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    this.use.waiting++;
    const runner = this.dataSource.createQueryRunner();
    const connected = this.connect(runner);
    connected.catch(() => undefined);
    try {
      return await work(runner);
    } finally {
      // Also when the connection comes after the deadline: it would never go back to the pool otherwise.
      void connected.then(
        () => this.release(runner),
        () => undefined,
      );
    }
  }

  /**
   * What the database answers, connecting included, if it does in time.
   * @param ms whole
   * @throws AppError DATABASE_UNAVAILABLE
   */
  private async answered<T>(runner: QueryRunner, ms: number, ask: () => Promise<T>): Promise<T> {
    let late: AppError | undefined;
    const asked = runner.connect().then(() => {
      if (late) throw late;
      return ask();
    });
    try {
      return await inTime(
        asked,
        ms,
        () =>
          (late = new AppError('DATABASE_UNAVAILABLE', { detail: 'The database did not answer in time.' })),
      );
    } catch (error) {
      if (error === late) this.giveUp(runner, PROVED_FOR_MS);
      if (isReadOnly(error)) this.giveUp(runner, 0);
      throw asUnavailable(error);
    }
  }

  /**
   * What is wrong with a connection is wrong with those that were opened to the same place: its network may have
   * forgotten them all without a word, or the place is no longer the primary. Each would cost a request its deadline.
   */
  private giveUp(runner: QueryRunner, unusedFor: number): void {
    destroyConnection(runner);
    this.idle.destroy(unusedFor);
  }

  private async connect(runner: QueryRunner): Promise<void> {
    try {
      await runner.connect();
      this.use.inUse++;
    } finally {
      this.use.waiting--;
    }
  }

  private release(runner: QueryRunner): Promise<void> {
    this.use.inUse--;
    return runner.release();
  }
}

async function batchInOneTrip(runner: QueryRunner, statements: readonly Statement[]): Promise<number[]> {
  const sql = ['START TRANSACTION', ...statements.map((statement) => statement.sql), 'COMMIT'].join(';\n');
  try {
    const results = (await runner.query(
      sql,
      statements.flatMap((statement) => [...statement.parameters]),
    )) as { affectedRows: number }[];
    return results.slice(1, -1).map((result) => result.affectedRows);
  } catch (error) {
    // The statement that failed left the transaction open on this connection.
    await runner.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** A connection that did not answer is not given back to the pool: it may never answer again. */
function destroyConnection(runner: QueryRunner): void {
  const connection: unknown = 'databaseConnection' in runner ? runner.databaseConnection : null;
  if (connection && typeof connection === 'object' && 'destroy' in connection) {
    (connection as { destroy: () => void }).destroy();
  }
}
