import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Route, RouteTable } from '../../src/http/route-table.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { type Problem, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

const ID = '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52';
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const KB = 1024;

/** Routes that accept more than 16 kB, and how much. Pictures are streamed after authentication. */
const LARGER: Readonly<Record<string, number>> = {
  'PUT /v1/mini-program/profile': 128 * KB,
  'POST /v1/mini-program/phone-number': 128 * KB,
  'POST /v1/mini-program/open-data': 128 * KB,
  'POST /v1/wechat/events/:appId': 64 * KB,
  'POST /v1/wechat/signatures': 256 * KB,
  'POST /v1/admin/partners': 128 * KB,
  'PATCH /v1/admin/partners/:id': 128 * KB,
};
/** Routes that read their body as text, with limits of their own (push-message.spec.ts), or not at all. */
const NO_JSON = /^POST \/v1\/wechat\/events\/:appId$| \/v1\/auth\/verify$/;

/**
 * Bodies must be bounded before they are copied or validated, and before authentication. The refusals do not depend on
 * the database.
 */
(backend.databaseUrl === null ? describe : describe.skip)('every route of the route table', () => {
  let world: World;
  let routes: readonly Route[];
  beforeAll(async () => {
    world = await World.start();
    // Swagger UI's files are not our routes and take no input; fetch has no TRACE; Fastify requires a body for QUERY.
    routes = world
      .service()
      .app.get(RouteTable)
      .all()
      .filter(({ path, method }) => !path.startsWith('/docs') && !['TRACE', 'QUERY'].includes(method));
  });
  afterAll(() => world.stop());

  const name = ({ method, path }: Route): string => `${method} ${path}`;
  const ask = ({ method, path }: Route, options: CallOptions, query = ''): Promise<Reply<Partial<Problem>>> =>
    call(world.url + path.replace(/:\w+/g, ID) + query, { method, patience: 10, ...options });
  const withBody = (): Route[] => routes.filter(({ method }) => !['GET', 'HEAD'].includes(method));

  /** Requests each in turn. @returns those with another answer */
  async function others(
    asked: readonly Route[],
    expected: Pick<Problem, 'code' | 'status'>,
    options: (route: Route) => CallOptions,
    query = '',
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const route of asked) {
      const { status, body } = await ask(route, options(route), query);
      // HEAD has no body, and pages for browsers answer in HTML.
      const isSo = status === expected.status && (body.code ?? expected.code) === expected.code;
      if (!isSo) wrong.push(`${name(route)}: ${status} ${body.code ?? ''}`);
    }
    return wrong;
  }

  const tooLarge = { status: 413, code: 'PAYLOAD_TOO_LARGE' };

  test('takes 16 kB of a body, or what it is listed with, and not a byte more', async () => {
    expect(withBody().length).toBeGreaterThan(25);
    const text = (bytes: number): CallOptions => ({ body: `"${'x'.repeat(bytes - 2)}"`, headers: JSON_TYPE });
    const taking = withBody().filter((route) => !name(route).endsWith('/v1/auth/verify'));
    const limit = (route: Route): number => LARGER[name(route)] ?? 16 * KB;
    expect(await others(taking, tooLarge, (route) => text(limit(route) + 1))).toEqual([]);
    for (const route of taking) {
      const { status } = await ask(route, text(limit(route)));
      expect({ route: name(route), tooLarge: status === 413 }).toEqual({
        route: name(route),
        tooLarge: false,
      });
    }
  });

  test('refuses JSON of more than 500 members or elements, and of more than 64 levels', async () => {
    const taking = withBody().filter((route) => !NO_JSON.test(name(route)));
    const zeros = Array.from({ length: 501 }, () => 0);
    for (const json of [Object.fromEntries(zeros.entries()), zeros, { code: zeros }]) {
      expect(await others(taking, tooLarge, () => ({ json }))).toEqual([]);
    }
    const deep = { body: `{"code":${'['.repeat(64)}${']'.repeat(64)}}`, headers: JSON_TYPE };
    expect(await others(taking, { status: 400, code: 'MALFORMED_JSON' }, () => deep)).toEqual([]);
  });

  test('refuses a form, or a form of more than 50 fields', async () => {
    const body = Array.from({ length: 51 }, (_, index) => `a${index}=1`).join('&');
    for (const route of withBody().filter((each) => !NO_JSON.test(name(each)))) {
      const { status } = await ask(route, { body, headers: FORM_TYPE });
      expect({ route: name(route), status: [413, 415].includes(status) }).toEqual({
        route: name(route),
        status: true,
      });
    }
  });

  test('refuses more than 50 parameters, and a duplicate one', async () => {
    const many = `?${Array.from({ length: 51 }, (_, index) => `a${index}=1`).join('&')}`;
    for (const query of [many, '?code=a&code=b', '?a&a', '?a[]=1&a[]=2', '?%61=1&a=2']) {
      expect(await others(routes, { status: 400, code: 'VALIDATION_FAILED' }, () => ({}), query)).toEqual([]);
    }
  });
});
