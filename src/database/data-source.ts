import {
  DataSource,
  type DataSourceOptions,
  type EntitySchema,
  type MixedList,
  type QueryRunner,
} from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { migrate, refuseForeignTables } from './migrations/migrate.js';
import { beginMaintenance, createLocks, endMaintenance, holdLock, releaseLock } from './mysql/lock.js';
import { mysqlOptions } from './mysql/options.js';
import type { SchemaConnection } from './migrations/schema.js';
import { refuseOldServer } from './mysql/server-version.js';
import { SqliteDataSource, sqliteOptions } from './sqlite/data-source.js';
import { whileBusy } from './sqlite/while-busy.js';

/** Another instance may be at its migrations. */
const LOCK_SECONDS = 60;
/** How long to wait at the start for another process that holds the SQLite file. */
const BUSY_MS = 1_500;

type MysqlOptions = Extract<DataSourceOptions, { readonly type: 'mysql' | 'mariadb' }>;
/** Told of a migration once it begins, and `null` when it has ended. */
type Migrating = (migration: Promise<void> | null) => void;
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

/** The data source of these options; it is not connected yet. */
export function createDataSource(options: DataSourceOptions): DataSource {
  return options.type === 'better-sqlite3' ? new SqliteDataSource(options) : new DataSource(options);
}

/**
 * Connects, and brings the tables up to date. May be called again after it has failed.
 * @param stopping ends a migration after its step: it then rejects with the signal's reason
 * @throws StartFault where the operator has to mend something: a foreign database, a file of another process
 */
export async function openDataSource(
  dataSource: DataSource,
  stopping = new AbortController().signal,
  migrating: Migrating = () => undefined,
): Promise<void> {
  const { options } = dataSource;
  if (options.type === 'mysql') await bringServerUpToDate(options, stopping, migrating);
  if (!dataSource.isInitialized) await dataSource.initialize();
  if (options.type === 'mysql') return;
  // Each step of a migration looks whether it was done: the whole may be repeated.
  await whileBusy(performance.now() + BUSY_MS, () => bringFileUpToDate(dataSource, stopping, migrating));
}

/** An SQLite file belongs to one process. */
async function bringFileUpToDate(
  dataSource: DataSource,
  stopping: AbortSignal,
  migrating: Migrating,
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await refuseForeignTables(schemaConnection(runner));
    await told(migrate(schemaConnection(runner), stopping), migrating);
  } finally {
    await runner.release();
  }
}

/**
 * Under a lock that all instances share. On connections of its own: without the limits of requests, and two of them
 * also where the pool has one.
 */
async function bringServerUpToDate(
  options: MysqlOptions,
  stopping: AbortSignal,
  migrating: Migrating,
): Promise<void> {
  const dataSource = await new DataSource({ ...options, entities: [], poolSize: 2 }).initialize();
  const [lock, runner] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  try {
    await refuseOld(runner);
    await refuseForeignTables(schemaConnection(runner));
    await createLocks(lock);
    await holdLock(lock, 'migrations', LOCK_SECONDS);
    await beginMaintenance(runner);
    await told(migrate(schemaConnection(runner), stopping), migrating);
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

async function told(migration: Promise<void>, migrating: Migrating): Promise<void> {
  migrating(migration);
  await migration.finally(() => migrating(null));
}

function schemaConnection(runner: QueryRunner): SchemaConnection {
  return {
    dialect: runner.dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite',
    query: (sql, parameters = []) => runner.query(sql, [...parameters]),
  };
}
