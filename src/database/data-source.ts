import {
  DataSource,
  type DataSourceOptions,
  type EntitySchema,
  type MixedList,
  type QueryRunner,
} from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { migrate, refuseForeignTables } from './migrate.js';
import { beginMaintenance, createLocks, endMaintenance, holdLock, releaseLock } from './mysql-lock.js';
import { mysqlOptions } from './mysql-options.js';
import type { SchemaConnection } from './schema.js';
import { refuseOldServer } from './server-version.js';
import { SqliteDataSource, sqliteOptions } from './sqlite-data-source.js';
import { whileBusy } from './while-busy.js';

/** Another instance may be at its migrations. */
const LOCK_SECONDS = 60;
/** How long to wait at the start for another process that holds the SQLite file. */
const BUSY_MS = 1_500;

type MysqlOptions = Extract<DataSourceOptions, { readonly type: 'mysql' | 'mariadb' }>;
type Entities = MixedList<(abstract new () => unknown) | string | EntitySchema>;

/** TypeORM's options for the configured database. */
export function dataSourceOptions(database: DatabaseConfig, entities: Entities = []): DataSourceOptions {
  const shared = {
    entities: entities as DataSourceOptions['entities'],
    logging: false,
  };
  return database.type === 'sqlite'
    ? { ...shared, ...sqliteOptions(database.path) }
    : { ...shared, ...mysqlOptions(database) };
}

/**
 * Connects, and brings the tables up to date under a lock that all instances share.
 * @throws StartFault where the operator has to mend something: a foreign database, a file of another process
 */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  if (options.type === 'mysql') {
    await bringServerUpToDate(options);
    return new DataSource(options).initialize();
  }
  if (options.type !== 'better-sqlite3') throw new Error(`no such database: ${options.type}`);
  const dataSource = new SqliteDataSource(options);
  await dataSource.initialize();
  try {
    // Each step of a migration looks whether it was done: the whole may be repeated.
    await whileBusy(performance.now() + BUSY_MS, () => bringFileUpToDate(dataSource));
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** An SQLite file belongs to one process. */
async function bringFileUpToDate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await refuseForeignTables(schemaConnection(runner));
    await migrate(schemaConnection(runner));
  } finally {
    await runner.release();
  }
}

/**
 * Under a lock that all instances share. On connections of its own: without the limits of requests, and two of them
 * also where the pool has one.
 */
async function bringServerUpToDate(options: MysqlOptions): Promise<void> {
  const dataSource = await new DataSource({ ...options, entities: [], poolSize: 2 }).initialize();
  const [lock, runner] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  try {
    await refuseOld(runner);
    await refuseForeignTables(schemaConnection(runner));
    await createLocks(lock);
    await holdLock(lock, 'migrations', LOCK_SECONDS);
    await beginMaintenance(runner);
    await migrate(schemaConnection(runner));
    await releaseLock(lock);
  } finally {
    await endMaintenance(runner);
    await endMaintenance(lock);
    await dataSource.destroy();
  }
}

async function refuseOld(runner: QueryRunner): Promise<void> {
  const [row] = (await runner.query('SELECT VERSION() AS version')) as { version: string }[];
  refuseOldServer(row?.version ?? '');
}

function schemaConnection(runner: QueryRunner): SchemaConnection {
  return {
    dialect: runner.dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite',
    query: (sql, parameters = []) => runner.query(sql, [...parameters]),
  };
}
