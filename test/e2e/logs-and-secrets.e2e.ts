import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { type Route, RouteTable } from '../../src/http/route-table.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type Problem, SHOP, type TokenReply, World } from '../harness/world.js';
import { Wiretap } from '../harness/wiretap.js';

const hex = (): string => randomBytes(16).toString('hex');
const SETTINGS = {
  ADMIN_API_KEYS: `alice:adminKey${hex()}`,
  SERVICE_API_KEYS: `orders:serviceKey${hex()}`,
  METRICS_TOKEN: `metricsToken${hex()}`,
  ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  // Nothing listens there: the failures are logged.
  WEBHOOK_URLS: `http://127.0.0.1:9/webhookPath${hex()}?key=webhookQuery${hex()}`,
  WECHAT_PUSH_TOKEN: `pushToken${hex().slice(0, 16)}`,
  WECHAT_PUSH_AES_KEY: (hex() + hex()).slice(0, 43),
  WECHAT_PUSH_FORWARD: `wx5a4db0c0de000001=http://127.0.0.1:9/relayPath${hex()}?key=relayQuery${hex()}`,
  WECHAT_PUSH_APPS: `wx5a4db0c0de0000ff:pushAppToken${hex().slice(0, 16)}:${(hex() + hex()).slice(0, 43)}`,
};
const ADMIN_KEY = SETTINGS.ADMIN_API_KEYS.split(':')[1] ?? '';
const SERVICE_KEY = SETTINGS.SERVICE_API_KEYS.split(':')[1] ?? '';
const PHONE = '13712345671';

/** Fields of requests and replies, ours and WeChat's, that contain secrets. */
const SECRET_FIELDS =
  /^(code|js_code|state|secret|ticket|consent|token|loginCode|codeVerifier|accessToken|refreshToken|access_token|refresh_token|session_key|signature|rawData|encryptedData|iv|phoneNumber|purePhoneNumber|qrImageUrl|echostr)$/;

/** All secrets, by kind. */
class Secrets {
  readonly byValue = new Map<string, string>();

  /** @returns the value */
  keep(what: string, value: string): string {
    this.byValue.set(value, what);
    // Of a token also its signature or mac.
    if (/token/i.test(what) && value.includes('.')) this.byValue.set(value.split('.').at(-1) ?? '', what);
    return value;
  }

  /** A secret that means nothing to the service. */
  nonsense(where: string): string {
    return this.keep(where, `nonsense${hex()}`);
  }

  /** Collects the values of the secret fields of any object. */
  learn = (what: unknown): void => {
    if (typeof what !== 'object' || what === null) return;
    for (const [field, value] of Object.entries(what) as [string, unknown][]) {
      this.learn(value);
      const isSecret = SECRET_FIELDS.test(field) && typeof value === 'string' && value.length >= 8;
      // The code of a problem is called code, too, and what became of a push of the sandbox its state.
      if (isSecret && !/^(?:[A-Z_]+|delivered)$/.test(value)) this.keep(field, value);
    }
  };

  /** Collects the secrets of a reply: body, Location and cookies. */
  learnReply<Body>(reply: Reply<Body>): Reply<Body> {
    this.learn(reply.body);
    const location = reply.headers.get('location');
    if (location !== null) this.learn(Object.fromEntries(new URL(location, SHOP).searchParams));
    for (const cookie of reply.headers.getSetCookie())
      this.keep('cookie', /=([^;]*)/.exec(cookie)?.[1] ?? cookie);
    return reply;
  }

  /** The secrets that a text contains, as they are or encoded for a URL or JSON. */
  foundIn(text: string): string[] {
    const found = [...this.byValue].filter(([value]) =>
      [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)].some((form) =>
        text.includes(form),
      ),
    );
    return found.map(([value, what]) => `${what}: ${value}`);
  }
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly requestId?: string;
  readonly [field: string]: unknown;
}

describe('the log', () => {
  const secrets = new Secrets();
  let tap: Wiretap;
  let world: World;
  beforeAll(async () => {
    tap = await Wiretap.listen(secrets.learn);
    world = await World.start({ ...SETTINGS, LOG_LEVEL: 'trace', WECHAT_API_URL: tap.url });
    tap.passTo(world.sandbox.url);
    await world.control('settings', { sessionKeyMinIntervalSeconds: 0 });
    for (const [name, value] of Object.entries(SETTINGS)) secrets.keep(name, value);
    for (const key of [ADMIN_KEY, SERVICE_KEY]) secrets.keep('API key', key);
    for (const part of SETTINGS.WECHAT_PUSH_APPS.split(':').slice(1)) secrets.keep('pair of an app', part);
    for (const url of [SETTINGS.WEBHOOK_URLS, SETTINGS.WECHAT_PUSH_FORWARD.replace(/^\w+=/, '')].map(
      (address) => new URL(address),
    )) {
      secrets.keep('path of a receiver', url.pathname.slice(1));
      secrets.keep('query of a receiver', url.searchParams.get('key') ?? '');
    }
    for (const last of ['1', '2', '3']) secrets.keep('AppSecret', `5a4db0c0de000000000000000000000${last}`);
    secrets.keep('phone number', PHONE);
  });
  afterAll(async () => {
    await world.stop();
    await tap.stop();
  });

  const lines = (): Line[] =>
    world
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const lineOf = (requestId: string): Line | undefined =>
    lines().find((line) => line.requestId === requestId && 'route' in line);

  /** The line of a request that has just been answered. */
  const lineFor = (reply: Reply<unknown>): Line | undefined =>
    lineOf(reply.headers.get('x-request-id') ?? '');

  const ask = async <Body = Problem>(path: string, options: CallOptions = {}): Promise<Reply<Body>> =>
    secrets.learnReply(await call<Body>(world.url + path, options));

  const login = async (person: Person): Promise<TokenReply> => {
    const tokens = await world.miniProgramLogin(person);
    secrets.learn(tokens);
    return tokens;
  };

  /** Fields of every request body, as a caller with all permissions would send them. */
  async function fullBody(person: Person, tokens: TokenReply): Promise<Record<string, unknown>> {
    const [code, data] = await Promise.all([
      world.wxLogin(person),
      world.control('open-data', { person: person.id, appId: MINI_PROGRAM, kind: 'userInfo' }),
    ]);
    const body = {
      ...data,
      code,
      method: 'mini-program',
      refreshToken: tokens.refreshToken,
      loginCode: secrets.nonsense('loginCode'),
      codeVerifier: secrets.nonsense('codeVerifier').padEnd(43, '0'),
      returnTo: `${SHOP}/welcome?kept=${secrets.nonsense('query of returnTo')}`,
      nickname: secrets.nonsense('nickname'),
      token: tokens.accessToken,
    };
    secrets.learn(body);
    return body;
  }

  function nonsensePath({ path }: Route): string {
    const filled = path.replace(/:(\w+)/g, (_, name: string) => secrets.nonsense(`:${name} of ${path}`));
    const query = ['code', 'state', 'ticket', 'loginCode', 'access_token', 'signature', 'returnTo', 'q'];
    const pairs = query.map((name) => [name, secrets.nonsense(`${name} of ${path}`)]);
    return `${filled}?${new URLSearchParams(pairs).toString()}`;
  }

  /** Without its query, where the route is strict about it. */
  const barePath = (route: Route): string => nonsensePath(route).split('?', 1)[0] ?? '';

  async function visitAsEverybody(route: Route): Promise<void> {
    const person = await world.person({ phoneNumber: PHONE });
    const tokens = await login(person);
    const { method } = route;
    const takesBody = !['GET', 'HEAD'].includes(method);
    const mayAll = { 'x-api-key': ADMIN_KEY };
    for (const path of [nonsensePath(route), barePath(route)]) {
      const body = takesBody ? { json: await fullBody(person, tokens) } : {};
      await ask(path, { method, token: tokens.accessToken, headers: mayAll, patience: 10, ...body });
    }
    const nobody = {
      authorization: `Bearer ${secrets.nonsense('token')}`,
      'x-api-key': secrets.nonsense('API key'),
      'x-attempt-secret': secrets.nonsense('secret of an attempt'),
      cookie: `browser=${secrets.nonsense('cookie')}`,
      'content-type': 'application/json',
    };
    const broken = takesBody ? { body: `{"code":"${secrets.nonsense('code in broken JSON')}` } : {};
    await ask(nonsensePath(route), { method, headers: nobody, patience: 10, ...broken });
  }

  test('has a log line for every route, whatever the request', async () => {
    // fetch has no TRACE.
    const all = world.service().app.get(RouteTable).all();
    const routes = all.filter(({ method }) => method !== 'TRACE');
    expect(routes.length).toBeGreaterThan(60);
    for (const route of routes) await visitAsEverybody(route);
    const seen = new Set(lines().map(({ method, route }) => `${String(method)} ${String(route)}`));
    const name = ({ method, path }: Route): string => `${method} ${path}`;
    expect(routes.map(name).filter((route) => !seen.has(route))).toEqual([]);
  }, 120_000);

  test('has lines of logins at every door', async () => {
    const person = await world.person({ phoneNumber: PHONE });
    const { accessToken, refreshToken } = await login(person);
    const refreshed = await world.refresh(refreshToken);
    secrets.learn(refreshed.body);
    const data = await world.control('open-data', { person: person.id, kind: 'userInfo' });
    secrets.learn(data);
    const ofKey = [
      await ask('/v1/mini-program/profile', { method: 'PUT', token: accessToken, json: data }),
      await ask('/v1/mini-program/open-data', { token: accessToken, json: data }),
      await ask('/v1/mini-program/session-key/check', { method: 'POST', token: accessToken }),
      await ask('/v1/mini-program/session-key/reset', { method: 'POST', token: accessToken }),
    ];
    expect(ofKey.map(({ status }) => status)).toEqual([200, 200, 200, 204]);
    const phoneCode = await world.control<{ code: string }>('phone-code', { person: person.id });
    secrets.learn(phoneCode);
    const phone = await ask('/v1/mini-program/phone-number', { token: accessToken, json: phoneCode });
    expect(phone.text).toContain(PHONE);
    const other = await world.person({ phoneNumber: PHONE });
    const { accessToken: ofOther } = await login(other);
    const sameNumber = await world.control<{ code: string }>('phone-code', { person: other.id });
    secrets.learn(sameNumber);
    const taken = await ask('/v1/mini-program/phone-number', { token: ofOther, json: sameNumber });
    expect(taken.body.code).toBe('PHONE_NUMBER_TAKEN');

    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser), person);
    secrets.learn(Object.fromEntries(callback.searchParams));
    const landed = secrets.learnReply(await browser.visit(callback.href));
    const website = await world.redeem(browser, locationOf(landed).searchParams.get('loginCode'));
    secrets.learnReply(website);
    expect(website.status).toBe(200);

    const attempt = await world.attempt(browser);
    secrets.learn(attempt);
    const ticket = secrets.keep('ticket of a scan', await world.ticketOf(attempt));
    await world.scan(accessToken, ticket);
    const code = secrets.keep('code', await world.wxLogin(person));
    expect((await world.scan(accessToken, ticket, 'confirm', { code })).status).toBe(200);
    const status = secrets.learnReply(await world.status(browser, attempt.id));
    const scanned = await world.redeem(browser, status.body.loginCode ?? '');
    secrets.learnReply(scanned);
    expect(scanned.status).toBe(200);

    const codeVerifier = secrets.keep('codeVerifier', randomBytes(32).toString('base64url'));
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const returnTo = `${SHOP}/welcome`;
    const json = { code: secrets.keep('code', await world.wxLogin(person)), returnTo };
    const webView = await ask<{ ticket: string }>('/v1/mini-program/web-view-tickets', {
      token: accessToken,
      json,
    });
    const query = new URLSearchParams({ ticket: webView.body.ticket, returnTo, codeChallenge });
    const opened = await ask(`/v1/web-qr-login/authorize?${query.toString()}`);
    const loginCode = locationOf(opened).searchParams.get('loginCode');
    const inWebView = await ask('/v1/web-qr-login/token', { json: { loginCode, codeVerifier } });
    expect(inWebView.status).toBe(200);
  });

  test('has lines of other programs, of pictures and of WeChat itself', async () => {
    const person = await world.person();
    const { accessToken, refreshToken } = await login(person);
    const form = async (path: string, token: string) =>
      ask(path, {
        body: new URLSearchParams({ token }).toString(),
        headers: { 'x-api-key': SERVICE_KEY, 'content-type': 'application/x-www-form-urlencoded' },
      });
    for (const token of [accessToken, refreshToken, secrets.nonsense('token')])
      expect((await form('/v1/auth/introspect', token)).status).toBe(200);
    const appToken = await ask(`/v1/wechat/access-tokens/${MINI_PROGRAM}`, {
      headers: { 'x-api-key': SERVICE_KEY },
    });
    expect(appToken.status).toBe(200);
    const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const upload = new FormData();
    upload.set(
      'file',
      new Blob([new Uint8Array(bytes)], { type: 'image/png' }),
      secrets.nonsense('file name'),
    );
    const picture = await fetch(`${world.url}/v1/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}` },
      body: upload,
    });
    expect(picture.status).toBe(200);
    secrets.learn(
      await world.control('push', {
        appId: MINI_PROGRAM,
        token: SETTINGS.WECHAT_PUSH_TOKEN,
        aesKey: SETTINGS.WECHAT_PUSH_AES_KEY,
        mode: 'safe',
        person: person.id,
        event: 'user_info_modified',
      }),
    );
    expect((await form('/v1/auth/revoke', refreshToken)).status).toBe(200);
  });

  test('says of a request whose it was, by which app it came and how it ended, under its id', async () => {
    const tokens = await login(await world.person());
    const line = lineFor(await ask('/v1/users/me', { token: tokens.accessToken }));
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'info',
      requestId: expect.any(String),
      method: 'GET',
      route: '/v1/users/me',
      status: 200,
      ms: expect.any(Number),
      userId: tokens.user.id,
      appId: MINI_PROGRAM,
    });
  });

  test('names the user of a login, and the cause of a failed one', async () => {
    const person = await world.person();
    const code = secrets.keep('code', await world.wxLogin(person));
    const reply = await world.loginWith(code);
    expect(lineFor(reply)).toMatchObject({ userId: reply.body.user.id, appId: MINI_PROGRAM, status: 200 });
    const again = await world.loginWith(code);
    expect(lineFor(again)).toMatchObject({ status: 401, code: 'WECHAT_CODE_USED' });
    expect(lineFor(again)).not.toHaveProperty('userId');
    const callback = await ask(`/v1/web-qr-login/callback?code=x&state=${secrets.nonsense('state')}`);
    expect(lineFor(callback)).toMatchObject({
      route: '/v1/web-qr-login/callback',
      code: 'STATE_INVALID',
    });
  });

  test('logs of an undecodable URL no more than that', async () => {
    const reply = await ask(`/v1/users/me/%E0%A4%A?code=${secrets.nonsense('code')}`);
    expect(lineFor(reply)).toMatchObject({
      level: 'info',
      method: 'GET',
      route: null,
      status: 400,
      code: 'BAD_REQUEST',
    });
  });

  test('logs of invalid HTTP only what is wrong with it', async () => {
    const secret = secrets.nonsense('header');
    const answer = await say(`GET /?code=${secret} HTTP/1.1\r\nno colon ${secret}\r\n\r\n`);
    const { requestId } = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as Problem;
    expect(lineOf(requestId)).toMatchObject({
      method: null,
      route: null,
      status: 400,
      code: 'BAD_REQUEST',
      fault: expect.stringMatching(/^HPE_/),
    });
  });

  test('has a line for a client that left: in the middle of its request, or before the answer', async () => {
    const leaving = async (text: string, requestId: string): Promise<Line> => {
      const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
      await new Promise<void>((resolve) => socket.write(text, () => resolve()));
      // Until the request has arrived: an instance answers in turn.
      await ask('/health/live');
      socket.destroy();
      for (;;) {
        const line = lineOf(requestId);
        if (line) return line;
        await ask('/health/live');
      }
    };
    const head = (requestId: string, length: number): string =>
      `POST /v1/mini-program/login HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${requestId}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const gone = { route: '/v1/mini-program/login', status: null, aborted: true };
    const half = `{"code":"${secrets.nonsense('code in half a body')}`;
    expect(await leaving(head('left-in-the-middle', 500) + half, 'left-in-the-middle')).toMatchObject(gone);
    await world.fault('/sns/jscode2session', { delayMs: 1_000 });
    const body = JSON.stringify({ code: secrets.keep('code', await world.wxLogin(await world.person())) });
    expect(await leaving(head('left-early', body.length) + body, 'left-early')).toMatchObject(gone);
  });

  function say(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(world.url).port), '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.on('end', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  test('is JSON, line by line, each with its time and level', () => {
    const faulty = lines().filter(
      ({ time, level }) => Number.isNaN(Date.parse(time)) || !/^[a-z]+$/.test(level),
    );
    expect(lines().length).toBeGreaterThan(300);
    expect(faulty).toEqual([]);
  });

  test('holds nothing secret of all that, nor do the metrics', async () => {
    const metrics = await call(`${world.url}/metrics`, { token: SETTINGS.METRICS_TOKEN });
    expect(metrics.status).toBe(200);
    const kinds = new Set(secrets.byValue.values());
    const expected = [
      'session_key',
      'access_token',
      'refresh_token',
      'js_code',
      'state',
      'loginCode',
      'ticket',
    ];
    expect([...expected, 'refreshToken', 'accessToken', 'cookie'].filter((kind) => !kinds.has(kind))).toEqual(
      [],
    );
    const log = world.log();
    expect(log).toContain('sns/jscode2session');
    expect(secrets.foundIn(log)).toEqual([]);
    expect(secrets.foundIn(metrics.text)).toEqual([]);
    for (const text of [log, metrics.text]) expect(text).not.toMatch(/PRIVATE KEY|Bearer|whsec_/);
  });
});
