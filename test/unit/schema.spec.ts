import Sqlite from 'better-sqlite3';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { StartFault } from '../../src/common/start-fault.js';
import { migrate } from '../../src/database/migrations/migrate.js';
import { DatabaseSchema, type SchemaConnection } from '../../src/database/migrations/schema.js';
import { keepHandle } from '../harness/kept-handles.js';

interface Opened extends SchemaConnection {
  query(sql: string, parameters?: readonly (string | number)[]): Promise<Record<string, unknown>[]>;
}

function open(): Opened {
  const file = new Sqlite(':memory:');
  keepHandle(file);
  file.exec('PRAGMA foreign_keys = ON');
  return {
    dialect: 'sqlite',
    query: (sql, parameters = []) =>
      // Within the chain: what SQLite throws is a rejection, as of any driver.
      Promise.resolve().then(() => {
        const statement = file.prepare(sql);
        keepHandle(statement);
        if (statement.reader) return statement.all(...parameters) as Record<string, unknown>[];
        statement.run(...parameters);
        return [];
      }),
  };
}

/** The driver makes its errors in the realm of the test file that loaded it first: they are no Error of this one. */
function saying(part: string): object {
  return { message: expect.stringContaining(part) };
}

describe('the steps of migrations', () => {
  let connection: Opened;
  let schema: DatabaseSchema;
  beforeEach(() => {
    connection = open();
    schema = new DatabaseSchema(connection, new AbortController().signal);
  });

  test('SQLite keeps rows, indexes and what refers to them when a constraint comes and goes', async () => {
    await schema.createTable('shops', { columns: { id: 'text PRIMARY KEY', name: 'text NOT NULL' } });
    await schema.createIndex('ix_shops_name', 'shops', 'name');
    await schema.createTable('visits', {
      columns: { shop_id: 'text NOT NULL REFERENCES shops (id) ON DELETE CASCADE' },
    });
    await connection.query("INSERT INTO shops VALUES ('a', 'Tea')");
    await connection.query("INSERT INTO visits VALUES ('a')");
    for (let round = 0; round < 2; round++) await schema.addConstraint('uq_name', 'shops', 'UNIQUE (name)');
    await expect(connection.query("INSERT INTO shops VALUES ('b', 'Tea')")).rejects.toMatchObject(
      saying('UNIQUE'),
    );
    for (let round = 0; round < 2; round++) await schema.dropConstraint('uq_name', 'shops', 'UNIQUE (name)');
    await connection.query("INSERT INTO shops VALUES ('b', 'Tea')");
    expect(await connection.query('SELECT shop_id FROM visits')).toEqual([{ shop_id: 'a' }]);
    await expect(connection.query("INSERT INTO visits VALUES ('c')")).rejects.toMatchObject(
      saying('FOREIGN KEY'),
    );
    expect(
      await connection.query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql > ''"),
    ).toEqual([{ name: 'ix_shops_name' }]);
  });

  test('a step that another process has finished meanwhile has not failed', async () => {
    const late: SchemaConnection = {
      dialect: 'sqlite',
      query: async (sql, parameters) => {
        if (/^(CREATE|ALTER|DROP)/.test(sql)) await connection.query(sql, parameters);
        return connection.query(sql, parameters);
      },
    };
    const steps = new DatabaseSchema(late, new AbortController().signal);
    await steps.createTable('shops', { columns: { id: 'text PRIMARY KEY' } });
    await steps.addColumn('shops', 'name', 'text NULL');
    await steps.createIndex('ix_shops_name', 'shops', 'name');
    await steps.dropIndex('ix_shops_name', 'shops');
    await steps.dropColumn('shops', 'name');
    await steps.dropTable('shops');
    expect(await schema.tables()).toEqual([]);
    await expect(steps.createTable('shops', { columns: { id: 'no type at all (' } })).rejects.toMatchObject(
      saying('syntax'),
    );
  });

  test('a migration that is told to stop does so after the step under way, and is finished later', async () => {
    const stop = new AbortController();
    const stopped: SchemaConnection = {
      dialect: 'sqlite',
      query: async (sql, parameters) => {
        const rows = await connection.query(sql, parameters);
        if (sql.includes('CREATE TABLE sessions')) stop.abort(new Error('told to stop'));
        return rows;
      },
    };
    await expect(migrate(stopped, stop.signal)).rejects.toThrow('told to stop');
    expect(await schema.tables()).toContain('sessions');
    expect(await schema.tables()).not.toContain('events');
    await migrate(connection);
    expect(await schema.tables()).toContain('webhook_deliveries');
  });
});

describe('a database of another application', () => {
  let connection: Opened;
  beforeEach(() => {
    connection = open();
  });

  const tables = async () =>
    (await connection.query("SELECT sql FROM sqlite_master WHERE type = 'table'")).map(({ sql }) => sql);

  test.each([
    ['its users', ['CREATE TABLE users (id integer PRIMARY KEY, email text)']],
    ['users that look like ours', ['CREATE TABLE events (id text PRIMARY KEY)']],
    [
      "Laravel's migrations",
      ['CREATE TABLE migrations (id integer PRIMARY KEY, migration text, batch integer)'],
    ],
    [
      "another TypeORM application's migrations",
      [
        'CREATE TABLE migrations (id integer PRIMARY KEY, timestamp bigint, name text)',
        "INSERT INTO migrations (timestamp, name) VALUES (1, 'CreateShops1')",
      ],
    ],
    [
      'a record of migrations that is empty, and its sessions',
      [
        'CREATE TABLE migrations (id integer PRIMARY KEY, timestamp bigint, name text)',
        'CREATE TABLE sessions (id text PRIMARY KEY, data text)',
      ],
    ],
  ])('is refused with one line, and nothing is created: %s', async (_case, statements) => {
    for (const sql of statements) await connection.query(sql);
    const before = await tables();
    const fault = await migrate(connection).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(StartFault);
    expect((fault as StartFault).message).toMatch(/^DATABASE_URL .*another application[^\n]*$/);
    expect(await tables()).toEqual(before);
  });

  test('tables of other names are ignored, and a newer version may have run before', async () => {
    await connection.query('CREATE TABLE shops (id integer PRIMARY KEY)');
    await migrate(connection);
    await connection.query("INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')");
    await migrate(connection);
    expect(await connection.query('SELECT COUNT(*) AS n FROM users')).toEqual([{ n: 0 }]);
  });
});
