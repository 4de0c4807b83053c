import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataSource, type DataSourceOptions, type EntitySchema, type MixedList } from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { CreateSchema1763700000000 } from './migrations/1763700000000-create-schema.js';
import { AddUserData1763800000000 } from './migrations/1763800000000-add-user-data.js';
import { AddWebhooks1764000000000 } from './migrations/1764000000000-add-webhooks.js';
import { IndexWhatOperatorsSearch1764100000000 } from './migrations/1764100000000-index-what-operators-search.js';
import { mysqlOptions } from './mysql-options.js';
import { releaseNamedLock, takeNamedLock } from './named-lock.js';
import { sqliteOptions } from './sqlite-options.js';

const MIGRATIONS = [
  CreateSchema1763700000000,
  AddUserData1763800000000,
  AddWebhooks1764000000000,
  IndexWhatOperatorsSearch1764100000000,
];

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
  return database.type === 'sqlite'
    ? { ...shared, ...sqliteOptions(database.path) }
    : { ...shared, ...mysqlOptions(database.url) };
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
