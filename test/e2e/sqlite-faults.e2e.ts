import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { SqliteDataSource } from '../../src/database/sqlite/data-source.js';
import type { SqliteQueryRunner } from '../../src/database/sqlite/query-runner.js';
import { WebhookWorker } from '../../src/events/webhook-worker.js';
import { call } from '../harness/http.js';
import { firstLogin, isReady, send, within, writes } from '../harness/ledger.js';
import { MovableClock } from '../harness/movable-clock.js';
import { API_KEYS } from '../harness/operator.js';
import { holdElsewhere, rowsElsewhere, writeElsewhere } from '../harness/other-process.js';
import { endProgram } from '../harness/program.js';
import { freePort } from '../harness/free-port.js';
import { startProcess, untilReady } from '../harness/service-process.js';
import { SmallDisk } from '../harness/small-disk.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';
import { World } from '../harness/world.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

declare const backend: { databaseUrl: string | null };

/** The one connection of the service. */
async function connectionOf(world: World): Promise<SqliteQueryRunner['sqlite']> {
  const dataSource = world.service().app.get<SqliteDataSource>(DataSource);
  return (await dataSource.openRunner(performance.now())).sqlite;
}

const disk = backend.databaseUrl === null ? SmallDisk.mount(16) : null;

if (backend.databaseUrl === null) {
  (disk ? describe : describe.skip)('SQLite on a disk that fills', () => {
    const file = join(disk?.folder ?? '', 'service.sqlite');
    let world: World;
    let receiver: WebhookReceiver;
    beforeAll(async () => {
      const clock = new MovableClock();
      receiver = await WebhookReceiver.listen(SECRET, clock);
      world = await World.start(
        {
          DATABASE_URL: `sqlite:${file}`,
          ...API_KEYS,
          WEBHOOK_URLS: receiver.url,
          WEBHOOK_SECRET: SECRET,
        },
        1,
        {},
        clock,
      );
    });
    afterAll(async () => {
      await world.stop();
      await receiver.close();
      await disk?.unmount();
    });

    afterEach(() => disk?.free());

    const change = (sql: string) => writeElsewhere(file, sql);
    const lost = (ledger: readonly string[]) => rowsElsewhere(file, ledger.join(' UNION ALL '));

    // A commit appends one block and a little for each page that it changed: it fails at each of them in turn.
    test.each([0, 3, 8, 13, 20])(
      'with room for %i pages, no write is acknowledged that is not in the file, and all work once there is room',
      async (pages) => {
        const ledger: string[] = [];
        const all = await writes(world, change);
        const last = await firstLogin(world, await world.person());
        // Else there is room in the log, which is written from its beginning after a checkpoint.
        (await connectionOf(world)).exec('PRAGMA wal_checkpoint(TRUNCATE)');
        disk?.fill(pages);
        const refused = await send(all, ledger);
        if (pages === 0) expect(refused).toHaveLength(all.length);
        const ready = await isReady(world.url);
        if (pages === 0) expect(ready).toBe(false);
        // Where a checkpoint made room after a refusal, ready means that a login succeeds.
        if (refused.length > 0 && ready) expect(await send([last], ledger)).toEqual([]);
        if (ledger.length > 0) expect(lost(ledger)).toEqual([]);

        disk?.free();
        await within(5_000, () => isReady(world.url));
        const after: string[] = [];
        expect(await send(await writes(world, change), after)).toEqual([]);
        expect(lost([...ledger, ...after])).toEqual([]);
      },
    );

    test('a job that finds the disk full does its work once there is room', async () => {
      const jobs = world.service().app.get(WebhookWorker, { strict: false });
      await jobs.runDue();
      receiver.answers('nothing');
      const { user } = await world.miniProgramLogin(await world.person());
      (await connectionOf(world)).exec('PRAGMA wal_checkpoint(TRUNCATE)');
      disk?.fill(0);
      receiver.answers(204);
      await jobs.runDue();
      const waiting = `SELECT id FROM events WHERE user_id = '${user.id}' AND type = 'user.created' AND delivered_at IS NULL`;
      expect(rowsElsewhere(file, waiting)).toHaveLength(1);
      disk?.free();
      world.clock.advance(120);
      await within(5_000, async () => {
        await jobs.runDue();
        return rowsElsewhere(file, waiting).length === 0;
      });
      expect(receiver.about(user.id).length).toBeGreaterThan(0);
    });

    test('with room in the log and none for the database file, all is in the log', async () => {
      const sqlite = await connectionOf(world);
      // The log keeps its size and is written from its beginning; the database file is as small as can be.
      sqlite.exec('CREATE TABLE ballast AS SELECT randomblob(3000000) AS x; DROP TABLE ballast; VACUUM');
      sqlite.exec('PRAGMA wal_checkpoint(PASSIVE)');
      const ledger: string[] = [];
      const all = await writes(world, change);
      disk?.fill(0);
      expect(await send(all.slice(1), ledger)).toEqual([]);
      expect(() => sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)')).toThrow('full');
      expect(await send(all.slice(0, 1), ledger)).toEqual([]);
      expect(await isReady(world.url)).toBe(true);
      expect(lost(ledger)).toEqual([]);
      disk?.free();
      expect(await send(await writes(world, change), ledger)).toEqual([]);
      expect(lost(ledger)).toEqual([]);
    });

    test('a database that may not grow, found by a statement and not by COMMIT: the same', async () => {
      const ledger: string[] = [];
      const sqlite = await connectionOf(world);
      const limit = (pages: number) => sqlite.exec(`PRAGMA max_page_count = ${pages}`);
      const all = await writes(world, change);
      const people = await Promise.all(Array.from({ length: 40 }, () => world.person()));
      const logins = await Promise.all(people.map((person) => firstLogin(world, person)));
      // No less than it has, but for pages that are free.
      limit(1);
      expect(await send([...logins, ...all], ledger)).not.toEqual([]);
      limit(1_000_000);
      if (ledger.length > 0) expect(lost(ledger)).toEqual([]);
      const after: string[] = [];
      expect(await send(await writes(world, change), after)).toEqual([]);
      expect(lost([...ledger, ...after])).toEqual([]);
    });
  });

  describe('an SQLite file and other processes', () => {
    let world: World;
    let file: string;
    beforeAll(async () => {
      world = await World.start(API_KEYS);
      file = (world.backend.environment.DATABASE_URL ?? '').slice('sqlite:'.length);
    });
    afterAll(() => world.stop());

    const change = (sql: string) => writeElsewhere(file, sql);

    test('locked by another process: writes are refused within 2 s, reads continue, the event loop is never blocked', async () => {
      const tokens = await world.miniProgramLogin(await world.person());
      const all = await writes(world, change);
      const sessions = () =>
        rowsElsewhere(file, 'SELECT id, generation, revoked_at FROM sessions ORDER BY id');
      const before = sessions();
      const release = await holdElsewhere(file, 'BEGIN IMMEDIATE');
      let longest = 0;
      let beat = performance.now();
      const pulse = setInterval(() => {
        longest = Math.max(longest, performance.now() - beat);
        beat = performance.now();
      }, 10);
      const timed = await Promise.all(
        all.map(async (write) => {
          const startedAt = performance.now();
          const reply = await write.send();
          return { name: write.name, status: reply.status, ms: performance.now() - startedAt };
        }),
      );
      expect(timed.map(({ name, status }) => ({ name, status }))).toEqual(
        all.map(({ name }) => ({ name, status: 503 })),
      );
      expect(Math.max(...timed.map(({ ms }) => ms))).toBeLessThan(2_500);
      expect((await call(`${world.url}/v1/users/me`, { token: tokens.accessToken })).status).toBe(200);
      expect(await isReady(world.url)).toBe(false);
      clearInterval(pulse);
      expect(longest).toBeLessThan(1_000);
      await release();
      await within(5_000, () => isReady(world.url));
      expect(sessions()).toEqual(before);
      const after: string[] = [];
      expect(await send(await writes(world, change), after)).toEqual([]);
      expect(rowsElsewhere(file, after.join(' UNION ALL '))).toEqual([]);
    });

    test('held for a moment: the request waits and succeeds', async () => {
      const code = await world.wxLogin(await world.person());
      const release = await holdElsewhere(file, 'BEGIN IMMEDIATE');
      const login = world.loginWith(code);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await release();
      expect((await login).status).toBe(200);
      expect(await isReady(world.url)).toBe(true);
    });

    test('a transaction that was left open is rolled back before the next operation', async () => {
      const person = await world.person();
      await world.miniProgramLogin(person);
      const sqlite = await connectionOf(world);
      sqlite.exec(
        "BEGIN; INSERT INTO events (id, type, actor, details, created_at) VALUES ('x', 'x', 'x', '{}', 0)",
      );
      const { refreshToken } = await world.miniProgramLogin(person);
      const sessions = `SELECT id FROM sessions WHERE id = '${refreshToken.split('.')[0] ?? ''}'`;
      expect(rowsElsewhere(file, sessions)).toHaveLength(1);
      expect(rowsElsewhere(file, "SELECT id FROM events WHERE id = 'x'")).toEqual([]);
    });

    test('a connection that was closed is replaced', async () => {
      const person = await world.person();
      (await connectionOf(world)).close();
      const { refreshToken } = await world.miniProgramLogin(person);
      expect((await world.refresh(refreshToken)).status).toBe(200);
    });

    test('moved away: refused, and taken up again once it is back', async () => {
      const person = await world.person();
      await world.miniProgramLogin(person);
      const files = ['', '-wal', '-shm'];
      for (const suffix of files) renameSync(`${file}${suffix}`, `${file}.away${suffix}`);
      const code = await world.wxLogin(person);
      expect((await world.loginWith(code)).body.code).toBe('DATABASE_UNAVAILABLE');
      for (const suffix of files) renameSync(`${file}.away${suffix}`, `${file}${suffix}`);
      const { refreshToken } = await world.miniProgramLogin(person);
      const sessions = `SELECT id FROM sessions WHERE id = '${refreshToken.split('.')[0] ?? ''}'`;
      expect(rowsElsewhere(file, sessions)).toHaveLength(1);
    });
  });

  describe('an SQLite file', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'wechat-auth-test-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    test('is for one process and its owner alone, and a process that is killed leaves it free', async () => {
      const file = join(folder, 'data', 'service.sqlite');
      const environment = {
        NODE_ENV: 'test',
        SANDBOX: 'off',
        DATABASE_URL: `sqlite:${file}`,
        ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
        WECHAT_MINI_PROGRAMS: 'wx5a4db0c0de0000aa:an-app-secret-of-this-test-only-0',
      };
      const ports = [await freePort(), await freePort(), await freePort()];
      const start = (index: number) => startProcess({ ...environment, PORT: String(ports[index]) });
      const first = start(0);
      await untilReady(`http://127.0.0.1:${ports[0] ?? 0}`);
      const second = start(1);
      expect(await second.ended).toBe(1);
      expect(second.output().trim().split('\n').at(-1)).toMatch(/^DATABASE_URL .* another process .*\.$/);
      expect(rowsElsewhere(file, 'SELECT kid FROM signing_keys')).toHaveLength(1);

      expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
      for (const suffix of ['', '-wal', '-shm', '-lock']) {
        expect([suffix, statSync(`${file}${suffix}`).mode & 0o777]).toEqual([suffix, 0o600]);
      }
      first.child.kill('SIGKILL');
      await first.ended;
      const third = start(2);
      await untilReady(`http://127.0.0.1:${ports[2] ?? 0}`);
      expect(await endProgram(third)).toBe(0);
    });
  });
} else {
  test('SQLite is tried in the runs on SQLite', () => expect(backend.databaseUrl).not.toBeNull());
}
