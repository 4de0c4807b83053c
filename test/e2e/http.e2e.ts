import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { type Problem, SHOP, type TokenReply, World } from '../harness/world.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const JSON_TYPE = { 'content-type': 'application/json' };

let world: World;
beforeAll(async () => {
  world = await World.start({ RETURN_URLS: `${SHOP},https://docs.example.com/app` });
});
afterAll(() => world.stop());

describe('every error', () => {
  const cases: readonly (readonly [string, string, CallOptions, number, string])[] = [
    ['no such path', '/nowhere', {}, 404, 'NOT_FOUND'],
    ['no such path below one that exists', '/v1/mini-program/login/x', { json: {} }, 404, 'NOT_FOUND'],
    ['a method that the path lacks', '/v1/mini-program/login', {}, 405, 'METHOD_NOT_ALLOWED'],
    ['another one', '/health/live', { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a method that no path has', '/v1/users/me', { method: 'PROPFIND' }, 405, 'METHOD_NOT_ALLOWED'],
    [
      'a body that is too large',
      '/v1/auth/refresh',
      { body: `"${'x'.repeat(17_000)}"`, headers: JSON_TYPE },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'more members than any route reads',
      '/v1/auth/refresh',
      { json: Object.fromEntries(Array.from({ length: 501 }, (_, index) => [index, 0])) },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'more elements',
      '/v1/auth/refresh',
      { json: { refreshToken: Array.from({ length: 501 }, () => 0) } },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a body that is not JSON',
      '/v1/auth/refresh',
      { body: '<a/>', headers: { 'content-type': 'application/xml' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['broken JSON', '/v1/auth/refresh', { body: '{"a"', headers: JSON_TYPE }, 400, 'MALFORMED_JSON'],
    [
      'arrays in arrays without end',
      '/v1/auth/refresh',
      { body: `{"refreshToken":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, headers: JSON_TYPE },
      400,
      'MALFORMED_JSON',
    ],
    [
      'nested objects under an unexpected key',
      '/v1/mini-program/login',
      { body: `{"code":"x","more":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`, headers: JSON_TYPE },
      400,
      'MALFORMED_JSON',
    ],
    [
      'a field that is not valid',
      '/v1/auth/refresh',
      { json: { refreshToken: 7 } },
      400,
      'VALIDATION_FAILED',
    ],
    ['an address that cannot be decoded', '/%E0%A4%A', {}, 400, 'BAD_REQUEST'],
    ['one below a route', '/v1/users/me/%E0%A4%A', {}, 400, 'BAD_REQUEST'],
    ['no token', '/v1/users/me', {}, 401, 'TOKEN_MISSING'],
    ['a parameter that is given twice', '/v1/users/me?code=a&code=b', {}, 400, 'VALIDATION_FAILED'],
    ['51 parameters', `/v1/users/me?${'a=1&'.repeat(50)}b=2`, {}, 400, 'VALIDATION_FAILED'],
  ];

  test.each(cases)('is a problem document: %s', async (_what, path, options, status, code) => {
    const reply = await call<Problem>(world.url + path, options);
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toStrictEqual({
      type: `urn:wechat-auth:error:${code}`,
      title: expect.stringMatching(/\w/),
      status,
      code,
      detail: expect.stringMatching(/\w/),
      requestId: expect.stringMatching(UUID),
      ...(code === 'VALIDATION_FAILED' && {
        errors: expect.arrayContaining([
          { field: expect.any(String), message: expect.stringMatching(/must be (a string|given once)/) },
        ]),
      }),
    });
    expect(reply.headers.get('x-request-id')).toBe(reply.body.requestId);
  });

  test('of a method names those that the path has', async () => {
    const allowed = async (path: string, method: string): Promise<string | null> =>
      (await call(world.url + path, { method })).headers.get('allow');
    expect(await allowed('/v1/mini-program/login', 'GET')).toBe('POST');
    expect(await allowed('/v1/mini-program/login?code=x', 'DELETE')).toBe('POST');
    expect(await allowed('/health/live', 'POST')).toBe('GET, HEAD');
    expect(await allowed('/nowhere', 'POST')).toBeNull();
  });

  test('in the framing of a request is answered before the connection is closed', async () => {
    const { hostname, port } = new URL(world.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n'),
      );
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });
});

describe('a request that arrives slowly', () => {
  /** Sends a text. @returns what the service answers until it closes the connection */
  function answerTo(text: string): Promise<string> {
    const { hostname, port } = new URL(world.url);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  test('has 10 s for its header and 30 s in all, and gets an error when they are over', async () => {
    const server = world.service().app.getHttpServer();
    const { headersTimeout, requestTimeout, maxConnections } = server;
    expect({ headersTimeout, requestTimeout }).toEqual({ headersTimeout: 10_000, requestTimeout: 30_000 });
    expect(maxConnections).toBeLessThanOrEqual(20_000);
    // The test does not wait for that.
    Object.assign(server, { headersTimeout: 100, requestTimeout: 200 });
    try {
      const head = 'POST /v1/auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
      const answers = await Promise.all([
        answerTo(head),
        answerTo(`${head}Content-Length: 100\r\n\r\n{"refr`),
      ]);
      for (const answer of answers) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
        expect(answer).toContain('Connection: close');
        expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
          status: 408,
          code: 'REQUEST_TIMEOUT',
        });
      }
    } finally {
      Object.assign(server, { headersTimeout, requestTimeout });
    }
  });

  test('and one with more than 16 kB of header fields gets an error that says so', async () => {
    const answer = await answerTo(
      `GET /health/live HTTP/1.1\r\nHost: a\r\nCookie: ${'x'.repeat(17_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'HEADERS_TOO_LARGE' });
  });
});

test('a visitor of the root page is redirected to the login page', async () => {
  const reply = await call(`${world.url}/`);
  expect([reply.status, reply.headers.get('location')]).toEqual([302, `${world.url}/login`]);
});

test('a flood that meets no route has 300 lines in the log, and does not hide other requests', async () => {
  const strays = (): number => world.log().match(/"route":null/g)?.length ?? 0;
  const ask = (path: string): Promise<Reply> => call(`${world.url}${path}`);
  await Promise.all(Array.from({ length: 310 }, () => ask('/nowhere')));
  expect(strays()).toBeLessThanOrEqual(300);
  expect(world.log().match(/many requests meet no route/g)).toHaveLength(1);
  await Promise.all(Array.from({ length: 310 }, () => ask('/docs/nowhere')));
  expect(strays() + (world.log().match(/"route":"\/docs\/\*"/g)?.length ?? 0)).toBeLessThanOrEqual(300);
  const { headers } = await ask('/health/live');
  expect(world.log()).toContain(`"requestId":"${headers.get('x-request-id') ?? ''}"`);
});

describe('the id of a request', () => {
  test.each(['abc', 'a'.repeat(64), '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52', 'A.b_c-9'])(
    'is taken from the client where it is well-formed: %s',
    async (id) => {
      const reply = await call<Problem>(`${world.url}/v1/users/me`, { headers: { 'x-request-id': id } });
      expect(reply.headers.get('x-request-id')).toBe(id);
      expect(reply.body.requestId).toBe(id);
      expect(world.log()).toContain(`"requestId":"${id}"`);
    },
  );

  test.each(['a b', 'a'.repeat(65), '<script>', 'a,b', '"', '%0a', '{"a":1}'])(
    'is replaced where it is not: %s',
    async (id) => {
      const reply = await call<Problem>(`${world.url}/v1/users/me`, { headers: { 'x-request-id': id } });
      expect(reply.headers.get('x-request-id')).toMatch(UUID);
      expect(reply.body.requestId).toBe(reply.headers.get('x-request-id'));
    },
  );

  test('is in the log with method, route and status, and in the events', async () => {
    const code = await world.wxLogin(await world.person());
    await call(`${world.url}/v1/mini-program/login`, {
      json: { code },
      headers: { 'x-request-id': 'find-me-again' },
    });
    const lines = world
      .log()
      .split('\n')
      .filter((line) => line.includes('find-me-again'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({
        requestId: 'find-me-again',
        method: 'POST',
        route: '/v1/mini-program/login',
        status: 200,
      }),
    );
    expect(await world.count(`events WHERE request_id = 'find-me-again' AND type = 'login.succeeded'`)).toBe(
      1,
    );
  });
});

describe('a health check', () => {
  test.each(['live', 'ready'])('%s is open to everybody and never cached', async (name) => {
    const reply = await call(`${world.url}/health/${name}`);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ status: 'ok' });
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });
});

describe('the header fields of every reply', () => {
  const SECURITY = {
    'content-security-policy': expect.stringMatching(/^default-src 'self';.*frame-ancestors 'self'/),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-download-options': 'noopen',
    'x-frame-options': 'SAMEORIGIN',
    'x-permitted-cross-domain-policies': 'none',
    'x-xss-protection': '0',
    vary: 'Origin',
  };
  const CORS = {
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'X-Request-Id, Retry-After, RateLimit-Policy, RateLimit',
  };
  const fieldsOf = async (path: string, options?: CallOptions): Promise<Record<string, string>> =>
    Object.fromEntries((await call(world.url + path, options)).headers);

  test.each<[string, string, CallOptions]>([
    ['a route', '/health/live', {}],
    ['a route that answers anything', '/v1/auth/verify', {}],
    ['an error', '/v1/auth/refresh', { json: { refreshToken: 7 } }],
    ['a path without a route', '/nowhere', {}],
    ['a URL that cannot be decoded', '/%E0%A4%A', {}],
    ['a redirect', '/', {}],
    ['HEAD', '/health/live', { method: 'HEAD' }],
  ])('are those of security and CORS: %s', async (_what, path, options) => {
    expect(await fieldsOf(path, options)).toMatchObject({ ...SECURITY, ...CORS });
  });

  test('are those of security and CORS: a preflight', async () => {
    const headers = { origin: SHOP, 'access-control-request-method': 'POST' };
    const fields = await fieldsOf('/v1/web-qr-login/token', { method: 'OPTIONS', headers });
    expect(fields).toMatchObject({ ...SECURITY, ...CORS, vary: expect.stringMatching(/^Origin\b/) });
  });

  test('are each sent once', async () => {
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname, () =>
      socket.write('GET /login HTTP/1.1\r\nHost: a\r\nOrigin: a\r\nConnection: close\r\n\r\n'),
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const names = [...(text.split('\r\n\r\n')[0] ?? '').matchAll(/^([\w-]+):/gm)].map(([, name]) =>
      name?.toLowerCase(),
    );
    expect(names).toContain('content-security-policy');
    expect(names).toHaveLength(new Set(names).size);
  });

  test('are those of a page where it has its own', async () => {
    expect(await fieldsOf('/login')).toMatchObject({
      ...SECURITY,
      'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
      'x-frame-options': 'DENY',
    });
  });

  test('leave CORS to a protocol that decides on it itself', async () => {
    const fields = await fieldsOf('/oidc/token', { method: 'POST' });
    expect(fields).toMatchObject(SECURITY);
    expect(fields).not.toHaveProperty('access-control-allow-credentials');
  });
});

describe('browsers of other sites', () => {
  const path = '/v1/web-qr-login/token';
  const preflight = (origin: string): Promise<Reply> =>
    call(world.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization',
      },
    });

  test.each([SHOP, 'https://docs.example.com'])('may call from %s, with cookies', async (origin) => {
    const asked = await preflight(origin);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization');
    const reply = await call(world.url + path, { json: {}, headers: { origin } });
    for (const { headers } of [asked, reply]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('vary')?.toLowerCase()).toContain('origin');
    }
    expect(reply.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
  });

  test('may change and delete as well as post', async () => {
    const methods = (await preflight(SHOP)).headers.get('access-control-allow-methods')?.split(', ');
    expect(methods).toEqual(expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']));
  });

  test.each<Record<string, string>>([{}, { origin: SHOP }, { 'access-control-request-method': 'POST' }])(
    'get the answer of a preflight to an OPTIONS that is none: %p',
    async (headers) => {
      const reply = await call(world.url + path, { method: 'OPTIONS', headers });
      expect({ status: reply.status, text: reply.text }).toEqual({ status: 204, text: '' });
      expect(reply.headers.get('content-type')).toBeNull();
    },
  );

  test.each([
    'https://evil.com',
    'http://shop.example.com',
    'https://shop.example.com.evil.com',
    'https://shop.example.com:8443',
    'https://sub.shop.example.com',
    'null',
  ])('may not from %s', async (origin) => {
    for (const reply of [
      await preflight(origin),
      await call(world.url + path, { json: {}, headers: { origin } }),
    ]) {
      expect(reply.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('the log of all that', () => {
  test('holds no code, state, token or secret', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    const { body: tokens } = await world.loginWith(code);
    const { body: refreshed } = await world.refresh(tokens.refreshToken);
    const browser = new Browser();
    const qrPage = await world.authorize(browser);
    const callback = await world.scanAndAllow(qrPage, person);
    const location = new URL((await browser.visit(callback.href)).headers.get('location') ?? '');
    const loginCode = location.searchParams.get('loginCode') ?? '';
    const { body: website } = await world.redeem(browser, loginCode);
    await call(`${world.url}/nowhere?access_token=${tokens.accessToken}&code=${code}`, {
      token: tokens.accessToken,
    });
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: refreshed.refreshToken } });
    const ofTokens = (each: TokenReply): string[] => [
      each.refreshToken.split('.')[2] ?? '',
      each.accessToken.split('.')[2] ?? '',
    ];
    const secrets = [
      code,
      callback.searchParams.get('code') ?? '',
      callback.searchParams.get('state') ?? '',
      loginCode,
      '5a4db0c0de0000000000000000000001',
      '5a4db0c0de0000000000000000000002',
      Buffer.alloc(32, 7).toString('base64'),
      ...[tokens, refreshed, website].flatMap(ofTokens),
    ];
    const log = world.log();
    expect(log).toContain('/v1/web-qr-login/callback');
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(log).not.toContain(secret);
    }
  });
});
