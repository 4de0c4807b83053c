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

/** How long to wait for another instance that runs its migrations. */
const LOCK_SECONDS = 60;
/** How long to wait at startup for another process that holds the SQLite file (ms). */
const BUSY_MS = 1_500;

type MysqlOptions = Extract<DataSourceOptions, { readonly type: 'mysql' | 'mariadb' }>;
/** Called with a migration when it begins, and with `null` when it has ended. */
type Migrating = (migration: Promise<void> | null) => void;
type Entities = MixedList<(abstract new () => unknown) | string | EntitySchema>;

/** Returns TypeORM's options for the configured database. */
export function dataSourceOptions(database: DatabaseConfig, entities: Entities = []): DataSourceOptions {
  const shared = {
    entities: entities as DataSourceOptions['entities'],
    logging: false,
  };
  return database.type === 'sqlite'
    ? { ...shared, ...sqliteOptions(database.path) }
    : { ...shared, ...mysqlOptions(database) };
}

/** Creates the data source of these options. It is not connected yet. */
export function createDataSource(options: DataSourceOptions): DataSource {
  return options.type === 'better-sqlite3' ? new SqliteDataSource(options) : new DataSource(options);
}

/**
 * Connects and migrates the tables. May be called again after a failure.
 * @param stopping ends a migration after its current step; the promise then rejects with the signal's reason
 * @throws StartFault where the operator has to act: a database of another application, a file that another
 * process holds
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
  // Each step of a migration checks whether it was done, so all of them may be repeated.
  await whileBusy(performance.now() + BUSY_MS, () => bringFileUpToDate(dataSource, stopping, migrating));
}

/** Migrates an SQLite file. It needs no lock, because the file belongs to one process. */
async function bringFileUpToDate(
  dataSource: DataSource,
  stopping: AbortSignal,
  migrating: Migrating,
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await refuseForeignTables(schemaConnection(runner));
    await reportMigration(migrate(schemaConnection(runner), stopping), migrating);
  } finally {
    await runner.release();
  }
}

/**
 * Migrates a server under a lock that all instances share. It uses connections of its own, which lack the
 * time limits of requests: one holds the lock, one migrates, even where the pool has only one.
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
    await reportMigration(migrate(schemaConnection(runner), stopping), migrating);
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

async function reportMigration(migration: Promise<void>, migrating: Migrating): Promise<void> {
  migrating(migration);
  await migration.finally(() => migrating(null));
}

function schemaConnection(runner: QueryRunner): SchemaConnection {
  return {
    dialect: runner.dataSource.options.type === 'mysql' ? 'mysql' : 'sqlite',
    query: (sql, parameters = []) => runner.query(sql, [...parameters]),
  };
}
