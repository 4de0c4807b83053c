import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { ConnectionUse, Connections, Statement } from './connections.js';
import { inTransaction } from './transaction.js';
import { asUnavailable } from './unavailable.js';

/**
 * The one connection to an SQLite file. Works take turns on it: a statement that ran between those of another
 * work's transaction would be rolled back with it.
 */
export class SqliteConnection implements Connections {
  readonly dialect = 'sqlite';
  readonly use: ConnectionUse = { inUse: 0, waiting: 0 };
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly dataSource: DataSource) {}

  run<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.inTurn(work);
  }

  /** Rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters']): Promise<Row[]> {
    return this.inTurn((runner) => runner.query(sql, [...parameters]) as Promise<Row[]>);
  }

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.inTurn((runner) => inTransaction(runner, undefined, () => work(runner.manager)));
  }

  batch(statements: readonly Statement[]): Promise<number[]> {
    return this.inTurn((runner) =>
      inTransaction(runner, undefined, async () => {
        const matched: number[] = [];
        for (const { sql, parameters } of statements) {
          const result = await runner.query(sql, [...parameters], true);
          matched.push(result.affected ?? 0);
        }
        return matched;
      }),
    );
  }

  private inTurn<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    this.use.waiting++;
    const result = this.turn.then(async () => {
      this.use.waiting--;
      this.use.inUse++;
      const runner = this.dataSource.createQueryRunner();
      try {
        return await work(runner);
      } catch (error) {
        throw asUnavailable(error);
      } finally {
        this.use.inUse--;
        await runner.release();
      }
    });
    this.turn = result.catch(() => undefined);
    return result;
  }
}
