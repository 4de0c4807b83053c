import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Metrics } from '../common/metrics.js';
import type { Connections, Statement } from './connections.js';
import { isDeadlock, isLostRace } from './database-errors.js';
import { MysqlConnections } from './mysql-connections.js';
import { SqliteConnection } from './sqlite-connection.js';
import { isUnavailable } from './unavailable.js';

export type { Statement } from './connections.js';

const MAX_ATTEMPTS = 10;
/** With the way to the database and back within the deadline. */
const LOCK_SECONDS = 1;

/**
 * The way to the tables. On MySQL each work has a pooled connection of its own; SQLite has one connection, so
 * there works take turns. Every failure to reach the database is `DATABASE_UNAVAILABLE`.
 */
@Injectable()
export class Database {
  readonly dialect: 'mysql' | 'sqlite';
  /** Appended to a SELECT whose rows must stay as they are until the transaction ends. */
  readonly forUpdate: string;
  private readonly connections: Connections;
  private readonly inside = new AsyncLocalStorage<true>();
  private readonly listeners: (() => void)[] = [];
  private readonly exclusive = new Map<string, Promise<unknown>>();

  constructor(dataSource: DataSource, metrics: Metrics) {
    this.connections =
      dataSource.options.type === 'mysql'
        ? new MysqlConnections(dataSource)
        : new SqliteConnection(dataSource);
    this.dialect = this.connections.dialect;
    this.forUpdate = this.dialect === 'mysql' ? ' FOR UPDATE' : '';
    const size = dataSource.options.poolSize ?? 1;
    metrics.pool(() => ({ ...this.connections.use, size }));
  }

  /** Runs statements that need no transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.once(() => this.connections.run((runner) => work(runner.manager)));
  }

  /** Rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters']): Promise<Row[]> {
    return this.once(() =>
      this.connections.run((runner) => runner.query(sql, [...parameters]) as Promise<Row[]>),
    );
  }

  /**
   * Runs a work in one transaction, and again in a new one when it lost a race (duplicate key, deadlock,
   * `LostRace`): an old snapshot would hide the winner. The work must use the manager it is given.
   */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.repeated(isLostRace, () => this.connections.transaction(work));
  }

  /**
   * Writes all statements or none. One round trip on MySQL; again where a deadlock rolled it back.
   * @returns the number of rows that each statement matched
   */
  batch(statements: readonly Statement[]): Promise<number[]> {
    return this.repeated(isDeadlock, () => this.connections.batch(statements));
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
    return this.inTurn(name, () => this.connections.locked(name, work, waitSeconds));
  }

  /** @throws AppError DATABASE_UNAVAILABLE */
  async ping(): Promise<void> {
    await this.select('SELECT 1', []);
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

  /** Writes, again while `lost` says so of the error, and tells the listeners. */
  private async repeated<T>(lost: (error: unknown) => boolean, write: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.once(write);
        for (const listener of this.listeners) listener();
        return result;
      } catch (error) {
        if (!lost(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  private once<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside.getStore()) throw new Error('within a transaction, use its manager');
    return this.inside.run(true, work);
  }
}
