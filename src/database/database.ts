import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { Metrics } from '../common/metrics.js';
import type { Connections, Statement } from './connections.js';
import { isDeadlock, isLostRace, LostRace, isUnavailable } from './database-errors.js';
import { Deadlines } from './deadlines.js';
import { MysqlConnections } from './mysql/connections.js';
import { Readiness } from './readiness/readiness.js';
import { SqliteConnection } from './sqlite/connection.js';
import { SqliteDataSource } from './sqlite/data-source.js';

export type { Statement } from './connections.js';

const MAX_ATTEMPTS = 10;
/** Who lost a race waits for up to so long, and longer each time: else the same works meet again (ms). */
const PAUSE_MS = 20;

/**
 * The way to the tables. On MySQL each work has a pooled connection of its own; SQLite has one connection, so
 * there works take turns. Every failure to reach the database is `DATABASE_UNAVAILABLE`.
 */
@Injectable()
export class Database {
  readonly dialect: 'mysql' | 'sqlite';
  /** Appended to a SELECT whose rows must stay as they are until the transaction ends. */
  readonly forUpdate: string;
  /** The same for rows that nobody else has locked: who claims work leaves to others what is theirs already. */
  readonly forUpdateSkipLocked: string;
  private connections: Connections | null = null;
  private readonly openers: (() => Promise<void> | void)[] = [];
  private opened = false;
  private readonly readiness: Readiness;
  private readonly deadlines = new Deadlines();
  private readonly inside = new AsyncLocalStorage<true>();
  private readonly listeners: (() => void)[] = [];
  private readonly exclusive = new Map<string, Promise<unknown>>();

  constructor(
    private readonly dataSource: DataSource,
    metrics: Metrics,
  ) {
    this.dialect = dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite';
    this.forUpdate = this.dialect === 'mysql' ? ' FOR UPDATE' : '';
    this.readiness = new Readiness(this.dialect, (statements) =>
      this.once(() => this.connected().batch(statements, this.deadlines.next())),
    );
    this.forUpdateSkipLocked = this.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : '';
    const size = dataSource.options.poolSize ?? 1;
    metrics.pool(() => ({ ...(this.connections?.use ?? { inUse: 0, waiting: 0 }), size }));
  }

  /** Whether the tables are there, and all that has to be read before the first request. */
  get isOpen(): boolean {
    return this.opened;
  }

  /**
   * Runs a work as soon as the tables are there, before the first request. To be called while the modules start. A work
   * that rejects is repeated with those before it, or ends the start.
   */
  onOpen(work: () => Promise<void> | void): void {
    this.openers.push(work);
  }

  /** The tables are there now. May be called again after it has failed. */
  async open(): Promise<void> {
    this.connections ??=
      this.dataSource instanceof SqliteDataSource
        ? new SqliteConnection(this.dataSource)
        : new MysqlConnections(this.dataSource);
    for (const work of this.openers) await work();
    this.opened = true;
  }

  /**
   * Stands behind a table in FROM: its rows are found by this index. Beside an ORDER BY of the primary key with a LIMIT,
   * MariaDB would rather go along the primary key, past the rows of everybody else.
   */
  by(index: string): string {
    return this.dialect === 'mysql' ? `FORCE INDEX (${index})` : `INDEXED BY ${index}`;
  }

  /** Runs statements that need no transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.once(() => this.connected().run((runner) => work(runner.manager), this.deadlines.next()));
  }

  /** Rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters']): Promise<Row[]> {
    return this.once(() => this.connected().select<Row>(sql, parameters, this.deadlines.next()));
  }

  /**
   * Runs a work in one transaction, and again in a new one when it lost a race (duplicate key, deadlock,
   * `LostRace`): an old snapshot would hide the winner. The work must use the manager it is given.
   */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.repeated(isLostRace, (until) => this.connected().transaction(work, until));
  }

  /**
   * Writes all statements or none. One round trip on MySQL; again where a deadlock rolled it back.
   * @returns the number of rows that each statement matched
   */
  batch(statements: readonly Statement[]): Promise<number[]> {
    return this.repeated(isDeadlock, (until) => this.connected().batch(statements, until));
  }

  /** Calls back after each transaction and batch of this instance, to begin what follows them in the background. */
  onCommit(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * A transaction while nobody else runs one under the same name, on any instance. The lock belongs to the
   * transaction, so it ends with it, also where this process ends first.
   * @param waitSeconds for a database that is away or busy; for those who wait for no answer, as at the start
   * @throws AppError DATABASE_UNAVAILABLE
   */
  exclusively<T>(name: string, work: (manager: EntityManager) => Promise<T>, waitSeconds = 0): Promise<T> {
    const patience = performance.now() + waitSeconds * 1_000;
    const attempt = (): Promise<T> =>
      this.repeated(isLostRace, (until) => this.connected().transaction(work, until, name)).catch(
        async (error: unknown) => {
          if (!isUnavailable(error) || performance.now() > patience) throw error;
          await pause(10 * PAUSE_MS);
          return attempt();
        },
      );
    return this.inTurn(name, attempt);
  }

  /**
   * Whether the database takes writes: it is asked by one.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  ping(): Promise<void> {
    return this.readiness.check();
  }

  /**
   * One of this instance at a time, so that those who wait take no connection from the one who works. Where that one
   * finds the database unavailable, those who wait are refused with it.
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

  /** Writes, again while `lost` says so of the error and there is time, and tells the listeners. */
  private async repeated<T>(
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
        const ms = Math.random() * PAUSE_MS * attempt;
        if (attempt === MAX_ATTEMPTS || performance.now() + ms > until) throw exhausted(error);
        await pause(ms);
      }
    }
  }

  private async once<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside.getStore()) throw new Error('within a transaction, use its manager');
    return this.deadlines
      .counted(() => this.inside.run(true, work))
      .catch((error: unknown) => {
        this.readiness.heard(error);
        throw error;
      });
  }

  /** @throws AppError DATABASE_UNAVAILABLE before the database was reached for the first time */
  private connected(): Connections {
    if (!this.connections) throw new AppError('DATABASE_UNAVAILABLE');
    return this.connections;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Who was slower every time may come again; what a work itself found, or a value that is taken, stays so. */
function exhausted(error: unknown): unknown {
  const mayComeAgain = isDeadlock(error) && !(error instanceof LostRace);
  return mayComeAgain ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}
