import type Sqlite from 'better-sqlite3';
import type { QueryResult } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import type { Statement } from '../connections.js';
import { ConnectionLost } from '../database-errors.js';

/**
 * TypeORM's runner, with transactions of its own. TypeORM counts what it began and ended, and is wrong about both once
 * SQLite has rolled back by itself, as it does when the disk is full: every later work would then run in a
 * transaction that nobody commits. Here the connection is asked instead. Transactions are not nested.
 */
export class SqliteQueryRunner extends BetterSqlite3QueryRunner {
  constructor(
    driver: BetterSqlite3Driver,
    readonly sqlite: Sqlite.Database,
  ) {
    super(driver);
  }

  /** Begins a transaction that may write: whoever finds the file busy finds it here, with nothing done. */
  begin(): void {
    if (this.isInTransaction()) throw new ConnectionLost('a transaction is open already');
    this.sqlite.exec('BEGIN IMMEDIATE');
    this.isTransactionActive = true;
  }

  /** @throws ConnectionLost where SQLite has rolled back by itself since */
  commit(): void {
    this.refuseLostTransaction();
    this.sqlite.exec('COMMIT');
    this.isTransactionActive = false;
  }

  /**
   * Leaves no transaction open. A connection that cannot be brought to that is closed, which rolls back, too.
   */
  settle(): void {
    this.isTransactionActive = false;
    if (this.isInTransaction()) this.rollBack();
    if (this.isInTransaction()) this.sqlite.close();
  }

  /** @returns the number of rows that the statement matched */
  async write(sql: string, parameters: Statement['parameters']): Promise<number> {
    const { affected } = await this.query(sql, [...parameters], true);
    return affected ?? 0;
  }

  override connect(): Promise<Sqlite.Database> {
    return Promise.resolve(this.sqlite);
  }

  override query<T = unknown>(
    sql: string,
    parameters: unknown[] | undefined,
    structured: true,
  ): Promise<QueryResult<T>>;
  override query<T = unknown>(sql: string, parameters?: unknown[], structured?: false): Promise<T>;
  override async query(sql: string, parameters: unknown[] = [], structured = false): Promise<unknown> {
    // Else the rest of a transaction that is gone would be written statement by statement.
    if (this.isTransactionActive) this.refuseLostTransaction();
    return super.query(sql, parameters, structured) as Promise<unknown>;
  }

  override startTransaction(): Promise<void> {
    return attempted(() => this.begin());
  }

  override commitTransaction(): Promise<void> {
    return attempted(() => this.commit());
  }

  override rollbackTransaction(): Promise<void> {
    return attempted(() => this.settle());
  }

  private rollBack(): void {
    try {
      this.sqlite.exec('ROLLBACK');
    } catch {
      // What it answers does not matter: the connection is asked again.
    }
  }

  private isInTransaction(): boolean {
    return this.sqlite.open && this.sqlite.inTransaction;
  }

  private refuseLostTransaction(): void {
    if (!this.isInTransaction()) throw new ConnectionLost('SQLite has rolled the transaction back');
  }
}

function attempted(act: () => void): Promise<void> {
  return Promise.resolve().then(act);
}
