import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { call, type Reply } from '../../../test/harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../../../test/harness/operator.js';
import { type Person, type Problem, type TokenReply, World } from '../../../test/harness/world.js';
import { type Claims, createVerifier, type GuardOptions } from '../src/index.js';
import { FaultyProxy } from './faulty-proxy.js';
import { forged } from './forged.js';
import { type GuardedServer, SERVERS } from './guarded-servers.js';

const ISSUER = 'https://auth.example.com';

describe('guards', () => {
  let world: World;
  let network: FaultyProxy;
  let person: Person;
  let tokens: TokenReply;
  let server: GuardedServer;

  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, JWT_ISSUER: ISSUER, JWT_AUDIENCE: ISSUER });
    network = await FaultyProxy.listen(world.url);
    person = await world.person();
  });
  afterAll(async () => {
    await network.close();
    await world.stop();
  });
  beforeEach(async () => {
    network.plan();
    tokens = await world.miniProgramLogin(person);
  });
  afterEach(() => server.close());

  const optionsOf = (options: Partial<GuardOptions> = {}): GuardOptions => ({
    issuer: ISSUER,
    jwksUri: `${network.url}/.well-known/jwks.json`,
    baseUrl: network.url,
    ...options,
  });
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    call<Claims & Problem>(`${server.url}${path}`, { headers });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  function expectProblem(reply: Reply<Claims & Problem>, status: number, code: string): void {
    expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
    expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toEqual({
      type: `urn:wechat-auth:error:${code}`,
      title: expect.any(String) as unknown,
      status,
      code,
      detail: expect.any(String) as unknown,
      requestId: expect.stringMatching(/^[\w.:-]+$/) as unknown,
    });
  }

  describe.each(SERVERS)('of %s', (_, start) => {
    test('a good token is let through with its claims, none gets 401 with a challenge', async () => {
      server = await start(optionsOf());
      const good = await get('/me', bearer(tokens.accessToken));
      expect(good.status).toBe(200);
      expect(good.body).toMatchObject({ sub: tokens.user.id, iss: ISSUER });
      for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic YTpi', tokens.accessToken]) {
        const none = await get('/me', authorization === '' ? {} : { authorization });
        expectProblem(none, 401, 'TOKEN_MISSING');
        expect(none.headers.get('www-authenticate')).toBe('Bearer');
      }
      expect((await get(`/me?access_token=${tokens.accessToken}`)).status).toBe(401);
      expect((await get('/me', { cookie: `access_token=${tokens.accessToken}` })).status).toBe(401);
    });

    test('a bad token gets 401 with invalid_token (RFC 6750)', async () => {
      server = await start(optionsOf());
      for (const token of [
        await forged(tokens.accessToken),
        `${tokens.accessToken}x`,
        'x',
        '小明'.repeat(2),
      ]) {
        const reply = await get('/me', bearer(encodeURI(token)));
        expectProblem(reply, 401, 'TOKEN_INVALID');
        expect(reply.headers.get('www-authenticate')).toMatch(
          /^Bearer error="invalid_token", error_description="[^"\\]+"$/,
        );
      }
      const lower = await get('/me', { authorization: `bearer   ${tokens.accessToken}` });
      expect(lower.status).toBe(200);
    });

    test('two tokens in one request are refused: a proxy may have checked the other one', async () => {
      server = await start(optionsOf());
      const { hostname, port } = new URL(server.url);
      const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''));
      const line = `Authorization: Bearer ${tokens.accessToken}\r\n`;
      socket.write(`GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}${line}\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 [\s\S]*"code":"TOKEN_INVALID"/);
    });

    test('public routes need none; optional ones take a good one or none, and refuse a bad one', async () => {
      server = await start(optionsOf());
      expect((await get('/open')).text).toBe('"open"');
      expect((await get('/open', bearer('bad'))).text).toBe('"open"');
      expect((await get('/maybe')).text).toBe('null');
      expect((await get('/maybe', bearer(tokens.accessToken))).body.sub).toBe(tokens.user.id);
      expectProblem(await get('/maybe', bearer('bad')), 401, 'TOKEN_INVALID');
    });

    test('without keys the answer is 503 with Retry-After, never 401; it is good once they are there', async () => {
      server = await start(optionsOf());
      network.plan({ status: 500 });
      const reply = await get('/me', bearer(tokens.accessToken));
      expectProblem(reply, 503, 'KEYS_UNAVAILABLE');
      expect(reply.headers.get('retry-after')).toBe('1');
      expect(reply.headers.get('www-authenticate')).toBeNull();
      expect((await get('/me', bearer(tokens.accessToken))).status).toBe(200);
    });

    test('after a logout the offline guard lets the token through until it expires, the online one at once not', async () => {
      server = await start(optionsOf());
      const offline = server;
      server = await start(optionsOf({ online: true }));
      expect((await get('/me', bearer(tokens.accessToken))).body.sub).toBe(tokens.user.id);
      await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: tokens.refreshToken } });
      const reply = await get('/me', bearer(tokens.accessToken));
      expectProblem(reply, 401, 'SESSION_ENDED');
      expect(reply.headers.get('www-authenticate')).toContain('invalid_token');
      await server.close();
      server = offline;
      expect((await get('/me', bearer(tokens.accessToken))).status).toBe(200);
    });

    test('the request id of a proxy, or of the framework, stands in the problem', async () => {
      server = await start(optionsOf());
      const { body } = await get('/me', { 'x-request-id': 'of-the-proxy' });
      expect(['of-the-proxy', 'req-1']).toContain(body.requestId);
      expect((await get('/me', { 'x-request-id': '<script>' })).body.requestId).not.toContain('<');
    });
  });

  describe('online', () => {
    const [, start] = SERVERS[0] ?? [];
    const startWith = async (options: Partial<GuardOptions>) => {
      if (!start) throw new Error('no server');
      server = await start(optionsOf(options));
    };
    const verifications = () => network.requests.filter(({ path }) => path === '/v1/auth/verify').length;

    test('a token that is bad anyway is not asked about', async () => {
      await startWith({ online: true });
      await get('/me', bearer(await forged(tokens.accessToken)));
      expect(verifications()).toBe(0);
    });

    test('an answer is used for as long as `cache` says', async () => {
      await startWith({ online: { cache: 5 } });
      for (let time = 0; time < 3; time++) await get('/me', bearer(tokens.accessToken));
      expect(verifications()).toBe(1);
      await get('/me', bearer((await world.miniProgramLogin(person)).accessToken));
      expect(verifications()).toBe(2);
      await expect(startWith({ online: { cache: 6 } })).rejects.toThrow(/OPTIONS_INVALID/);
    });

    test('after a merge the user is the surviving one', async () => {
      const merging = await world.person({ withUnionId: false });
      const older = await world.miniProgramLogin(merging);
      world.clock.advance(1);
      const younger = await world.websiteLogin(merging);
      await world.control(`people/${merging.id}`, { withUnionId: true }, 'PATCH');
      await world.miniProgramLogin(merging);
      await world.websiteLogin(merging);
      world.clock.advance(5);
      await startWith({ online: true });
      expect((await get('/me', bearer(younger.accessToken))).body.sub).toBe(older.user.id);
    });

    test.each([
      ['the service is away', ['cut', 'cut'] as const, 'SERVICE_UNREACHABLE'],
      [
        'the service is busy',
        [{ status: 503, body: '{"code":"DATABASE_UNAVAILABLE"}' }] as const,
        'DATABASE_UNAVAILABLE',
      ],
      ['something else answers', [{ status: 200, body: 'hello' }] as const, 'SERVICE_BAD_REPLY'],
      ['a proxy refuses', [{ status: 403, body: '<html>' }] as const, 'HTTP_403'],
      ['a proxy wants a password', [{ status: 401, body: '' }] as const, 'HTTP_401'],
    ])('where %s, the answer is 503 and not 401', async (_, faults, code) => {
      await startWith({ online: true });
      await get('/me', bearer(tokens.accessToken));
      const [first, second = first] = faults;
      network.plan(first, second);
      const reply = await get('/me', bearer(tokens.accessToken));
      expectProblem(reply, 503, code);
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    });

    test('a disabled account is let in no more', async () => {
      const somebody = await world.miniProgramLogin(await world.person());
      await startWith({ online: true });
      expect((await get('/me', bearer(somebody.accessToken))).status).toBe(200);
      const disable = `${world.url}/v1/admin/users/${somebody.user.id}/disable`;
      expect((await callWithKey(disable, ADMIN_KEY, { method: 'POST' })).status).toBe(200);
      expectProblem(await get('/me', bearer(somebody.accessToken)), 401, 'SESSION_ENDED');
    });
  });

  test('another header field (TOKEN_HEADER) is taken with and without Bearer, and before Authorization', async () => {
    for (const [, start] of SERVERS) {
      server = await start(optionsOf({ header: 'X-Token' }));
      const all: Readonly<Record<string, string>>[] = [
        { 'x-token': tokens.accessToken },
        { 'x-token': `Bearer ${tokens.accessToken}` },
        { 'x-token': tokens.accessToken, authorization: 'Bearer bad' },
        bearer(tokens.accessToken),
      ];
      for (const headers of all) expect((await get('/me', headers)).status).toBe(200);
      expectProblem(
        await get('/me', { 'x-token': 'bad', ...bearer(tokens.accessToken) }),
        401,
        'TOKEN_INVALID',
      );
      await server.close();
    }
  });

  test('a verifier that exists is shared', async () => {
    const verifier = createVerifier({ issuer: ISSUER, jwksUri: `${network.url}/.well-known/jwks.json` });
    for (const [, start] of SERVERS) {
      server = await start({ verifier });
      expect((await get('/me', bearer(tokens.accessToken))).status).toBe(200);
      await server.close();
    }
    expect(network.requests).toHaveLength(1);
  });

  test('Nest: single claims, public controllers with a guarded route', async () => {
    for (const [, start] of SERVERS.slice(-2)) {
      server = await start(optionsOf());
      expect((await get('/id', bearer(tokens.accessToken))).body).toEqual({ userId: tokens.user.id });
      expect((await get('/shop')).text).toBe('goods');
      const order = (token?: string) =>
        call(`${server.url}/shop/orders`, { method: 'POST', ...(token === undefined ? {} : { token }) });
      expect((await order()).status).toBe(401);
      expect((await order(tokens.accessToken)).text).toBe(tokens.user.id);
      expect((await get('/nowhere')).status).toBe(404);
      await server.close();
    }
  });

  test('Fastify: a route that does not exist is no way around', async () => {
    const start = SERVERS.find(([name]) => name === 'Fastify')?.[1];
    if (!start) throw new Error('no server');
    server = await start(optionsOf());
    expect((await get('/nowhere')).status).toBe(401);
    expect((await get('/nowhere', bearer(tokens.accessToken))).status).toBe(404);
  });
});
