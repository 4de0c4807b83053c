import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { type Problem, World } from '../harness/world.js';

interface Operation {
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly content?: object } | undefined>>;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Public routes. A route that is not in this list needs a token or a key. */
const PUBLIC = [
  '/v1/mini-program/login',
  '/v1/web-qr-login/authorize',
  '/v1/web-qr-login/attempts',
  '/v1/web-qr-login/attempts/{id}',
  '/v1/web-qr-login/attempts/{id}/events',
  '/v1/web-qr-login/qr-codes/{key}',
  '/v1/web-qr-login/callback',
  '/v1/web-qr-login/framed-callbacks',
  '/v1/web-qr-login/token',
  '/v1/auth/refresh',
  '/v1/wechat/events/{appId}',
  '/v1/wechat/js-sdk-config',
  '/',
  '/login',
  '/login/session',
  '/login/continue',
  '/login/forget',
  '/account',
  '/account/withdrawals',
  '/account/logout',
  '/oidc/.well-known/openid-configuration',
  '/oidc/jwks',
  '/oidc/auth',
  '/oidc/auth/{uid}',
  '/oidc/interaction/{uid}',
  '/oidc/token',
  '/oidc/userinfo',
  '/oidc/par',
  '/oidc/introspect',
  '/oidc/revoke',
  '/oidc/logout',
  '/oidc/logout/confirm',
  '/oidc/logout/success',
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/avatars/{key}',
  '/health/live',
  '/health/ready',
  '/metrics',
];

describe('the routes of the OpenAPI document', () => {
  let world: World;
  let routes: Route[];
  beforeAll(async () => {
    world = await World.start();
    const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>(
      `${world.url}/docs/json`,
    );
    routes = Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        operation,
      })),
    );
  });
  afterAll(() => world.stop());

  function visit(
    { method, path }: Route,
    options: { token?: string; body?: string } = {},
  ): Promise<Reply<Problem>> {
    const url = world.url + path.replace(/\{\w+\}/g, '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52');
    const withBody = options.body !== undefined && !['GET', 'HEAD'].includes(method);
    return call(url, {
      method,
      patience: 10,
      ...(withBody && { body: options.body, headers: { 'content-type': 'application/json' } }),
      ...(options.token !== undefined && { token: options.token }),
    });
  }

  const name = ({ method, path }: Route): string => `${method} ${path}`;
  const isClosed = ({ operation }: Route): boolean => (operation.security ?? []).length > 0;

  test('are there', () => {
    expect(routes.map(name)).toEqual(
      expect.arrayContaining([
        'POST /v1/mini-program/login',
        'GET /v1/web-qr-login/callback',
        'GET /v1/users/me',
      ]),
    );
  });

  test('that are not meant to be public all answer 401 without a token, and say so in the document', async () => {
    const closed = routes.filter(isClosed);
    expect(closed.length).toBeGreaterThan(4);
    const answers = await Promise.all(
      closed.map(async (route) => `${name(route)} ${(await visit(route, { body: '{}' })).status}`),
    );
    expect(answers).toEqual(closed.map((route) => `${name(route)} 401`));
    expect(closed.filter(({ operation }) => !('401' in operation.responses)).map(name)).toEqual([]);
  });

  test('that are open are those that are meant to be', async () => {
    const open = routes.filter((route) => !isClosed(route));
    expect(open.map(({ path }) => path).filter((path) => !PUBLIC.includes(path))).toEqual([]);
    for (const route of open.filter(({ path }) => !path.endsWith('/events'))) {
      const reply = await visit(route);
      expect({ route: name(route), code: reply.body.code }).not.toMatchObject({ code: 'TOKEN_MISSING' });
    }
  });

  test('answer an address or a body that cannot be read as the document says', async () => {
    const long = 'x'.repeat(300);
    const ask = async ({ method, path }: Route, headers: Record<string, string>, body?: string) => {
      const url = world.url + path.replace(/\{\w+\}/g, body === undefined ? long : 'x');
      const { status } = await call(url, { method, headers, ...(body === undefined ? {} : { body }) });
      return status;
    };
    const undocumented: string[] = [];
    const expectDocumented = (route: Route, status: number, expected: number): void => {
      expect({ route: name(route), status }).toEqual({ route: name(route), status: expected });
      if (!(expected in route.operation.responses)) undocumented.push(`${name(route)} ${expected}`);
    };
    for (const route of routes.filter(({ path }) => path.includes('{')))
      expectDocumented(route, await ask(route, {}), 414);
    for (const route of routes.filter(({ method }) => method !== 'GET')) {
      expectDocumented(route, await ask(route, { 'content-type': 'image/bmp' }, 'BM'), 415);
      if (route.operation.requestBody) continue;
      const json = { 'content-type': 'application/json' };
      expectDocumented(route, await ask(route, json, `"${'x'.repeat(300_000)}"`), 413);
      expectDocumented(route, await ask(route, json, '{'), 400);
    }
    expect(undocumented).toEqual([]);
  });

  test('of OpenID Connect answer errors in a form that the document names', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const form = { method: 'POST', headers, body: 'client_id=unknown&client_secret=x&token=x' };
    const asked: [path: string, query: string, status: number, options: CallOptions][] = [
      ['/oidc/token', '', 401, form],
      ['/oidc/par', '', 401, form],
      ['/oidc/introspect', '', 401, form],
      ['/oidc/revoke', '', 401, form],
      ['/oidc/token', '', 400, { ...form, body: 'a=b' }],
      ['/oidc/token', '', 401, { ...form, headers: { ...headers, 'x-api-key': 'wrong' } }],
      ['/oidc/userinfo', '', 401, { token: 'x' }],
      ['/oidc/auth', '', 400, {}],
      ['/oidc/logout', '?id_token_hint=x', 400, {}],
    ];
    for (const [path, query, status, options] of asked) {
      const { method = 'GET' } = options;
      const route = routes.find((each) => name(each) === `${method} ${path}`);
      const reply = await call(world.url + path + query, options);
      const [type] = (reply.headers.get('content-type') ?? '').split(';');
      const documented = Object.keys(route?.operation.responses[String(status)]?.content ?? {});
      expect({ path, status: reply.status, documented }).toEqual({
        path,
        status,
        documented: expect.arrayContaining([type, 'application/problem+json']),
      });
    }
  });

  test('that take a body survive any', async () => {
    // Those that end the session come last.
    const ending = (route: Route): number => Number(route.path.endsWith('/logout'));
    const taking = routes
      .filter(({ operation }) => operation.requestBody !== undefined)
      .sort((one, other) => ending(one) - ending(other));
    expect(taking.length).toBeGreaterThan(3);
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    for (const body of [
      'null',
      '[]',
      '[[]]',
      '7',
      '"x"',
      '{}',
      '{"a":{"b":[null]}}',
      '{',
      '',
      '\u0000',
      deep,
    ]) {
      const { accessToken } = await world.miniProgramLogin(await world.person());
      for (const route of taking) {
        const { status } = await visit(route, { token: accessToken, body });
        const shown = body.slice(0, 20);
        expect({ route: name(route), shown, ok: status < 500 }).toEqual({
          route: name(route),
          shown,
          ok: true,
        });
      }
    }
  });
});
