import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { WebhookWorker } from '../../src/events/webhook-worker.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { MovableClock } from '../harness/movable-clock.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { pkce } from '../harness/pkce.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { type Problem, SHOP, World } from '../harness/world.js';

const METRICS_TOKEN = 'a-token-for-the-metrics-0123456789';

/** One reading of /metrics. */
class Reading {
  private readonly samples = new Map<string, { labels: Record<string, string>; value: number }[]>();

  constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]);
      const sample = { labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
      this.samples.set(name, [...(this.samples.get(name) ?? []), sample]);
    }
  }

  /** The sum of all samples of a name that have these labels; 0 where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return (this.samples.get(name) ?? [])
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** Labels by the name of their metric. */
  labels(name: string): Set<string> | null {
    const samples = this.samples.get(name);
    return samples ? new Set(samples.flatMap((sample) => Object.keys(sample.labels))) : null;
  }
}

async function read(world: World): Promise<Reading> {
  const reply = await call(`${world.url}/metrics`);
  expect(reply.status).toBe(200);
  return new Reading(reply.text);
}

/**
 * Reads until a condition holds. Background work also uses connections, so a reading at any one moment may
 * include one of its own.
 * @param cannot ends the wait, because the condition can hold no more
 * @returns false if `cannot` came first
 */
async function readUntil(
  world: World,
  holds: (reading: Reading) => boolean,
  cannot: () => boolean = () => false,
): Promise<boolean> {
  while (!cannot()) if (holds(await read(world))) return true;
  return false;
}

/** Whether so many connections to the database are in use, and so many works wait for one. */
const connections = (inUse: number, waiting: number) => (reading: Reading) =>
  reading.value('wechat_auth_database_connections_in_use') === inUse &&
  reading.value('wechat_auth_database_connections_waiting') === waiting;

/** By how much a metric grows during an action. */
async function growth(
  world: World,
  [name, labels]: readonly [string, Readonly<Record<string, string>>],
  work: () => Promise<unknown>,
): Promise<number> {
  const before = (await read(world)).value(name, labels);
  await work();
  return (await read(world)).value(name, labels) - before;
}

const login = (channel: string, outcome: string) =>
  ['wechat_auth_logins_total', { channel, outcome }] as const;
const refresh = (outcome: string) => ['wechat_auth_refreshes_total', { outcome }] as const;
const wechat = (endpoint: string, errcode: string) =>
  ['wechat_auth_wechat_call_duration_seconds_count', { endpoint, errcode }] as const;
const http = (method: string, route: string, status: string) =>
  ['http_request_duration_seconds_count', { method, route, status }] as const;

describe('what is counted', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, SESSION_POLICY: 'session-key' });
  });
  afterAll(() => world.stop());

  test('logins of a mini program, with the codes of those that failed', async () => {
    const person = await world.person();
    const succeed = () => world.miniProgramLogin(person);
    expect(await growth(world, login('mini-program', 'success'), succeed)).toBe(1);
    const fail = () => world.loginWith('a-code-that-nobody-issued');
    expect(await growth(world, login('mini-program', 'WECHAT_CODE_INVALID'), fail)).toBe(1);
    const code = await world.wxLogin(person);
    await world.loginWith(code);
    const again = () => world.loginWith(code);
    expect(await growth(world, login('mini-program', 'WECHAT_CODE_USED'), again)).toBe(1);
  });

  test('a login that fails after WeChat has identified the person', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    await callWithKey(`${world.url}/v1/admin/users/${user.id}/disable`, ADMIN_KEY, { method: 'POST' });
    const fail = async () => world.loginWith(await world.wxLogin(person));
    expect(await growth(world, login('mini-program', 'ACCOUNT_DISABLED'), fail)).toBe(1);
  });

  test('a website login once, when its session is opened; a callback that fails, though it is a redirect', async () => {
    const person = await world.person();
    expect(await growth(world, login('website', 'success'), () => world.websiteLogin(person))).toBe(1);
    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser), person);
    await world.fault('/sns/oauth2/access_token', { errcode: 40029 });
    const fail = () => browser.visit(callback.href);
    expect(await growth(world, login('website', 'WECHAT_CODE_INVALID'), fail)).toBe(1);
  });

  test('a login by scan, and each that was refused on the phone once', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const scanned = async () => {
      const browser = new Browser();
      const attempt = await world.attempt(browser);
      const ticket = await world.ticketOf(attempt);
      await world.scan(accessToken, ticket);
      return { browser, id: attempt.id, ticket };
    };
    const succeed = async () => {
      const { browser, id, ticket } = await scanned();
      await world.scan(accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
      const { body } = await world.status(browser, id);
      expect((await world.redeem(browser, body.loginCode ?? null)).status).toBe(200);
    };
    expect(await growth(world, login('scan', 'success'), succeed)).toBe(1);
    const deny = async () => {
      const { ticket } = await scanned();
      for (let tap = 0; tap < 2; tap++) await world.scan(accessToken, ticket, 'deny');
    };
    expect(await growth(world, login('scan', 'LOGIN_DENIED'), deny)).toBe(1);
  });

  test('a login inside WeChat, and one that goes from a mini program into its web view', async () => {
    const person = await world.person();
    const inWeChat = () => new WeChatBrowser(world, person).login();
    expect(await growth(world, login('in-wechat', 'success'), inWeChat)).toBe(1);
    const { accessToken } = await world.miniProgramLogin(person);
    const { verifier, challenge } = pkce();
    const open = (ticket: string) => {
      const query = { ticket, returnTo: `${SHOP}/cart`, codeChallenge: challenge };
      return call(`${world.url}/v1/web-qr-login/authorize?${new URLSearchParams(query).toString()}`);
    };
    const webView = async () => {
      const asked = await call<{ ticket: string }>(`${world.url}/v1/mini-program/web-view-tickets`, {
        token: accessToken,
        json: { code: await world.wxLogin(person), returnTo: `${SHOP}/cart` },
      });
      const location = locationOf(await open(asked.body.ticket));
      const loginCode = location.searchParams.get('loginCode');
      const reply = await world.redeem(new Browser(), loginCode, { codeVerifier: verifier });
      expect(reply.status).toBe(200);
    };
    expect(await growth(world, login('web-view', 'success'), webView)).toBe(1);
    const fail = () => open('0'.repeat(64));
    expect(await growth(world, login('web-view', 'WEB_VIEW_TICKET_INVALID'), fail)).toBe(1);
  });

  test('an unknown callback and an unknown loginCode', async () => {
    const callback = () => call(`${world.url}/v1/web-qr-login/callback?state=unknown&code=x`);
    expect(await growth(world, login('website', 'STATE_INVALID'), callback)).toBe(1);
    const redeem = () => world.redeem(new Browser(), '0'.repeat(64));
    expect(await growth(world, login('website', 'LOGIN_CODE_INVALID'), redeem)).toBe(1);
  });

  test('a code that only identifies the person is no login', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const validate = async () =>
      call(`${world.url}/v1/mini-program/validate-token`, {
        token: accessToken,
        json: { code: await world.wxLogin(person) },
      });
    const before = await read(world);
    expect((await validate()).status).toBe(200);
    expect((await read(world)).value('wechat_auth_logins_total')).toBe(
      before.value('wechat_auth_logins_total'),
    );
  });

  test('a login whose client did not wait for the end', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    const success = login('mini-program', 'success');
    const before = (await read(world)).value(...success);
    await world.fault('/sns/jscode2session', { delayMs: 400 });
    const abandoned = call(`${world.url}/v1/mini-program/login`, { json: { code }, patience: 0.1 });
    await expect(abandoned).rejects.toThrow();
    await readUntil(world, (reading) => reading.value(...success) > before);
    const reading = await read(world);
    expect(reading.value(...http('POST', '/v1/mini-program/login', 'aborted'))).toBe(1);
    expect(reading.value('wechat_auth_logins_total', { outcome: 'success' })).toBe(
      await world.count(`events WHERE type = 'login.succeeded'`),
    );
  });

  test('calls to WeChat by endpoint, errcode and latency, each retry for itself', async () => {
    const person = await world.person();
    const endpoint = 'sns/jscode2session';
    const fails = (fault: object) => async () => {
      await world.fault(`/${endpoint}`, { ...fault });
      await world.loginWith(await world.wxLogin(person));
    };
    const succeed = () => world.miniProgramLogin(person);
    expect(await growth(world, wechat(endpoint, '0'), succeed)).toBe(1);
    expect(await growth(world, wechat(endpoint, '-1'), fails({ errcode: -1, times: 2 }))).toBe(2);
    expect(await growth(world, wechat(endpoint, '45011'), fails({ errcode: 45011 }))).toBe(1);
    expect(await growth(world, wechat(endpoint, 'bad-reply'), fails({ body: '<h1>' }))).toBe(1);
    expect(await growth(world, wechat(endpoint, 'unreachable'), fails({ reset: true }))).toBe(1);
    expect(await growth(world, wechat(endpoint, 'unreachable'), fails({ status: 502, body: '' }))).toBe(1);
    expect(await growth(world, wechat(endpoint, 'timeout'), fails({ hang: true }))).toBe(1);
    const seconds = [
      'wechat_auth_wechat_call_duration_seconds_sum',
      { endpoint, errcode: 'timeout' },
    ] as const;
    expect((await read(world)).value(...seconds)).toBeGreaterThan(4);
  });

  test('refreshes by outcome', async () => {
    const { refreshToken } = await world.miniProgramLogin(await world.person());
    const succeed = () => world.refresh(refreshToken);
    expect(await growth(world, refresh('success'), succeed)).toBe(1);
    world.clock.advance(61);
    expect(await growth(world, refresh('REFRESH_TOKEN_REUSED'), succeed)).toBe(1);
    const nonsense = () => world.refresh('nonsense');
    expect(await growth(world, refresh('REFRESH_TOKEN_INVALID'), nonsense)).toBe(1);
    const stale = await world.miniProgramLogin(await world.person());
    await world.fault('/wxa/checksession', { errcode: 87009 });
    expect(await growth(world, refresh('SESSION_ENDED'), () => world.refresh(stale.refreshToken))).toBe(1);
  });

  test('requests by the pattern of their route, method and status: never by an address', async () => {
    const { user } = await world.miniProgramLogin(await world.person());
    const path = `/v1/admin/users/${user.id}`;
    const visit = () => callWithKey(`${world.url}${path}?q=a-query`, ADMIN_KEY);
    expect(await growth(world, http('GET', '/v1/admin/users/:id', '200'), visit)).toBe(1);
    const nowhere = () => call(`${world.url}/no-such-path`);
    expect(await growth(world, http('GET', 'none', '404'), nowhere)).toBe(1);
    const unreadable = () => call(`${world.url}/%E0%A4%A`);
    expect(await growth(world, http('GET', 'none', '400'), unreadable)).toBe(1);
    const noHttp = () => say(world, 'GET / HTTP/1.1\r\nno colon\r\n\r\n');
    expect(await growth(world, http('none', 'none', '400'), noHttp)).toBe(1);
    const { text } = await read(world);
    for (const told of [user.id, 'a-query', 'no-such-path']) expect(text).not.toContain(told);
  });

  test('connections to the database, waiting browsers, the event loop and the process', async () => {
    const reading = await read(world);
    const { dialect } = world.backend;
    expect(reading.value('wechat_auth_database_connections_max')).toBe(dialect === 'sqlite' ? 1 : 20);
    expect(await readUntil(world, connections(0, 0))).toBe(true);
    expect(reading.value('wechat_auth_waiters')).toBe(0);
    expect(reading.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(reading.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(reading.value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  test('connections that are in use, and works that wait for one', async () => {
    const database = world.service().app.get(Database, { strict: false });
    const size = (await read(world)).value('wechat_auth_database_connections_max');
    // The works that wait are refused at their deadline, which a busy machine may reach before a reading.
    for (let seen = false; !seen;) {
      let letGo = (): void => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      let refused = false;
      const works = Array.from({ length: size + 2 }, () =>
        database.run(() => held).catch(() => (refused = true)),
      );
      seen = await readUntil(world, connections(size, 2), () => refused);
      letGo();
      await Promise.all(works);
    }
    expect(await readUntil(world, connections(0, 0))).toBe(true);
  });

  test('two apps in one process count for themselves', async () => {
    const other = await World.start();
    try {
      await call(`${other.url}/health/live`);
      const reading = await read(other);
      expect(reading.value(...http('GET', '/health/live', '200'))).toBe(1);
      expect(reading.value('wechat_auth_wechat_call_duration_seconds_count')).toBe(0);
    } finally {
      await other.stop();
    }
  });
});

describe('the backlog of background work', () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const clock = new MovableClock();
  let world: World;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await WebhookReceiver.listen(secret, clock);
    world = await World.start({ WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: secret }, 1, {}, clock);
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  const worker = () => world.service().app.get(WebhookWorker, { strict: false });

  /** Waiting and due items of a queue, and the age of the oldest in seconds. */
  async function backlog(queue: string): Promise<{ waiting: number; due: number; oldest: number }> {
    // A reading is reused for ten seconds.
    clock.advance(10);
    const reading = await read(world);
    const value = (name: string) => reading.value(`wechat_auth_queue_${name}`, { queue });
    return { waiting: value('waiting'), due: value('due'), oldest: value('oldest_due_seconds') };
  }

  const nothing = { waiting: 0, due: 0, oldest: 0 };

  test('what was delivered or given up does not count', async () => {
    await world.miniProgramLogin(await world.person());
    await worker().runDue();
    receiver.answers(410);
    await world.miniProgramLogin(await world.person());
    await worker().runDue();
    expect(await world.count('webhook_deliveries')).toBe(1);
    expect(await backlog('webhooks')).toEqual(nothing);
    expect(await backlog('avatars')).toEqual(nothing);
  });

  test('a postponed item is waiting; an item that nobody claims is due and ages, in the outbox too', async () => {
    receiver.answers(503);
    await world.miniProgramLogin(await world.person());
    await worker().runDue();
    // The worker of the only instance ends.
    await worker().beforeApplicationShutdown();
    await world.miniProgramLogin(await world.person());
    expect(await world.count('events WHERE outbox_at IS NOT NULL')).toBe(1);
    clock.advance(590);
    const { waiting, due, oldest } = await backlog('webhooks');
    expect({ waiting, due }).toEqual({ waiting: 2, due: 2 });
    expect(oldest).toBeGreaterThan(580);
    expect(oldest).toBeLessThan(640);
    clock.advance(600);
    expect((await backlog('webhooks')).oldest).toBeGreaterThan(oldest + 600);
  });

  test('the database is asked once in ten seconds, however often the metrics are read', async () => {
    const database = world.service().app.get(Database, { strict: false });
    const select = database.select.bind(database);
    let asked = 0;
    database.select = (sql, parameters) => {
      if (sql.includes('COUNT(')) asked++;
      return select(sql, parameters);
    };
    clock.advance(10);
    for (let n = 0; n < 5; n++) await read(world);
    // Pictures, the outbox, and one receiver.
    expect(asked).toBe(3);
  });
});

describe('the dashboard for Grafana', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('asks for nothing that /metrics does not have', async () => {
    await world.websiteLogin(await world.person());
    const { refreshToken } = await world.miniProgramLogin(await world.person());
    await world.refresh(refreshToken);
    const reading = await read(world);
    const queries = queriesOf(JSON.parse(readFileSync('deploy/grafana/dashboards/wechat-auth.json', 'utf8')));
    expect(queries.length).toBeGreaterThan(10);
    const unknown = queries.flatMap((query) => {
      const { names, labels } = wordsOf(query);
      expect({ query, names }).not.toEqual({ query, names: [] });
      const known = new Set([
        'job',
        'instance',
        ...names.flatMap((name) => [...(reading.labels(name) ?? [])]),
      ]);
      return [
        // `up` and the labels job and instance are Prometheus's own.
        ...names.filter((name) => name !== 'up' && reading.labels(name) === null),
        ...labels.filter((label) => !known.has(label)).map((label) => `${label} in ${query}`),
      ];
    });
    expect(unknown).toEqual([]);
  });

  test('shows each of our own metrics', async () => {
    const { text } = await read(world);
    const own = [...text.matchAll(/^# TYPE ((?:wechat_auth|http)_\w+) /gm)].map(([, name = '']) => name);
    const dashboard = readFileSync('deploy/grafana/dashboards/wechat-auth.json', 'utf8');
    expect(own.length).toBeGreaterThan(7);
    expect(own.filter((name) => !dashboard.includes(name))).toEqual([]);
  });
});

/** Every PromQL query of a dashboard, wherever it stands. */
function queriesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key === 'expr' && typeof inner === 'string' ? [inner] : queriesOf(inner),
  );
}

/** Names of metrics, and of labels, in a PromQL query. */
function wordsOf(query: string): { names: string[]; labels: string[] } {
  const braces = [...query.matchAll(/\{([^}]*)\}/g)].map(([, inside = '']) => inside);
  const groups = [...query.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].map(
    ([, list = '']) => list,
  );
  const labels = [
    ...braces.flatMap((inside) =>
      [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, name = '']) => name),
    ),
    ...groups.flatMap((list) => list.split(',').map((name) => name.trim())),
  ];
  const rest = query
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
    .replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  const words = [...rest.matchAll(/[A-Za-z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  const names = words.filter((word) => !['and', 'or', 'unless', 'bool', 'offset'].includes(word));
  return { names, labels: labels.filter((label) => label !== 'le' && label !== '') };
}

/** Sends bytes that need not be HTTP. @returns the answer of the service until it closes the connection */
function say(world: World, text: string): Promise<string> {
  const { hostname, port } = new URL(world.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** With any Host, which fetch would not send. */
function get(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const code = text.startsWith('{') ? (JSON.parse(text) as Problem).code : '';
        resolve({ status: response.statusCode ?? 0, code });
      });
    })
      .on('error', reject)
      .end();
  });
}

const FORBIDDEN = { status: 403, code: 'FORBIDDEN' };
const OPEN = { status: 200, code: '' };

describe('without METRICS_TOKEN, /metrics', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ HOST: '0.0.0.0', TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(() => world.stop());

  test('is open to this machine, in the text format of Prometheus, and not cacheable', async () => {
    const reply = await call(`${world.url}/metrics`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.text).toContain('# TYPE wechat_auth_logins_total counter');
  });

  test.each(['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.0.0.1:3000', '[::1]:3000'])(
    'is open under its own name: %s',
    async (host) => {
      expect(await get(`${world.url}/metrics`, { host })).toEqual(OPEN);
    },
  );

  test.each([
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-for', '203.0.113.7'],
    ['forwarded', 'for=127.0.0.1'],
    ['x-real-ip', '127.0.0.1'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-host', 'localhost'],
    ['via', '1.1 varnish'],
    ['host', 'auth.example.com'],
    ['host', '203.0.113.7:3000'],
    ['host', 'localhost.evil.com'],
  ])('is closed to what came through a proxy on this machine: %s: %s', async (name, value) => {
    expect(await get(`${world.url}/metrics`, { [name]: value })).toEqual(FORBIDDEN);
  });

  test('is closed to an nginx on this machine that sends no client address', async () => {
    const answer = await say(world, 'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  (outside === undefined ? test.skip : test)('is closed to other addresses', async () => {
    const url = new URL('/metrics', world.url);
    url.hostname = outside ?? '';
    expect(await get(url.href, {})).toEqual(FORBIDDEN);
    expect(await get(url.href, { host: 'localhost', 'x-forwarded-for': '127.0.0.1' })).toEqual(FORBIDDEN);
    expect(await get(url.href, { host: 'localhost' })).toEqual(FORBIDDEN);
  });
});

describe('with METRICS_TOKEN, /metrics', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ METRICS_TOKEN });
  });
  afterAll(() => world.stop());

  test('is open with the token, also behind a proxy', async () => {
    const authorization = `Bearer ${METRICS_TOKEN}`;
    expect(await get(`${world.url}/metrics`, { authorization })).toEqual(OPEN);
    const forwarded = { authorization, host: 'auth.example.com', 'x-forwarded-for': '203.0.113.7' };
    expect(await get(`${world.url}/metrics`, forwarded)).toEqual(OPEN);
  });

  test.each([
    ['none', {}],
    ['another one', { authorization: `Bearer ${METRICS_TOKEN}x` }],
    ['a shorter one', { authorization: `Bearer ${METRICS_TOKEN.slice(0, -1)}` }],
    ['none of it', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${METRICS_TOKEN}` }],
  ])('is closed to everybody else, this machine too: %s', async (_what, headers) => {
    const reply = await get(`${world.url}/metrics`, headers);
    expect(reply).toEqual({ status: 401, code: 'METRICS_TOKEN_INVALID' });
  });

  test('is closed to an access token and to an API key', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    expect((await call(`${world.url}/metrics`, { token: accessToken })).status).toBe(401);
    expect((await callWithKey(`${world.url}/metrics`, ADMIN_KEY)).status).toBe(401);
  });
});
