import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { whileRunning } from '../runner/running.js';
import { keepHandle } from './kept-handles.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** Number of instances that may share a database in this run. SQLite allows one. */
export const INSTANCES = backend.databaseUrl === null ? 1 : 2;

/** A database for one test, and a key prefix in the store. */
export interface Backend {
  readonly environment: Readonly<Record<string, string>>;
  readonly dialect: 'sqlite' | 'mysql';
  /** Runs any query directly on the database, bypassing the service. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** Writes directly to the database, bypassing the service. */
  write(sql: string): Promise<void>;
  /** Names of all tables. */
  tables(): Promise<string[]>;
  /**
   * Shortens the time to live of everything in the store. Redis uses its own clock, which a test cannot move.
   */
  ageStore(seconds: number): Promise<void>;
  drop(): Promise<void>;
}

type Tables = Omit<Backend, 'ageStore' | 'environment'> & { readonly databaseUrl: string };

/** Creates an SQLite file in its own folder, or a MySQL database if the run uses MySQL. */
export async function createBackend(): Promise<Backend> {
  const tables = await withPictures(
    backend.databaseUrl === null ? await sqlite() : await mysql(backend.databaseUrl),
  );
  const { databaseUrl: DATABASE_URL, avatarStore: AVATAR_STORE, ...rest } = tables;
  const store = createStoreKeys();
  if (store === null) {
    return {
      ...rest,
      environment: { DATABASE_URL, AVATAR_STORE },
      ageStore: () => Promise.resolve(),
      drop: whileRunning('a database', () => tables.drop()),
    };
  }
  return {
    ...rest,
    environment: { DATABASE_URL, AVATAR_STORE, ...store.environment },
    ageStore: (seconds) => store.age(seconds),
    drop: whileRunning('a database', async () => {
      await store.drop();
      await tables.drop();
    }),
  };
}

/** Keys in Redis under a unique prefix. */
export interface StoreKeys {
  readonly url: string;
  /** REDIS_URL and REDIS_PREFIX. */
  readonly environment: Readonly<Record<'REDIS_URL' | 'REDIS_PREFIX', string>>;
  /** Deletes keys that expire within this time and shortens the time to live of the others by it. */
  age(seconds: number): Promise<void>;
  drop(): Promise<void>;
}

/** @returns `null` if the run has no Redis */
export function createStoreKeys(): StoreKeys | null {
  if (backend.redisUrl === null) return null;
  const prefix = `wechat-auth-test:${randomBytes(6).toString('hex')}:`;
  const url = backend.redisUrl;
  const admin = new Redis(backend.redisUrl, { lazyConnect: true });
  const each = async (work: (key: string) => Promise<unknown>): Promise<void> => {
    const scan = admin.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>;
    for await (const keys of scan) await Promise.all(keys.map(work));
  };
  return {
    url,
    environment: { REDIS_URL: url, REDIS_PREFIX: prefix },
    age: (seconds) =>
      each(async (key) => {
        const left = (await admin.pttl(key)) - seconds * 1000;
        await (left > 0 ? admin.pexpire(key, left) : admin.del(key));
      }),
    drop: whileRunning('a connection to Redis', async () => {
      await each((key) => admin.del(key));
      admin.disconnect();
    }),
  };
}

/** Adds a folder for pictures, which is deleted with the tables. */
async function withPictures(tables: Tables): Promise<Tables & { readonly avatarStore: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-avatars-'));
  return {
    ...tables,
    avatarStore: `disk:${folder}`,
    drop: async () => {
      await tables.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sqlite(): Promise<Tables> {
  const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-'));
  const file = join(folder, 'test.sqlite');
  const { default: Sqlite } = await import('better-sqlite3');
  const rows = (sql: string): Promise<Record<string, unknown>[]> => {
    const database = new Sqlite(file, { readonly: true });
    keepHandle(database);
    try {
      const statement = database.prepare(sql);
      keepHandle(statement);
      return Promise.resolve(statement.all() as Record<string, unknown>[]);
    } finally {
      database.close();
    }
  };
  return {
    databaseUrl: `sqlite:${file}`,
    dialect: 'sqlite',
    rows,
    write: (sql) => {
      const database = new Sqlite(file);
      keepHandle(database);
      try {
        database.exec(sql);
        return Promise.resolve();
      } finally {
        database.close();
      }
    },
    tables: async () =>
      (await rows(`SELECT name FROM sqlite_master WHERE type = 'table'`)).map((row) => String(row.name)),
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function mysql(serverUrl: string): Promise<Tables> {
  const url = new URL(serverUrl);
  const name = `wechat_auth_test_${randomBytes(6).toString('hex')}`;
  url.pathname = '/';
  const admin = await createConnection({ uri: url.href, multipleStatements: false });
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.query(`USE ${name}`);
  url.pathname = `/${name}`;
  const rows = async (sql: string): Promise<Record<string, unknown>[]> => {
    const [result] = await admin.query(sql);
    return result as Record<string, unknown>[];
  };
  return {
    databaseUrl: url.href,
    dialect: 'mysql',
    rows,
    write: async (sql) => {
      await admin.query(sql);
    },
    tables: async () =>
      (
        await rows(`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${name}'`)
      ).map((row) => String(row.name)),
    drop: async () => {
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}
