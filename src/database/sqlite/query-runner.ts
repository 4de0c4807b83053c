import type Sqlite from 'better-sqlite3';
import type { QueryResult } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import type { Statement } from '../connections.js';
import { ConnectionLost } from '../database-errors.js';

/**
 * TypeORM's query runner with its own transaction handling. TypeORM tracks transactions by a counter, which
 * is wrong after SQLite rolled back by itself (for example on a full disk): all later operations would run in
 * a transaction that nobody commits. This class asks the connection instead. Transactions cannot be nested.
 */
export class SqliteQueryRunner extends BetterSqlite3QueryRunner {
  constructor(
    driver: BetterSqlite3Driver,
    readonly sqlite: Sqlite.Database,
  ) {
    super(driver);
  }

  /** Begins a write transaction. A busy file is detected here, before anything was written. */
  begin(): void {
    if (this.isInTransaction()) throw new ConnectionLost('a transaction is open already');
    this.sqlite.exec('BEGIN IMMEDIATE');
    this.isTransactionActive = true;
  }

  /** @throws ConnectionLost if SQLite has rolled back by itself */
  commit(): void {
    this.refuseLostTransaction();
    this.sqlite.exec('COMMIT');
    this.isTransactionActive = false;
  }

  /**
   * Makes sure that no transaction is open. If the rollback fails, the connection is closed, which rolls back
   * too.
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
    // Otherwise the remaining statements of a lost transaction would be committed one by one.
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
      // The result does not matter: the state of the connection is checked afterwards.
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
