import type { EntityManager, QueryRunner } from 'typeorm';
import type { BatchResult, ConnectionUse, Connections, Statement } from '../connections.js';
import { ConnectionLost, isDamaged, asUnavailable } from '../database-errors.js';
import type { SqliteDataSource } from './data-source.js';
import type { SqliteQueryRunner } from './query-runner.js';
import { whileBusy } from './while-busy.js';

/**
 * Minimum age of a connection before a damaged file causes a new one (ms), so that not every request opens
 * one.
 */
const REOPEN_MS = 2_000;

/**
 * The one connection to an SQLite file. Operations run one after another: a statement between those of
 * another operation's transaction would be rolled back with it. After each operation the connection is
 * checked for an open transaction. If it cannot be rolled back, the connection is replaced.
 */
export class SqliteConnection implements Connections {
  readonly dialect = 'sqlite';
  readonly use: ConnectionUse = { inUse: 0, waiting: 0 };
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly dataSource: SqliteDataSource) {}

  run<T>(work: (runner: QueryRunner) => Promise<T>, until: number): Promise<T> {
    return this.inTurn(until, work);
  }

  select<Row>(sql: string, parameters: Statement['parameters'], until: number): Promise<Row[]> {
    return this.inTurn(until, (runner) => runner.query<Row[]>(sql, [...parameters]));
  }

  transaction<T>(work: (manager: EntityManager) => Promise<T>, until: number): Promise<T> {
    return this.inTurn(until, (runner) => this.inTransaction(runner, () => work(runner.manager)));
  }

  batch<Row>(
    statements: readonly Statement[],
    select: Statement | null,
    until: number,
  ): Promise<BatchResult<Row>> {
    return this.inTurn(until, (runner) =>
      this.inTransaction(runner, async () => {
        const matched: number[] = [];
        for (const { sql, parameters } of statements) {
          matched.push(await runner.write(sql, parameters));
        }
        const rows = select ? await runner.query<Row[]>(select.sql, [...select.parameters]) : [];
        return { matched, rows };
      }),
    );
  }

  /** Resolves only after the commit. */
  private async inTransaction<T>(runner: SqliteQueryRunner, work: () => Promise<T>): Promise<T> {
    if (!this.dataSource.file.isInPlace) {
      runner.sqlite.close();
      throw new ConnectionLost('the file was moved away');
    }
    runner.begin();
    const result = await work();
    runner.commit();
    return result;
  }

  /** An operation that finds the file busy lets others run while it waits, so reads continue. */
  private async inTurn<T>(until: number, work: (runner: SqliteQueryRunner) => Promise<T>): Promise<T> {
    this.use.waiting++;
    try {
      return await whileBusy(until, () => this.once(until, work));
    } catch (error) {
      throw asUnavailable(error);
    } finally {
      this.use.waiting--;
    }
  }

  private once<T>(until: number, work: (runner: SqliteQueryRunner) => Promise<T>): Promise<T> {
    const result = this.turn.then(async () => {
      this.use.waiting--;
      this.use.inUse++;
      try {
        const runner = await this.dataSource.openRunner(until);
        return await this.settled(runner, () => work(runner));
      } finally {
        this.use.inUse--;
        this.use.waiting++;
      }
    });
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async settled<T>(runner: SqliteQueryRunner, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isDamaged(error) && this.dataSource.age > REOPEN_MS) runner.sqlite.close();
      throw error;
    } finally {
      runner.settle();
      await runner.release();
    }
  }
}
