import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DataSource,
  type DataSourceOptions,
  type EntitySchema,
  type MixedList,
  type QueryRunner,
} from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { migrate, refuseForeignTables } from './migrate.js';
import { mysqlOptions } from './mysql-options.js';
import { releaseNamedLock, takeNamedLock } from './named-lock.js';
import type { SchemaConnection } from './schema.js';
import { sqliteOptions } from './sqlite-options.js';

/** Another instance may be at its migrations. */
const LOCK_SECONDS = 60;

type Entities = MixedList<(abstract new () => unknown) | string | EntitySchema>;

/** TypeORM's options for the configured database. */
export function dataSourceOptions(database: DatabaseConfig, entities: Entities = []): DataSourceOptions {
  const shared = {
    entities: entities as DataSourceOptions['entities'],
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
    await bringUpToDate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** On MySQL under a lock that all instances share; an SQLite file belongs to one process. */
async function bringUpToDate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const lock = dataSource.options.type === 'mysql' ? dataSource.createQueryRunner() : null;
  try {
    await refuseForeignTables(schemaConnection(runner));
    if (lock) await takeNamedLock(lock, 'migrations', LOCK_SECONDS);
    await migrate(schemaConnection(runner));
    if (lock) await releaseNamedLock(lock, 'migrations');
  } finally {
    await lock?.release();
    await runner.release();
  }
}

function schemaConnection(runner: QueryRunner): SchemaConnection {
  return {
    dialect: runner.dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite',
    query: (sql, parameters = []) => runner.query(sql, [...parameters]),
  };
}
