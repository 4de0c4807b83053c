import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Backend, createBackend, createStoreKeys } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { Browser } from '../harness/browser.js';
import { API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** The minimum of several tries: background work may add to one of them. */
async function tripsThrough(proxy: TcpProxy, work: () => Promise<unknown>): Promise<number> {
  const counts: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    proxy.takeTrips();
    await work();
    counts.push(proxy.takeTrips());
  }
  return Math.min(...counts);
}

/** SQLite has no round trips. */
if (backend.databaseUrl !== null) {
  describe('round trips to the database', () => {
    let own: Backend;
    let proxy: TcpProxy;
    let world: World;
    beforeAll(async () => {
      own = await createBackend();
      const url = new URL(own.environment.DATABASE_URL ?? '');
      proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 3306) });
      url.port = String(await proxy.open());
      world = await World.start({ ...API_KEYS, DATABASE_URL: url.href });
    });
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
      await own.drop();
    });

    const tripsOf = (work: () => Promise<unknown>): Promise<number> => tripsThrough(proxy, work);

    test('a returning login takes two, its event included', async () => {
      const person = await world.person();
      await world.miniProgramLogin(person);
      const codes = await Promise.all(Array.from({ length: 5 }, () => world.wxLogin(person)));
      expect(await tripsOf(() => world.loginWith(codes.pop()))).toBe(2);
    });

    test('a refresh takes one, a token check none once it is known', async () => {
      let { refreshToken, accessToken } = await world.miniProgramLogin(await world.person());
      const refresh = async () => {
        const reply = await call<{ refreshToken: string; accessToken: string }>(
          `${world.url}/v1/auth/refresh`,
          {
            json: { refreshToken },
          },
        );
        ({ refreshToken, accessToken } = reply.body);
      };
      expect(await tripsOf(refresh)).toBe(1);
      await call(`${world.url}/v1/auth/verify`, { token: accessToken });
      expect(await tripsOf(() => call(`${world.url}/v1/auth/verify`, { token: accessToken }))).toBe(0);
    });

    test('a signature for another service takes two, its event included', async () => {
      const { user, identity } = await world.miniProgramLogin(await world.person());
      for (const who of [{ openId: identity.openId }, { userId: user.id }]) {
        const json = { ...who, payload: '{}' };
        const sign = () => callWithKey(`${world.url}/v1/wechat/signatures`, SERVICE_KEY, { json });
        expect(await tripsOf(sign)).toBe(2);
      }
    });

    test('tokens with unknown keys cause one read a second, however many arrive', async () => {
      const { accessToken } = await world.miniProgramLogin(await world.person());
      const [, ...rest] = accessToken.split('.');
      const startedAt = performance.now();
      proxy.takeTrips();
      for (let time = 0; time < 50; time++) {
        const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `made-up-${time}` }));
        const reply = await world.verify([header.toString('base64url'), ...rest].join('.'));
        expect(reply.body.code).toBe('TOKEN_INVALID');
      }
      const trips = proxy.takeTrips();
      expect(trips).toBeGreaterThan(0);
      // And some of the background: the keys are read every few seconds anyway, and workers look for their rows.
      expect(trips).toBeLessThan(10 + (4 * (performance.now() - startedAt)) / 1_000);
    });
  });
} else {
  test('round trips are counted where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
}

if (backend.redisUrl !== null) {
  describe('round trips to Redis', () => {
    const keys = createStoreKeys();
    const url = new URL(keys?.url ?? '');
    const proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 6379) });
    let world: World;
    beforeAll(async () => {
      url.port = String(await proxy.open());
      world = await World.start({ ...keys?.environment, REDIS_URL: url.href });
    });
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
      await keys?.drop();
    });

    test('a website login takes one to begin, three for its callback, one to redeem', async () => {
      const person = await world.person();
      await world.websiteLogin(person);
      const browser = new Browser();
      const begin = (): Promise<URL> => world.authorize(browser);
      expect(await tripsThrough(proxy, begin)).toBe(1);
      const callbacks: URL[] = [];
      for (let time = 0; time < 5; time++) callbacks.push(await world.scanAndAllow(await begin(), person));
      const landed: (string | null)[] = [];
      const callback = async (): Promise<void> => {
        const reply = await browser.visit(callbacks.pop()?.href ?? '');
        landed.push(new URL(reply.headers.get('location') ?? '').searchParams.get('loginCode'));
      };
      expect(await tripsThrough(proxy, callback)).toBe(3);
      const redeem = async (): Promise<void> => {
        expect((await world.redeem(browser, landed.pop() ?? null)).status).toBe(200);
      };
      expect(await tripsThrough(proxy, redeem)).toBe(1);
    });
  });
}
