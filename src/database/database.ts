import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Metrics } from '../common/metrics.js';
import { isInDatabaseOperation, runInDatabaseOperation } from '../http/request-context.js';
import type { BatchResult, Connections, Statement } from './connections.js';
import { isDeadlock, isLostRace, LostRace, isUnavailable } from './database-errors.js';
import { Deadlines } from './deadlines.js';
import { MysqlConnections } from './mysql/connections.js';
import { Readiness } from './readiness/readiness.js';
import { SqliteConnection } from './sqlite/connection.js';
import { SqliteDataSource } from './sqlite/data-source.js';

export type { Statement } from './connections.js';

const MAX_ATTEMPTS = 10;
/**
 * Upper bound of the random back-off after the first lost race (ms); it grows with each attempt. Without it
 * the same transactions would collide again.
 */
const BACK_OFF_MS = 20;

/**
 * Access to the tables. On MySQL each operation has a pooled connection of its own. SQLite has one
 * connection, so operations run one after another. Every failure to reach the database is
 * `DATABASE_UNAVAILABLE`.
 */
@Injectable()
export class Database {
  readonly dialect: 'mysql' | 'sqlite';
  /**
   * Appended to a SELECT to lock its rows until the transaction ends. Empty on SQLite, whose transactions are
   * exclusive.
   */
  readonly forUpdate: string;
  /** As `forUpdate`, but skips rows that another transaction has locked. Used to claim work from a queue. */
  readonly forUpdateSkipLocked: string;
  private connections: Connections | null = null;
  private readonly openCallbacks: (() => Promise<void> | void)[] = [];
  private opened = false;
  private readonly readiness: Readiness;
  private readonly deadlines = new Deadlines();
  private readonly listeners: (() => void)[] = [];
  private readonly exclusiveQueues = new Map<string, Promise<unknown>>();

  constructor(
    private readonly dataSource: DataSource,
    metrics: Metrics,
  ) {
    this.dialect = dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite';
    this.forUpdate = this.dialect === 'mysql' ? ' FOR UPDATE' : '';
    this.readiness = new Readiness(this.dialect, (statements) =>
      this.once(() => this.openConnections().batch(statements, null, this.deadlines.next())),
    );
    this.forUpdateSkipLocked = this.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : '';
    const size = dataSource.options.poolSize ?? 1;
    metrics.pool(() => ({ ...(this.connections?.use ?? { inUse: 0, waiting: 0 }), size }));
  }

  /** Whether the tables are migrated and all `onOpen` callbacks have run. */
  get isOpen(): boolean {
    return this.opened;
  }

  /**
   * Registers a callback that runs once the tables are migrated, before the first request. To be called while
   * the modules start. If a callback rejects, all of them are repeated with the next attempt, or the start
   * fails.
   */
  onOpen(work: () => Promise<void> | void): void {
    this.openCallbacks.push(work);
  }

  /**
   * Opens the connections after the migration and runs the `onOpen` callbacks. May be called again after a
   * failure.
   */
  async open(): Promise<void> {
    this.connections ??=
      this.dataSource instanceof SqliteDataSource
        ? new SqliteConnection(this.dataSource)
        : new MysqlConnections(this.dataSource);
    for (const work of this.openCallbacks) await work();
    this.opened = true;
  }

  /**
   * SQL to put behind a table in FROM: forces the use of this index. For an ORDER BY of the primary key with
   * a LIMIT, MariaDB would otherwise prefer to scan the primary key, past the rows of everybody else.
   */
  forceIndex(index: string): string {
    return this.dialect === 'mysql' ? `FORCE INDEX (${index})` : `INDEXED BY ${index}`;
  }

  /** Runs statements that need no transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.once(() =>
      this.openConnections().run(
        this.inScope((runner: QueryRunner) => work(runner.manager)),
        this.deadlines.next(),
      ),
    );
  }

  /** Returns the rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters']): Promise<Row[]> {
    return this.once(() => this.openConnections().select<Row>(sql, parameters, this.deadlines.next()));
  }

  /**
   * Runs a callback in one transaction. After a lost race (duplicate key, deadlock, `LostRace`) it is retried
   * in a new transaction, because the old snapshot would hide the winner's rows. The callback must use the
   * manager that it is given.
   */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.writeWithRetry(isLostRace, (until) =>
      this.openConnections().transaction(this.inScope(work), until),
    );
  }

  /**
   * Runs all statements in one transaction, in one round trip on MySQL. Retried after a deadlock.
   * @returns the number of rows that each statement matched
   */
  async batch(statements: readonly Statement[]): Promise<readonly number[]> {
    return (await this.writeBatch(statements, null)).matched;
  }

  /** As `batch`, and reads with a SELECT what the transaction has left, in the same round trip. */
  batchThenSelect<Row>(statements: readonly Statement[], select: Statement): Promise<BatchResult<Row>> {
    return this.writeBatch(statements, select);
  }

  /**
   * Registers a listener for every committed transaction and batch of this instance. Background work starts
   * from it.
   */
  onCommit(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Runs a transaction that holds the named lock exclusively, across all instances. The lock is part of the
   * transaction: it is released when the transaction ends, or when this process dies.
   * @param waitSeconds how long to retry an unavailable or busy database; for callers that no client waits
   * for, as at startup
   * @throws AppError DATABASE_UNAVAILABLE
   */
  exclusively<T>(name: string, work: (manager: EntityManager) => Promise<T>, waitSeconds = 0): Promise<T> {
    const retryUntil = performance.now() + waitSeconds * 1_000;
    const attempt = (): Promise<T> =>
      this.writeWithRetry(isLostRace, (until) =>
        this.openConnections().transaction(this.inScope(work), until, name),
      ).catch(async (error: unknown) => {
        if (!isUnavailable(error) || performance.now() > retryUntil) throw error;
        await pause(10 * BACK_OFF_MS);
        return attempt();
      });
    return this.inTurn(name, attempt);
  }

  /**
   * Checks by a write that the database accepts writes.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  ping(): Promise<void> {
    return this.readiness.check();
  }

  /**
   * Serialises the callers of this instance, so that those that wait for the lock hold no connection. If the
   * database is unavailable for one of them, those queued behind it fail with the same error at once.
   */
  private inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = (this.exclusiveQueues.get(name) ?? Promise.resolve()).then(work);
    const turn = result.catch((error: unknown) => {
      if (isUnavailable(error)) throw error;
    });
    this.exclusiveQueues.set(name, turn);
    const end = () => {
      if (this.exclusiveQueues.get(name) === turn) this.exclusiveQueues.delete(name);
    };
    turn.then(end, end);
    return result;
  }

  private writeBatch<Row>(
    statements: readonly Statement[],
    select: Statement | null,
  ): Promise<BatchResult<Row>> {
    return this.writeWithRetry(isDeadlock, (until) =>
      this.openConnections().batch<Row>(statements, select, until),
    );
  }

  /** Writes, retries while `lost` accepts the error and the deadline allows, then notifies the listeners. */
  private async writeWithRetry<T>(
    lost: (error: unknown) => boolean,
    write: (until: number) => Promise<T>,
  ): Promise<T> {
    const until = this.deadlines.next();
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.once(() => write(until));
        for (const listener of this.listeners) listener();
        return result;
      } catch (error) {
        if (!lost(error)) throw error;
        const ms = Math.random() * BACK_OFF_MS * attempt;
        if (attempt === MAX_ATTEMPTS || performance.now() + ms > until) throw errorAfterLastAttempt(error);
        await pause(ms);
      }
    }
  }

  private async once<T>(work: () => Promise<T>): Promise<T> {
    if (isInDatabaseOperation(this)) throw new Error('within a transaction, use its manager');
    const begin = performance.now();
    try {
      return await work();
    } catch (error) {
      this.readiness.recordFailure(error);
      throw error;
    } finally {
      this.deadlines.count(begin);
    }
  }

  /** Marks what the caller's own code awaits: a further operation in it would wait for its connection. */
  private inScope<Given, T>(work: (given: Given) => Promise<T>): (given: Given) => Promise<T> {
    return (given) => runInDatabaseOperation(this, () => work(given));
  }

  /** @throws AppError DATABASE_UNAVAILABLE before the first connection */
  private openConnections(): Connections {
    if (!this.connections) throw new AppError('DATABASE_UNAVAILABLE');
    return this.connections;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * The error after the last attempt. A lost deadlock may succeed later, so it becomes 503. A `LostRace` and a
 * duplicate key are permanent and are passed on.
 */
function errorAfterLastAttempt(error: unknown): unknown {
  const mayComeAgain = isDeadlock(error) && !(error instanceof LostRace);
  return mayComeAgain ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}
