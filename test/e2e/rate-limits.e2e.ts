import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { AppQuotas } from '../../src/rate-limit/door-quotas.js';
import { type Quota, windowOf, WINDOW_MS } from '../../src/rate-limit/quotas.js';
import { createStoreKeys, INSTANCES, type StoreKeys } from '../harness/backend.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { MovableClock } from '../harness/movable-clock.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { MINI_PROGRAM, type Problem, SHOP, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** Stays at the beginning of a minute until it is moved, so that a test never runs into the next window. */
class StandingClock extends MovableClock {
  private at = Math.ceil(Date.now() / 60_000) * 60_000;

  override now(): number {
    return this.at;
  }

  override advance(seconds: number): void {
    this.at += seconds * 1_000;
  }
}

/** The quota of logins of the first mini program. */
const OF_APP: Quota = { name: 'login-app', limit: 40_000, of: 'app', subject: MINI_PROGRAM };
const PROXY = { TRUSTED_PROXIES: '127.0.0.1' };
const UPLOADS = 300;

/** A world with limits, as outside of tests. */
function limited(environment: Readonly<Record<string, string>> = {}, instances = 1): Promise<World> {
  return World.start({ RATE_LIMITS: 'on', ...environment }, instances, {}, new StandingClock());
}

/** Headers of a request that came to the proxy from an address. */
function from(ip: string): { headers: Record<string, string> } {
  return { headers: { 'x-forwarded-for': ip } };
}

/** Sends so many requests, some at a time. @returns how often each status came */
async function flood(
  times: number,
  request: (index: number) => Promise<Reply<unknown>>,
): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      const { status } = await request(next++);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 25 }, lane));
  return statuses;
}

/** An upload without a token: the cheapest request with the smallest quota. */
function upload(url: string, options: CallOptions = {}): Promise<Reply<Problem>> {
  return call(`${url}/v1/users/me/avatar`, { method: 'POST', ...options });
}

/** A login that fails before it reaches WeChat. */
function emptyLogin(url: string, ip: string, body: object = {}): Promise<Reply<Problem>> {
  return call(`${url}/v1/mini-program/login`, { json: body, ...from(ip) });
}

/** What the fields of a reply say. */
function fields({ headers }: Reply<unknown>): { policy: string | null; left: string | null } {
  return { policy: headers.get('ratelimit-policy'), left: headers.get('ratelimit') };
}

/** As if a quota had been used so often in this minute already. */
async function use(world: World, times: number, quota: Quota): Promise<void> {
  const store = world.service().app.get(EphemeralStore, { strict: false });
  await store.set(windowOf(quota, world.clock.now()).key, String(times), WINDOW_MS);
}

describe('a flood of logins from one address', () => {
  let world: World;
  beforeAll(async () => {
    world = await limited(PROXY);
  });
  afterAll(() => world.stop());

  test('is stopped, while others log in, and does not use up what their app may do', async () => {
    await use(world, 2_000, { name: 'login', limit: 3_000, of: 'address', subject: '203.0.113.7' });
    // With the 1,000 that the address has left there is room for a hundred more.
    await use(world, 40_000 - 1_000 - 100, OF_APP);
    const honest = async (ip: string): Promise<number> => {
      const code = await world.wxLogin(await world.person());
      const { status } = await call(`${world.url}/v1/mini-program/login`, { json: { code }, ...from(ip) });
      return status;
    };
    const others: number[] = [];
    const statuses = await flood(1_500, async (index) => {
      if (index % 200 === 0) others.push(await honest(`198.51.100.${index / 200}`));
      return emptyLogin(world.url, '203.0.113.7');
    });
    // Exact only if the store answers within half a second, which it may not under this flood on a busy machine.
    expect(statuses[400]).toBeGreaterThanOrEqual(1_000);
    expect(statuses[429]).toBeGreaterThan(0);
    expect((await emptyLogin(world.url, '203.0.113.7')).status).toBe(429);
    expect(others).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await honest('198.51.100.200')).toBe(200);
    // Twenty have an event each, the others share one; a window may end meanwhile.
    const recorded = await world.count("events WHERE type = 'login.refused' AND ip = '203.0.113.7'");
    expect(recorded).toBeGreaterThanOrEqual(21);
    expect(recorded).toBeLessThanOrEqual(42);
  }, 60_000);
});

describe('a limited route', () => {
  let world: World;
  beforeAll(async () => {
    world = await limited({ ...PROXY, ...API_KEYS });
  });
  afterAll(() => world.stop());

  test('states in every reply the quotas and their remainder', async () => {
    const code = await world.wxLogin(await world.person());
    const first = await call(`${world.url}/v1/mini-program/login`, { json: { code }, ...from('192.0.2.1') });
    expect(first.status).toBe(200);
    expect(fields(first)).toEqual({
      policy: '"login";q=3000;w=60, "login-app";q=40000;w=60',
      left: '"login";r=2999;t=60, "login-app";r=2999;t=60',
    });
    await world.pass(17.5);
    const refused = await emptyLogin(world.url, '192.0.2.1');
    expect(refused.status).toBe(400);
    expect(fields(refused).left).toBe('"login";r=2998;t=43, "login-app";r=2998;t=43');
  });

  test('answers 429 beyond its quota, with the time to wait, until the window ends', async () => {
    await world.pass(60 - 17.5);
    const ours = from('192.0.2.2');
    expect(await flood(UPLOADS - 1, () => upload(world.url, ours))).toEqual({ 401: UPLOADS - 1 });
    expect(fields(await upload(world.url, ours))).toEqual({
      policy: '"avatar-uploads";q=300;w=60',
      left: '"avatar-uploads";r=0;t=60',
    });
    await world.pass(20);
    const reply = await upload(world.url, ours);
    expect(reply.status).toBe(429);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(reply.headers.get('retry-after')).toBe('40');
    expect(reply.body).toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      detail: 'The quota "avatar-uploads" is used up: 300 in 60 s for one address.',
    });
    expect(fields(reply)).toEqual({
      policy: '"avatar-uploads";q=300;w=60',
      left: '"avatar-uploads";r=0;t=40',
    });
    await world.pass(39);
    expect((await upload(world.url, ours)).status).toBe(429);
    await world.pass(1);
    expect(fields(await upload(world.url, ours)).left).toBe('"avatar-uploads";r=299;t=60');
  });

  test('beyond its quota refuses valid tokens too: invalid ones are counted', async () => {
    const { accessToken: token } = await world.miniProgramLogin(await world.person());
    const ours = from('192.0.2.3');
    const guess = (): Promise<Reply<Problem>> => upload(world.url, { token: 'x.y.z', ...ours });
    expect(await flood(UPLOADS, guess)).toEqual({ 401: UPLOADS });
    expect((await upload(world.url, { token, ...ours })).body.code).toBe('RATE_LIMITED');
    // Another quota, of the same address.
    expect((await call(`${world.url}/v1/users/me`, { token, ...ours })).status).toBe(200);
  });

  test('tells a page of another site: the fields are exposed', async () => {
    const reply = await call(`${world.url}/v1/web-qr-login/token`, { json: {}, headers: { origin: SHOP } });
    expect(reply.headers.get('access-control-expose-headers')).toContain('RateLimit-Policy, RateLimit');
  });

  test('counts an IPv6 customer as one, whatever address of the /64 it takes', async () => {
    const statuses = await flood(UPLOADS + 50, (index) =>
      upload(world.url, from(`2001:db8:1:2:${index.toString(16)}::1`)),
    );
    expect(statuses).toEqual({ 401: UPLOADS, 429: 50 });
    expect((await upload(world.url, from('2001:db8:1:3::1'))).status).toBe(401);
  });

  test('of operators says too when keys are guessed, and lets the right one in all the while', async () => {
    const ours = from('192.0.2.4');
    const ask = (key: string): Promise<Reply<Problem>> =>
      callWithKey(`${world.url}/v1/admin/users`, key, ours);
    for (let guess = 0; guess < 30; guess++) {
      expect((await ask(`wrong-key-number-${guess}`)).status).toBe(401);
    }
    const reply = await ask('wrong-key-number-31');
    expect(reply.body.code).toBe('RATE_LIMITED');
    expect(reply.headers.get('retry-after')).toBe('60');
    expect(fields(reply)).toEqual({
      policy: '"admin";q=600;w=60, "api-key-guesses";q=30;w=60',
      left: '"admin";r=569;t=60, "api-key-guesses";r=0;t=60',
    });
    expect((await ask(ADMIN_KEY)).status).toBe(200);
    expect((await ask('wrong-key-number-32')).status).toBe(429);
    await world.pass(60);
    expect((await ask('wrong-key-number-33')).status).toBe(401);
  });
});

describe('a program with a service key', () => {
  let world: World;
  beforeAll(async () => {
    world = await limited({ ...API_KEYS, RATE_LIMITS: 'login=20,avatar-uploads=7' });
  });
  afterAll(() => world.stop());

  const login = (key: string | null, json: unknown, ip?: string): Promise<Reply<Problem>> =>
    callWithKey(`${world.url}/v1/mini-program/login`, key, {
      json,
      ...(ip === undefined ? {} : { headers: { 'x-forwarded-for': ip } }),
    });

  test('logs in all its people from one address, each with an address of their own in the events', async () => {
    expect(await flood(40, () => login(SERVICE_KEY, {}))).toEqual({ 400: 40 });
    const code = await world.wxLogin(await world.person());
    const reply = await login(SERVICE_KEY, { code }, '[2001:DB8::7]:51234');
    expect(reply.status).toBe(200);
    // A proxy that overwrites X-Forwarded-For keeps it under another name.
    const behind = await callWithKey(`${world.url}/v1/mini-program/login`, SERVICE_KEY, {
      json: { code: await world.wxLogin(await world.person()) },
      headers: { 'x-forwarded-for': '127.0.0.1', 'x-original-forwarded-for': '203.0.113.77' },
    });
    expect(behind.status).toBe(200);
    expect(await world.count(`events WHERE type = 'login.succeeded' AND ip = '203.0.113.77'`)).toBe(1);
    // The quota of the app applies to a back end too.
    expect(fields(reply).policy).toBe('"login-app";q=40000;w=60');
    expect(await world.count(`events WHERE type = 'login.succeeded' AND ip = '2001:db8::7'`)).toBe(1);
    expect(await world.count(`sessions WHERE ip = '2001:db8::7'`)).toBe(1);
  });

  test('whose key is wrong gains nothing: not unlimited, not believed, and told so', async () => {
    const { body, status } = await login(`${SERVICE_KEY}x`, {}, '2001:db8::8');
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'API_KEY_INVALID' });
    const statuses = await flood(30, (index) => login(`wrong-${index}`, {}, `192.0.2.${index}`));
    expect(statuses).toEqual({ 401: 19, 429: 11 });
    expect((await login(null, {}, '192.0.2.99')).status).toBe(429);
    const forged = { 'x-original-forwarded-for': '192.0.2.98' };
    const other = await callWithKey(`${world.url}/v1/mini-program/login`, 'wrong-again', {
      json: {},
      headers: forged,
    });
    expect(other.status).toBe(429);
    expect(await world.count(`events WHERE type = 'operator.refused' AND ip = '127.0.0.1'`)).toBe(1);
    expect((await login(SERVICE_KEY, {})).status).toBe(400);
  });

  test('leaves the limits of everybody else: those that RATE_LIMITS names, and the others as they are', async () => {
    expect(await flood(9, () => upload(world.url))).toEqual({ 401: 7, 429: 2 });
    expect(fields(await call(`${world.url}/login`)).policy).toBe('"login-page";q=1200;w=60');
  });
});

describe('the address of a request', () => {
  test('is what a proxy says only where the proxy is trusted', async () => {
    const world = await limited({ TRUSTED_PROXIES: '10.0.0.0/8' });
    const statuses = await flood(UPLOADS + 20, (index) =>
      upload(world.url, from(`203.0.113.${index % 250}`)),
    );
    expect(statuses).toEqual({ 401: UPLOADS, 429: 20 });
    // An operator who forgot TRUSTED_PROXIES learns from one log line why all clients are refused.
    expect(world.log().match(/name it in TRUSTED_PROXIES/g)).toHaveLength(1);
    await world.stop();
  });

  test('is one however a proxy writes it, and the proxy itself where it is none', async () => {
    const world = await limited({ ...PROXY, RATE_LIMITS: 'avatar-uploads=4' });
    const spellings = ['203.0.113.7', '203.0.113.7:51234', '::ffff:203.0.113.7', '[::ffff:203.0.113.7]:80'];
    for (const ip of spellings) expect((await upload(world.url, from(ip))).status).toBe(401);
    expect((await upload(world.url, from('203.0.113.7:1'))).status).toBe(429);
    for (const ip of ['unknown', 'x'.repeat(300), '203.0.113', '']) {
      expect((await upload(world.url, from(ip))).status).toBe(401);
    }
    expect((await upload(world.url, from('rubbish'))).status).toBe(429);
    const code = await world.wxLogin(await world.person());
    const reply = await call(`${world.url}/v1/mini-program/login`, {
      json: { code },
      ...from('[2001:DB8:0::1%eth0]:443'),
    });
    expect(reply.status).toBe(200);
    expect(await world.count(`events WHERE type = 'login.succeeded' AND ip = '2001:db8::1'`)).toBe(1);
    await world.stop();
  });
});

describe('an app', () => {
  const OTHER = 'wx0123456789abcdef';
  let world: World;
  beforeAll(async () => {
    const secret = '5a4db0c0de0000000000000000000001';
    world = await limited({ ...PROXY, WECHAT_MINI_PROGRAMS: `${MINI_PROGRAM}:${secret},${OTHER}:${secret}` });
  });
  afterAll(() => world.stop());

  test('has a quota over all addresses, its own, and no made-up app has one', async () => {
    await use(world, 39_999, OF_APP);
    const login = (ip: string, body: object): Promise<Reply<Problem>> => emptyLogin(world.url, ip, body);
    expect(fields(await login('192.0.2.1', {})).left).toBe('"login";r=2999;t=60, "login-app";r=0;t=60');
    for (const body of [{}, { appId: null }, { appId: MINI_PROGRAM }]) {
      const reply = await login('192.0.2.2', body);
      expect(reply.body).toMatchObject({
        code: 'RATE_LIMITED',
        detail: 'The quota "login-app" is used up: 40000 in 60 s for one app.',
      });
      expect(reply.headers.get('retry-after')).toBe('60');
      expect(fields(reply).left).toBe('"login-app";r=0;t=60');
    }
    expect(fields(await login('192.0.2.3', { appId: OTHER })).left).toContain('"login-app";r=2999;t=60');
    for (const appId of ['wx0000000000000000', '', 7, ['a'], {}, '__proto__']) {
      const reply = await login('192.0.2.4', { code: 'a-code', appId });
      expect(reply.status).toBe(400);
      expect(fields(reply).policy).toBe('"login";q=3000;w=60');
    }
    await world.pass(60);
    expect((await login('192.0.2.2', {})).status).toBe(400);
  });

  test('has a quota of codes that stays below what WeChat takes', async () => {
    const quotas = world.service().app.get(AppQuotas, { strict: false });
    await use(world, 4_499, { name: 'qr-codes', limit: 4_500, of: 'app', subject: MINI_PROGRAM });
    await quotas.take('qr-codes', MINI_PROGRAM);
    await expect(quotas.take('qr-codes', MINI_PROGRAM)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 60,
    });
    await quotas.take('qr-codes', OTHER);
  });
});

describe('instances', () => {
  test('count together', async () => {
    const world = await limited({}, INSTANCES);
    const half = UPLOADS / 2;
    for (const { url } of [world.service(0), world.service(INSTANCES - 1)]) {
      expect(await flood(half, () => upload(url))).toEqual({ 401: half });
    }
    for (const { url } of world.services) expect((await upload(url)).body.code).toBe('RATE_LIMITED');
    await world.stop();
  });
});

describe('RATE_LIMITS=off', () => {
  test('limits nothing and says nothing', async () => {
    const world = await World.start({ RATE_LIMITS: 'off' });
    expect(await flood(UPLOADS + 1, () => upload(world.url))).toEqual({ 401: UPLOADS + 1 });
    expect(fields(await upload(world.url))).toEqual({ policy: null, left: null });
    const quotas = world.service().app.get(AppQuotas, { strict: false });
    for (let code = 0; code < 4_501; code++) await quotas.take('qr-codes', MINI_PROGRAM);
    await world.stop();
  });
});

describe('every route', () => {
  /** Routes that proxies call for each request, that are answered from memory, a file or a shared read, or that WeChat signs. */
  const UNLIMITED = [
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
    'GET /.well-known/jwks.json',
    'GET /.well-known/oauth-authorization-server',
    'GET /v1/auth/verify',
    'GET /avatars/{key}',
    'GET /v1/wechat/events/{appId}',
    'POST /v1/wechat/events/{appId}',
  ];
  interface Operation {
    readonly 'x-rate-limit'?: { readonly policy: string };
    readonly responses: Readonly<Record<string, { readonly headers?: object; readonly description: string }>>;
  }
  let world: World;
  let routes: { name: string; method: string; url: string; operation: Operation }[];
  beforeAll(async () => {
    world = await limited();
    const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>(
      `${world.url}/docs/json`,
    );
    routes = Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        url: world.url + path.replace(/\{\w+\}/g, '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52'),
        operation,
      })),
    );
  });
  afterAll(() => world.stop());

  test('is limited, or one of those that are not meant to be', () => {
    const unlimited = routes.filter(({ operation }) => !operation['x-rate-limit']).map(({ name }) => name);
    expect(unlimited.filter((name) => !UNLIMITED.includes(name))).toEqual([]);
  });

  test('that is limited has the limit in its document and in its replies', async () => {
    for (const { name, method, url, operation } of routes) {
      const policy = operation['x-rate-limit']?.policy;
      const reply = await call(url, { method, patience: 10 });
      const said = fields(reply);
      const documented = operation.responses['429'];
      const isDocumented =
        documented?.description.includes('RATE_LIMITED') === true &&
        'RateLimit' in (documented.headers ?? {});
      expect({ name, policy: said.policy?.split('"')[1], isDocumented }).toEqual({
        name,
        policy,
        isDocumented: policy !== undefined,
      });
    }
  });
});

describe('the pages of the website login', () => {
  test('are limited like the rest: the callback answers with a page, and its login is not lost', async () => {
    const world = await limited();
    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser), await world.person());
    const visit = (): Promise<Reply> =>
      call(`${world.url}/v1/web-qr-login/callback?state=x`, { headers: { accept: 'text/html' } });
    await use(world, 1_100, { name: 'callback', limit: 1_200, of: 'address', subject: '127.0.0.1' });
    expect(await flood(100, visit)).toEqual({ 400: 100 });
    const refused = await browser.visit(callback.href, { headers: { accept: 'text/html' } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toContain('text/html');
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.text).toContain('RATE_LIMITED');
    await world.pass(60);
    const landed = locationOf(await browser.visit(callback.href));
    expect(landed.searchParams.get('loginCode')).toMatch(/^\w+/);
    await world.stop();
  });
});

if (backend.redisUrl !== null) {
  describe('the shared store away', () => {
    let world: World;
    let proxy: TcpProxy;
    let keys: StoreKeys;

    beforeAll(async () => {
      const own = createStoreKeys();
      if (own === null) throw new Error('no Redis');
      keys = own;
      const url = new URL(keys.url);
      proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 6379) });
      url.port = String(await proxy.open());
      world = await limited({ ...PROXY, ...keys.environment, REDIS_URL: url.href });
    });
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
      await keys.drop();
    });

    async function timed<T>(work: Promise<T>): Promise<{ ms: number; result: T }> {
      const startedAt = performance.now();
      const result = await work;
      return { result, ms: performance.now() - startedAt };
    }

    /** Asks until the service has noticed that the store is back. */
    async function untilBack(times: number): Promise<void> {
      const until = performance.now() + 5_000;
      while ((world.log().match(/the shared store is back/g) ?? []).length < times) {
        if (performance.now() > until) throw new Error('not within 5 s');
        await upload(world.url, from('198.51.100.1'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    const left = async (ip: string): Promise<string | null> => fields(await upload(world.url, from(ip))).left;

    test('cut off or silent: no request fails or waits for it, each instance counts for itself, then together again', async () => {
      const { refreshToken } = await world.miniProgramLogin(await world.person());
      for (const [round, outage] of (['cut', 'hold'] as const).entries()) {
        const [steady, flooder] = [`192.0.2.${round}`, `203.0.113.${round}`];
        for (const r of [299, 298, 297]) expect(await left(steady)).toBe(`"avatar-uploads";r=${r};t=60`);
        if (outage === 'cut') await proxy.cut();
        else proxy.hold(true);

        const atOnce = await Promise.all(
          Array.from({ length: 40 }, () => timed(upload(world.url, from(flooder)))),
        );
        expect(new Set(atOnce.map(({ result }) => result.status))).toEqual(new Set([401]));
        expect(Math.max(...atOnce.map(({ ms }) => ms))).toBeLessThan(1_000);
        const next: number[] = [];
        for (let time = 0; time < 3; time++) {
          const { ms, result } = await timed(world.refresh(refreshToken));
          expect(result.status).toBe(200);
          next.push(ms);
        }
        // Each request that waited for the store would take half a second; a busy machine may delay one.
        expect(Math.min(...next)).toBeLessThan(400);
        expect(await left(steady)).toBe('"avatar-uploads";r=299;t=60');
        expect(await flood(UPLOADS, () => upload(world.url, from(flooder)))).toEqual({
          401: UPLOADS - 40,
          429: 40,
        });

        if (outage === 'cut') await proxy.open();
        else proxy.hold(false);
        await untilBack(round + 1);
        expect(await left(steady)).toBe('"avatar-uploads";r=296;t=60');
      }
      expect(world.log().match(/the shared store is away/g)).toHaveLength(2);
    });

    test('goes away in the middle of a login: 503 within 2 s', async () => {
      const code = await world.wxLogin(await world.person());
      proxy.hold(true);
      const { ms, result } = await timed(world.loginWith(code));
      expect(result.body).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
      expect(ms).toBeLessThan(2_000);
      proxy.hold(false);
    });
  });
}
