import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { Database } from '../../src/database/database.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.js';
import { call } from '../harness/http.js';
import { MariadbServer } from '../harness/mariadb-server.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

/** Each of these settings changes the meaning of a statement, or when it ends. */
const HOSTILE: Readonly<Record<string, string>> = {
  sql_mode:
    "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION'",
  init_connect: "'SET NAMES gbk'",
  autocommit: '0',
  completion_type: "'RELEASE'",
  time_zone: "'+08:00'",
  tx_isolation: "'SERIALIZABLE'",
  tx_read_only: '1',
  character_set_server: 'latin1',
  collation_server: 'latin1_swedish_ci',
  sql_safe_updates: '1',
  sql_select_limit: '1',
  max_statement_time: '0.001',
  lock_wait_timeout: '86400',
  innodb_lock_wait_timeout: '600',
  wait_timeout: '1',
  // The limit of all connections together, which leaves none for ours.
  max_prepared_stmt_count: '0',
};

/** Nicknames that attempt SQL injection: without escapes, with escapes, in GBK, and in no charset. */
const NICKNAMES = [
  String.raw`\'; UPDATE users SET status = 'disabled' -- `,
  `'; UPDATE users SET status = 'disabled' -- `,
  `\u5c27'; UPDATE users SET status = 'disabled' -- `,
  '"; UPDATE users SET status = "disabled" -- ',
  String.raw`小明 🌱 \ ? ?? :name`,
];

function optionsOf(url: string) {
  const { database } = loadConfig({
    NODE_ENV: 'test',
    ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    DATABASE_URL: url,
    DATABASE_POOL: '1',
  });
  return dataSourceOptions(database);
}

async function open(url: string): Promise<{ database: Database; close: () => Promise<void> }> {
  const dataSource = await new DataSource(optionsOf(url)).initialize();
  const database = new Database(dataSource, new PrometheusMetrics());
  await database.open();
  return { database, close: () => dataSource.destroy() };
}

// Starts its own server, so it does not depend on the backend of the run.
if (backend.databaseUrl !== null) {
  describe('sessions of the database', () => {
    let server: MariadbServer;
    beforeAll(async () => {
      server = await MariadbServer.start();
      // init_connect is not executed for users with all privileges.
      await server.rows("CREATE USER service@'%' IDENTIFIED BY 'secret'; GRANT ALL ON test.* TO service@'%'");
    }, 60_000);
    afterAll(() => server.stop());

    const hostile = async (names: readonly string[], work: () => Promise<void>) => {
      for (const name of names) await server.rows(`SET GLOBAL ${name} = ${HOSTILE[name] ?? ''}`);
      try {
        await work();
      } finally {
        for (const name of names) {
          await server.rows(`SET GLOBAL ${name} = ${name === 'init_connect' ? "''" : 'DEFAULT'}`);
        }
      }
    };

    test('people log in, and a nickname never becomes SQL, whatever the settings of the server', async () => {
      await hostile(Object.keys(HOSTILE), async () => {
        const world = await World.start({ DATABASE_URL: server.urlOf('service:secret') });
        try {
          for (const nickname of NICKNAMES) {
            const { accessToken, refreshToken } = await world.miniProgramLogin(await world.person());
            const renamed = await call(`${world.url}/v1/users/me`, {
              method: 'PATCH',
              token: accessToken,
              json: { nickname },
            });
            expect(renamed).toMatchObject({ status: 200, body: { nickname: nickname.trim() } });
            expect((await world.refresh(refreshToken)).status).toBe(200);
            expect((await call(`${world.url}/v1/users/me`, { token: accessToken })).body).toMatchObject({
              nickname: nickname.trim(),
            });
          }
          expect(await server.rows('SELECT COUNT(*) AS n FROM users WHERE status = "active"')).toEqual([
            { n: NICKNAMES.length },
          ]);
          // To the second: the server's clock is eight hours ahead of UTC.
          const [row] = await server.rows(
            'SELECT ABS(TIMESTAMPDIFF(SECOND, MAX(created_at), UTC_TIMESTAMP())) AS age FROM sessions',
          );
          expect(Number(row?.age)).toBeLessThan(60);
        } finally {
          await world.stop();
        }
      });
    });

    test.each(Object.keys(HOSTILE))('%s alone changes nothing either', async (name) => {
      await hostile([name], async () => {
        const { database, close } = await open(server.urlOf('service:secret'));
        await database.batch([{ sql: 'DELETE FROM users', parameters: [] }]);
        const nickname = NICKNAMES.join('').slice(0, 60);
        const time = '2026-11-29 09:30:00.123';
        const row = {
          sql: 'INSERT INTO users (id, nickname, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
        };
        for (const id of ['a', 'b']) {
          await database.batch([{ ...row, parameters: [id, nickname, 'active', time, time] }]);
        }
        await database.transaction((manager) => manager.query('UPDATE users SET updated_at = created_at'));
        const rows = await database.select(
          'SELECT id, nickname, updated_at FROM users WHERE nickname = ? ORDER BY id',
          [nickname],
        );
        expect(rows).toEqual(
          ['a', 'b'].map((id) => ({ id, nickname, updated_at: new Date('2026-11-29T09:30:00.123Z') })),
        );
        await close();
      });
    });

    test('a server that overrides a session variable: the start is refused, a later connection is not used', async () => {
      const proxy = new TcpProxy({ host: '127.0.0.1', port: server.port });
      const port = await proxy.open();
      const url = new URL(server.url);
      url.port = String(port);
      // Like a proxy that answers for the server and does not pass the setting on.
      const setting = 'SET SESSION sql_mode = ';
      const kept = `${'SET @sql_mode'.padEnd(setting.length - 2)}= `;
      proxy.rewrite(setting, kept);
      await expect(openDataSource(new DataSource(optionsOf(url.href)))).rejects.toThrow(
        /keeps settings of its own for our sessions: sql_mode/,
      );
      proxy.rewrite(setting, setting);
      const { database, close } = await open(url.href);
      await database.ping();
      proxy.rewrite(setting, kept);
      await server.rows(killing(await connections(server)));
      await expect(database.select('SELECT 1', [])).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      await expect(database.batch([])).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      proxy.rewrite(setting, setting);
      await database.ping();
      await close();
      await proxy.cut();
    });

    test('a lock is had by one at a time, and goes with a holder that ends', async () => {
      const [one, other] = [await open(server.url), await open(server.url)];
      const order: string[] = [];
      let holds = (): void => undefined;
      const held = new Promise<void>((resolve) => (holds = resolve));
      const first = one.database.exclusively('a lock', async (manager) => {
        const [row] = await manager.query<{ id: number }[]>('SELECT CONNECTION_ID() AS id');
        holds();
        await server.rows('DO SLEEP(0.2)');
        order.push('first');
        return row?.id;
      });
      await held;
      await other.database.exclusively('a lock', () => Promise.resolve(order.push('second')));
      expect(order).toEqual(['first', 'second']);

      // The holder is killed half-way: no other instance waits for it.
      let repeated = 0;
      const killed = one.database.exclusively('a lock', async (manager) => {
        const [row] = await manager.query<{ id: number }[]>('SELECT CONNECTION_ID() AS id');
        if (repeated++ > 0) return;
        await server.rows(`KILL ${Number(row?.id)}`);
        await other.database.exclusively('a lock', () => Promise.resolve());
        await manager.query('SELECT 1');
      });
      await Promise.all([first, killed]);
      expect(repeated).toBe(2);

      // A wait that is too long is refused, as with any other lock.
      const holder = await server.connect();
      await holder.query("START TRANSACTION; UPDATE named_locks SET taken = taken + 1 WHERE name = 'a lock'");
      await expect(other.database.exclusively('a lock', () => Promise.resolve())).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
      });
      await holder.end();
      await Promise.all([one.close(), other.close()]);
    });

    test.each<[string, unknown]>([
      ['an array', ['a', 'b']],
      ['an object', { id: 1 }],
      ['an object that speaks SQL', { toSqlString: () => '1 OR 1 = 1' }],
      ['undefined', undefined],
      ['not a number', NaN],
      ['a boolean', true],
    ])('a parameter that is %s is refused before anything is sent', async (_, value) => {
      const { database, close } = await open(server.url);
      const parameters = [value] as string[];
      const sql = 'SELECT id FROM users WHERE id = ?';
      const works = [
        () => database.select(sql, parameters),
        () => database.batch([{ sql, parameters }]),
        () => database.transaction((manager) => manager.query(sql, parameters)),
        () => database.run((manager) => manager.query(sql, parameters)),
      ];
      for (const work of works) await expect(work()).rejects.toThrow(/parameter 1 of a statement is a/);
      // No connection has an open transaction.
      const [row] = await database.select<{ n: string }>(
        'SELECT COUNT(*) AS n FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID()',
        [],
      );
      expect(Number(row?.n)).toBe(0);
      await close();
    });
  });
} else {
  test('sessions of the database are tested where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
}

async function connections(server: MariadbServer): Promise<number[]> {
  const rows = await server.rows(
    "SELECT id FROM information_schema.processlist WHERE db = 'test' AND id <> CONNECTION_ID()",
  );
  return rows.map(({ id }) => Number(id));
}

function killing(ids: readonly number[]): string {
  return ids.map((id) => `KILL ${id}`).join('; ');
}
