import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Backend, createBackend } from '../harness/backend.js';
import { Browser } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS } from '../harness/operator.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { type Person, type Problem, type TokenReply, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** Waits for a condition; the time-out is the promise under test. */
async function within(ms: number, holds: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The connections of the service to its database. */
const THEIRS = `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`;

async function timed<T>(work: Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  const result = await work;
  return { result, ms: performance.now() - startedAt };
}

/** The error of a server that has become a replica, for a write. */
const READ_ONLY_SESSIONS = `CREATE TRIGGER read_only BEFORE INSERT ON sessions FOR EACH ROW
  SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'running with the --read-only option'`;

const isReady = async (world: World) => (await call(`${world.url}/health/ready`)).status === 200;

if (backend.databaseUrl !== null) {
  describe('the database away', () => {
    let world: World;
    let proxy: TcpProxy;
    let person: Person;
    let tokens: TokenReply;
    let own: Backend;

    const refresh = () =>
      call<Problem>(`${world.url}/v1/auth/refresh`, { json: { refreshToken: tokens.refreshToken } });
    const me = () => call<Problem>(`${world.url}/v1/users/me`, { token: tokens.accessToken });
    const rotate = () =>
      call<Problem>(`${world.url}/v1/admin/signing-keys/rotate`, {
        json: {},
        headers: { 'x-api-key': ADMIN_KEY },
      });
    const connections = async () => (await own.rows(THEIRS)).map(({ id }) => id);

    beforeAll(async () => {
      own = await createBackend();
      const url = new URL(own.environment.DATABASE_URL ?? '');
      proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 3306) });
      url.port = String(await proxy.open());
      world = await World.start({ DATABASE_URL: url.href, ...API_KEYS });
      person = await world.person();
      tokens = await world.miniProgramLogin(person);
    });
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
      await own.drop();
    });

    test('cut off: 503 with Retry-After within 2 s, alive again within 5 s, without a restart', async () => {
      await proxy.cut();
      for (let attempt = 0; attempt < 3; attempt++) {
        const { ms, result } = await timed(
          call(`${world.url}/v1/auth/refresh`, { json: { refreshToken: tokens.refreshToken } }),
        );
        expect(result.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
        expect(result.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(ms).toBeLessThan(2_000);
      }
      expect(await isReady(world)).toBe(false);
      await proxy.open();
      await within(5_000, () => isReady(world));
      await world.miniProgramLogin(person);
    });

    test('silent: 503 within 2 s for forty requests at once, alive again within 5 s', async () => {
      proxy.hold(true);
      const replies = await Promise.all(
        Array.from({ length: 40 }, () =>
          timed(call(`${world.url}/v1/auth/refresh`, { json: { refreshToken: tokens.refreshToken } })),
        ),
      );
      expect(new Set(replies.map(({ result }) => result.status))).toEqual(new Set([503]));
      expect(Math.max(...replies.map(({ ms }) => ms))).toBeLessThan(2_500);
      proxy.hold(false);
      await within(5_000, () => isReady(world));
      await world.miniProgramLogin(person);
    });

    test('away as a loginCode is redeemed: 503, and the same code works once it is back', async () => {
      const browser = new Browser();
      const loginCode = (await world.websiteCallback(browser, person)).searchParams.get('loginCode');
      await proxy.cut();
      expect((await world.redeem(browser, loginCode)).body.code).toBe('DATABASE_UNAVAILABLE');
      await proxy.open();
      await within(5_000, () => isReady(world));
      expect((await world.redeem(browser, loginCode)).status).toBe(200);
      expect((await world.redeem(browser, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    });

    test('cut off or silent: a rotation of the signing keys, too, answers 503 within 2 s', async () => {
      for (const outage of ['cut', 'hold'] as const) {
        expect((await rotate()).status).toBe(200);
        if (outage === 'cut') await proxy.cut();
        else proxy.hold(true);
        const replies = await Promise.all([rotate(), rotate(), rotate()].map(timed));
        for (const { ms, result } of replies) {
          expect(result.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
          expect(ms).toBeLessThan(2_500);
        }
        if (outage === 'cut') await proxy.open();
        else proxy.hold(false);
        await within(5_000, async () => (await rotate()).status === 200);
      }
    });

    test.each([
      ['for a moment', 6],
      ['for a minute', 60],
    ])('silent, after nobody came %s: 503 within 2 s for who brings an access token', async (_, seconds) => {
      tokens = await world.miniProgramLogin(person);
      expect((await me()).status).toBe(200);
      world.clock.advance(seconds);
      proxy.hold(true);
      const { ms, result } = await timed(me());
      expect(result.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
      // One deadline and not two; the machine may be busy with other tests.
      expect(ms).toBeLessThan(2_500);
      proxy.hold(false);
      await within(5_000, async () => (await me()).status === 200);
    });

    test('drops all its connections silently: available again within 5 s', async () => {
      tokens = await world.miniProgramLogin(person);
      await Promise.all(Array.from({ length: 100 }, refresh));
      expect((await connections()).length).toBeGreaterThan(5);
      proxy.forget();
      await within(5_000, () => isReady(world));
      for (let time = 0; time < 5; time++) await world.miniProgramLogin(person);
      // The server learns of the end of those connections.
      await proxy.cut();
      await proxy.open();
      await within(5_000, () => isReady(world));
    });

    test('no primary any more: 503, and its connections are not used again', async () => {
      await Promise.all(Array.from({ length: 20 }, refresh));
      await own.write(READ_ONLY_SESSIONS);
      const before = await connections();
      expect(before.length).toBeGreaterThan(5);
      const refused = await world.loginWith(await world.wxLogin(person));
      expect(refused.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
      await own.write('DROP TRIGGER read_only');
      await world.miniProgramLogin(person);
      // Except those that background work was using at that moment.
      const kept = async () => (await connections()).filter((id) => before.includes(id));
      await within(5_000, async () => (await kept()).length <= 2);
    });
  });
}

if (backend.redisUrl !== null) {
  describe('Redis away', () => {
    let world: World;
    let proxy: TcpProxy;

    beforeAll(async () => {
      const url = new URL(backend.redisUrl ?? '');
      proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 6379) });
      url.port = String(await proxy.open());
      world = await World.start({ REDIS_URL: url.href });
    });
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
    });

    test('disconnected or silent: logins answer 503, routes that need no Redis continue, and it recovers by itself', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      for (const outage of ['cut', 'hold'] as const) {
        if (outage === 'cut') await proxy.cut();
        else proxy.hold(true);
        const { ms, result } = await timed(world.loginWith(await world.wxLogin(person)));
        expect(result.body).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
        expect(ms).toBeLessThan(2_000);
        const me = await call(`${world.url}/v1/users/me`, { token: tokens.accessToken });
        expect(me.status).toBe(200);
        if (outage === 'cut') await proxy.open();
        else proxy.hold(false);
        await within(5_000, () => isReady(world));
        await world.miniProgramLogin(person);
      }
    });

    test('drops its connections silently: available again within 5 s', async () => {
      const person = await world.person();
      await world.miniProgramLogin(person);
      proxy.forget();
      await within(5_000, () => isReady(world));
      await world.miniProgramLogin(person);
    });
  });
}

describe('without an outage', () => {
  test('the service is ready', async () => {
    const world = await World.start();
    expect(await isReady(world)).toBe(true);
    await world.stop();
  });
});
