import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataSource, type DataSourceOptions, type EntitySchema, type MixedList } from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { CreateSchema1763700000000 } from './migrations/1763700000000-create-schema.js';
import { AddUserData1763800000000 } from './migrations/1763800000000-add-user-data.js';
import { AddWebhooks1764000000000 } from './migrations/1764000000000-add-webhooks.js';
import { IndexWhatOperatorsSearch1764100000000 } from './migrations/1764100000000-index-what-operators-search.js';
import { releaseNamedLock, takeNamedLock } from './named-lock.js';

const MIGRATIONS = [
  CreateSchema1763700000000,
  AddUserData1763800000000,
  AddWebhooks1764000000000,
  IndexWhatOperatorsSearch1764100000000,
];

/**
 * More than there are different ones, so that no prepared statement is ever collected. Built against the headers of
 * Node 24.19 and later, better-sqlite3 12 ends the process when that happens outside of JavaScript
 * (nodejs/node#65446); its version 13 does not run on Node 20.
 */
const STATEMENTS = 5_000;

/** Another instance may be at its migrations. */
const LOCK_SECONDS = 60;

type Entities = MixedList<(abstract new () => unknown) | string | EntitySchema>;

/** TypeORM's options for the configured database. */
export function dataSourceOptions(database: DatabaseConfig, entities: Entities = []): DataSourceOptions {
  const shared = {
    entities: entities as DataSourceOptions['entities'],
    migrations: MIGRATIONS,
    logging: false,
  };
  if (database.type === 'sqlite') {
    return {
      ...shared,
      type: 'better-sqlite3',
      database: database.path,
      enableWAL: database.path !== ':memory:',
      prepareDatabase: prepareSqlite,
      statementCacheSize: STATEMENTS,
    };
  }
  return {
    ...shared,
    type: 'mysql',
    url: database.url,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectTimeout: 1_500,
    // A batch of writes is one round trip. All parameters are bound, none is ever part of the text.
    multipleStatements: true,
    poolSize: 20,
    // An error's stack then begins in the driver; to note each caller beforehand costs every query 10 µs.
    extra: { enableKeepAlive: true, maxIdle: 20, trace: false },
  };
}

/** Connects, and brings the tables up to date under a lock that all instances share. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  if (
    options.type === 'better-sqlite3' &&
    typeof options.database === 'string' &&
    options.database !== ':memory:'
  ) {
    mkdirSync(dirname(options.database), { recursive: true });
  }
  const dataSource = await new DataSource(options).initialize();
  try {
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function migrate(dataSource: DataSource): Promise<void> {
  const run = async () => {
    await dataSource.runMigrations({ transaction: 'each' });
  };
  if (dataSource.options.type !== 'mysql') return run();
  const runner = dataSource.createQueryRunner();
  try {
    await takeNamedLock(runner, 'migrations', LOCK_SECONDS);
    await run().finally(() => releaseNamedLock(runner, 'migrations'));
  } finally {
    await runner.release();
  }
}

interface SqliteConnection {
  exec(source: string): unknown;
  pragma(source: string, options?: object): unknown;
}

/**
 * Runs before the first statement: deleted rows leave no traces, an acknowledged write survives a power cut.
 * No statement is made that would be collected (see STATEMENTS): the settings, TypeORM's too, run without one.
 */
function prepareSqlite(connection: SqliteConnection): void {
  const read = connection.pragma.bind(connection);
  connection.pragma = (source, options) =>
    source.includes('=') ? connection.exec(`PRAGMA ${source}`) : read(source, options);
  connection.pragma('secure_delete = ON');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
}
