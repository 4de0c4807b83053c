import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { inTime } from '../common/in-time.js';
import { Metrics } from '../common/metrics.js';
import { isDeadlock, isLostRace, isReadOnly, isUnreachable } from './database-errors.js';
import { IdleConnections } from './idle-connections.js';
import { releaseNamedLock, takeNamedLock } from './named-lock.js';

/** One SQL statement with `?` for its parameters: what both databases understand. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
}

/** An answer later than this counts as none: 503 within 2 s, whatever the network does. */
const DEADLINE_MS = 1_800;
/** A connection that was given back within this time has proved that it is alive, whatever another one does. */
const PROVED_FOR_MS = 1_000;
const MAX_ATTEMPTS = 10;
/** With the way to the database and back within the deadline. */
const LOCK_SECONDS = 1;

/**
 * The way to the tables. On MySQL each work has a pooled connection of its own; SQLite has one connection, so
 * there works take turns (else one's writes would roll back with another's transaction).
 * Every failure to reach the database is `DATABASE_UNAVAILABLE`.
 */
@Injectable()
export class Database {
  readonly dialect: 'mysql' | 'sqlite';
  /** Appended to a SELECT whose rows must stay as they are until the transaction ends. */
  readonly forUpdate: string;
  private readonly inside = new AsyncLocalStorage<true>();
  private readonly listeners: (() => void)[] = [];
  private turn: Promise<unknown> = Promise.resolve();
  private readonly exclusive = new Map<string, Promise<unknown>>();
  /** Works that have a connection, and that wait for one: in the pool, or on SQLite for their turn. */
  private readonly use = { inUse: 0, waiting: 0 };
  private readonly idle: IdleConnections;

  constructor(
    private readonly dataSource: DataSource,
    metrics: Metrics,
  ) {
    this.dialect = dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite';
    this.forUpdate = this.dialect === 'mysql' ? ' FOR UPDATE' : '';
    this.idle = new IdleConnections(dataSource);
    const size = dataSource.options.poolSize ?? 1;
    metrics.pool(() => ({ ...this.use, size }));
  }

  /** Runs statements that need no transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withRunner((runner) => work(runner.manager));
  }

  /** Rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters']): Promise<Row[]> {
    return this.withRunner((runner) => runner.query(sql, [...parameters]) as Promise<Row[]>);
  }

  /**
   * Runs a work in one transaction, and again in a new one when it lost a race (duplicate key, deadlock,
   * `LostRace`): an old snapshot would hide the winner. The work must use the manager it is given.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.withRunner((runner) => inTransaction(runner, () => work(runner.manager)));
        this.tellCommit();
        return result;
      } catch (error) {
        if (!isLostRace(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Writes all statements or none. One round trip on MySQL; again where a deadlock rolled it back.
   * @returns the number of rows that each statement matched
   */
  async batch(statements: readonly Statement[]): Promise<number[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const matched = await this.withRunner((runner) =>
          this.dialect === 'mysql' ? batchInOneTrip(runner, statements) : batchInTurn(runner, statements),
        );
        this.tellCommit();
        return matched;
      } catch (error) {
        if (!isDeadlock(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Calls back after each transaction and batch of this instance, to begin what follows them in the background. */
  onCommit(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Runs a work while nobody else runs one under the same name, on any instance. What it asks of the database has
   * deadlines of its own.
   * @param waitSeconds for another instance; long where nobody waits for an answer, as at the start
   * @throws AppError DATABASE_UNAVAILABLE also where the others take longer
   */
  exclusively<T>(name: string, work: () => Promise<T>, waitSeconds = LOCK_SECONDS): Promise<T> {
    return this.inTurn(name, () =>
      // SQLite serves one process: taking turns within it is enough.
      this.dialect === 'sqlite' ? work() : this.locked(name, work, waitSeconds),
    );
  }

  /**
   * One of this instance at a time, so that those who wait take no connection from the one who works. Who waits behind
   * a work that found the database away has found so too.
   */
  private inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = (this.exclusive.get(name) ?? Promise.resolve()).then(work);
    const turn = result.catch((error: unknown) => {
      if (isUnavailable(error)) throw error;
    });
    this.exclusive.set(name, turn);
    const end = () => {
      if (this.exclusive.get(name) === turn) this.exclusive.delete(name);
    };
    turn.then(end, end);
    return result;
  }

  private locked<T>(name: string, work: () => Promise<T>, waitSeconds: number): Promise<T> {
    this.use.waiting++;
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

  /** @throws AppError DATABASE_UNAVAILABLE */
  async ping(): Promise<void> {
    await this.select('SELECT 1', []);
  }

  private tellCommit(): void {
    for (const listener of this.listeners) listener();
  }

  private withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    if (this.inside.getStore()) throw new Error('within a transaction, use its manager');
    this.use.waiting++;
    const run = () => this.inside.run(true, () => this.attempt(work));
    if (this.dialect === 'mysql') return run();
    const result = this.turn.then(run);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private attempt<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.withConnection((runner) => this.answered(runner, DEADLINE_MS, () => work(runner)));
  }

  private async withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
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
      if (isUnreachable(error)) throw new AppError('DATABASE_UNAVAILABLE', { cause: error });
      throw error;
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

async function inTransaction<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  // READ COMMITTED (MySQL): no gap locks to deadlock on, and a read after a lock sees what the lock waited for.
  await runner.startTransaction(runner.dataSource.options.type === 'mysql' ? 'READ COMMITTED' : undefined);
  try {
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
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

async function batchInTurn(runner: QueryRunner, statements: readonly Statement[]): Promise<number[]> {
  return inTransaction(runner, async () => {
    const matched: number[] = [];
    for (const { sql, parameters } of statements) {
      const result = await runner.query(sql, [...parameters], true);
      matched.push(result.affected ?? 0);
    }
    return matched;
  });
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE';
}

/** A connection that did not answer is not given back to the pool: it may never answer again. */
function destroyConnection(runner: QueryRunner): void {
  const connection: unknown = 'databaseConnection' in runner ? runner.databaseConnection : null;
  if (connection && typeof connection === 'object' && 'destroy' in connection) {
    (connection as { destroy: () => void }).destroy();
  }
}
