import type Sqlite from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { ConnectionLost } from '../database-errors.js';
import { retire, SqliteFile } from './file.js';
import { SqliteQueryRunner } from './query-runner.js';
import { whileBusy } from './while-busy.js';

/**
 * Larger than the number of distinct statements, so that none is ever evicted and garbage-collected (see
 * `retire`).
 */
const STATEMENTS = 5_000;

/** How long the first connection waits for another process that holds the file (ms). */
const START_MS = 1_500;

/** Returns TypeORM's options for an SQLite file. */
export function sqliteOptions(path: string) {
  return {
    type: 'better-sqlite3',
    database: path,
    // The driver would block the process while it waits for another one: see `whileBusy`.
    timeout: 0,
    prepareDatabase: prepare,
    statementCacheSize: STATEMENTS,
  } as const satisfies DataSourceOptions;
}

/**
 * A data source whose one connection can be replaced. While it is initialized, this process owns the file.
 * @throws StartFault from `initialize` if another process owns the file
 */
export class SqliteDataSource extends DataSource {
  readonly file: SqliteFile;
  private runner: SqliteQueryRunner | null = null;
  private openedAt = 0;

  constructor(options: DataSourceOptions) {
    super(options);
    this.file = new SqliteFile(String(options.database));
  }

  override async initialize(): Promise<this> {
    this.file.claim();
    try {
      await super.initialize();
      this.adopt(this.sqliteDriver.databaseConnection as Sqlite.Database);
    } catch (error) {
      this.file.release();
      throw error;
    }
    return this;
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    retire(this.runner);
    this.runner = null;
    this.file.release();
  }

  /**
   * Returns the runner of the connection. Opens a new connection if the last one was closed.
   * @param until how long to wait for another process that holds the file (`performance.now()`)
   */
  async openRunner(until: number): Promise<SqliteQueryRunner> {
    if (!this.runner) throw new ConnectionLost('the data source is closed');
    if (this.runner.sqlite.open) return this.runner;
    const connection = this.file.open();
    try {
      await prepare(connection, until);
    } catch (error) {
      connection.close();
      retire(connection);
      throw error;
    }
    return this.adopt(connection);
  }

  /** How long the current connection has been open (ms). */
  get age(): number {
    return performance.now() - this.openedAt;
  }

  /** Makes TypeORM use this connection from now on. */
  private adopt(connection: Sqlite.Database): SqliteQueryRunner {
    retire(this.runner);
    const driver = this.sqliteDriver;
    driver.databaseConnection = connection;
    this.runner = new SqliteQueryRunner(driver, connection);
    driver.queryRunner = this.runner;
    this.createQueryRunner();
    this.file.rememberIdentity();
    this.openedAt = performance.now();
    return this.runner;
  }

  private get sqliteDriver(): BetterSqlite3Driver {
    if (this.driver instanceof BetterSqlite3Driver) return this.driver;
    throw new Error('not a data source of SQLite');
  }
}

/**
 * Runs before the first statement. Deleted rows are overwritten (`secure_delete`), and a committed write
 * survives a power failure (`synchronous`). Settings, TypeORM's too, run by `exec`, which creates no
 * statement object that could be garbage-collected (see `retire`).
 */
async function prepare(connection: Sqlite.Database, until = performance.now() + START_MS): Promise<void> {
  const read = connection.pragma.bind(connection);
  connection.pragma = (source, options) =>
    source.includes('=') ? connection.exec(`PRAGMA ${source}`) : read(source, options);
  await whileBusy(until, () => {
    connection.pragma('secure_delete = ON');
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    if (!connection.memory) connection.pragma('journal_mode = WAL');
  });
}
