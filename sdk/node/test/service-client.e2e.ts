import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { call } from '../../../test/harness/http.js';
import { API_KEYS, SERVICE_KEY } from '../../../test/harness/operator.js';
import { MINI_PROGRAM, type TokenReply, World } from '../../../test/harness/world.js';
import {
  createServiceClient,
  introspect,
  type ServiceClient,
  type ServiceClientOptions,
} from '../src/index.js';
import { thrownBy } from './errors.js';
import { FaultyProxy } from './faulty-proxy.js';

const BUSY = { status: 503, headers: { 'retry-after': '0' } };

describe('createServiceClient', () => {
  let world: World;
  let proxy: FaultyProxy;
  let client: ServiceClient;

  const create = (options: Partial<ServiceClientOptions> = {}): ServiceClient =>
    createServiceClient({ baseUrl: proxy.url, apiKey: SERVICE_KEY, ...options });
  const login = async (): Promise<TokenReply> => world.miniProgramLogin(await world.person());
  const sessions = () => world.count('sessions');

  beforeAll(async () => {
    world = await World.start(API_KEYS);
    proxy = await FaultyProxy.listen(world.url);
  });
  afterAll(async () => {
    await proxy.close();
    await world.stop();
  });
  beforeEach(() => {
    proxy.plan();
    client = create();
  });

  test('introspects and revokes access tokens and refresh tokens', async () => {
    const { accessToken, refreshToken, user } = await login();
    expect(await client.introspect(accessToken)).toMatchObject({
      active: true,
      sub: user.id,
      token_type: 'Bearer',
    });
    expect(await client.introspect(refreshToken)).toEqual({ active: false });
    expect(await client.introspect(refreshToken, 'refresh_token')).toMatchObject({ active: true });
    await client.revoke(refreshToken, 'refresh_token');
    expect(await client.introspect(accessToken)).toEqual({ active: false });
    await client.revoke(accessToken);
    await client.revoke('no token');
  });

  test('introspect() asks once, without a client', async () => {
    const { accessToken: token } = await login();
    const service = { baseUrl: `${world.url}/`, apiKey: `${SERVICE_KEY}\n` };
    expect((await introspect({ ...service, token })).active).toBe(true);
    expect(await introspect({ ...service, token: 'x', hint: 'access_token' })).toEqual({ active: false });
    await expect(introspect({ ...service, apiKey: 'wrong', token })).rejects.toMatchObject({
      code: 'API_KEY_INVALID',
      status: 401,
      retryable: false,
      requestId: expect.any(String) as unknown,
    });
  });

  test('logs a person in through the back end, with their address and device', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    const userAgent =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50 miniProgram';
    const { accessToken, refreshToken, user } = await client.miniProgramLogin(code, {
      appId: MINI_PROGRAM,
      clientIp: '198.51.100.7',
      userAgent,
    });
    const { body } = await call<{ items: { ip: string; device: { browser: string } }[] }>(
      `${world.url}/v1/users/me/sessions`,
      { token: accessToken },
    );
    expect(body.items).toMatchObject([{ ip: '198.51.100.7', device: { browser: 'WeChat mini program' } }]);
    expect((await client.introspect(accessToken)).sub).toBe(user.id);
    const refreshed = await client.refresh(refreshToken, { clientIp: '198.51.100.8' });
    expect(refreshed.refreshToken).not.toBe(refreshToken);
    await client.logout(refreshed.refreshToken);
    expect(await client.introspect(refreshed.accessToken)).toEqual({ active: false });
    await expect(client.refresh(refreshed.refreshToken)).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  });

  test('an address or device that is none is left out', async () => {
    const code = await world.wxLogin(await world.person());
    await client.miniProgramLogin(code, { clientIp: '203.0.113.9, 10.0.0.1', userAgent: '小程序\r\nx: y' });
    expect(proxy.requests[0]?.headers['x-forwarded-for']).toBeUndefined();
    expect(proxy.requests[0]?.headers['user-agent']).not.toContain('小');
  });

  test('a used code is not sent again', async () => {
    const code = await world.wxLogin(await world.person());
    await client.miniProgramLogin(code);
    proxy.plan();
    await expect(client.miniProgramLogin(code)).rejects.toMatchObject({
      code: 'WECHAT_CODE_USED',
      status: 401,
    });
    expect(proxy.requests).toHaveLength(1);
  });

  test('one request for all who ask for the access token of an app, and none until it gets old', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.appAccessToken(MINI_PROGRAM)));
    const [first] = tokens;
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(await client.appAccessToken(MINI_PROGRAM)).toEqual(first);
    expect(proxy.requests).toHaveLength(1);
    expect(proxy.requests[0]?.headers['x-api-key']).toBe(SERVICE_KEY);
  });

  test('an access token that WeChat has refused is asked for again, once for all', async () => {
    const { accessToken: refused } = await client.appAccessToken(MINI_PROGRAM);
    const renewed = { accessToken: 'renewed', expiresAt: '2030-01-01T00:00:00.000Z', expiresIn: 7000 };
    proxy.plan({ status: 200, body: JSON.stringify(renewed) });
    const replies = await Promise.all([1, 2, 3].map(() => client.appAccessToken(MINI_PROGRAM, { refused })));
    expect(replies).toEqual([renewed, renewed, renewed]);
    expect(await client.appAccessToken(MINI_PROGRAM, { refused })).toEqual(renewed);
    expect(proxy.requests).toHaveLength(1);
  });

  test('an access token in its last five minutes is not kept, and neither is a failure', async () => {
    const old = { accessToken: 'old', expiresAt: '2030-01-01T00:00:00.000Z', expiresIn: 300 };
    proxy.plan({ status: 200, body: JSON.stringify(old) }, { status: 400, body: '{"code":"APP_UNKNOWN"}' });
    expect(await client.appAccessToken(MINI_PROGRAM)).toEqual(old);
    await expect(client.appAccessToken(MINI_PROGRAM)).rejects.toMatchObject({ code: 'APP_UNKNOWN' });
    expect((await client.appAccessToken(MINI_PROGRAM)).accessToken).not.toBe('old');
    expect(proxy.requests).toHaveLength(3);
  });

  describe('on a bad network', () => {
    test.each([
      ['cut before the service', 'cut'],
      ['its answer lost', 'lose'],
      ['refused by the service', BUSY],
      ['lost by a proxy', { status: 502, body: '<html>' }],
    ] as const)('a call that can be repeated is, when it was %s', async (_, fault) => {
      const { accessToken, refreshToken } = await login();
      for (const act of [
        () => client.introspect(accessToken),
        () => client.refresh(refreshToken),
        () => client.appAccessToken(MINI_PROGRAM),
        () => client.revoke(refreshToken),
      ]) {
        proxy.plan(fault, fault);
        await act();
        expect(proxy.requests).toHaveLength(3);
      }
    });

    test('a login that may have reached the service is not repeated: no second session', async () => {
      const before = await sessions();
      for (const fault of ['lose', 'cut'] as const) {
        proxy.plan(fault);
        const error = await thrownBy(client.miniProgramLogin(await world.wxLogin(await world.person())));
        expect(error).toMatchObject({ code: 'SERVICE_UNREACHABLE', retryable: true });
        expect(proxy.requests).toHaveLength(1);
      }
      expect(await sessions()).toBe(before + 1);
    });

    test.each([502, 504])('a login that a proxy answers with %s is not repeated', async (status) => {
      proxy.plan({ status, body: '<html>' });
      const error = await thrownBy(client.miniProgramLogin(await world.wxLogin(await world.person())));
      expect(error).toMatchObject({ code: `HTTP_${status}`, retryable: true });
      expect(proxy.requests).toHaveLength(1);
    });

    test('a login that was refused, or found no connection, is repeated', async () => {
      proxy.plan(BUSY, { status: 429, headers: { 'retry-after': '0' } });
      await client.miniProgramLogin(await world.wxLogin(await world.person()));
      expect(proxy.requests).toHaveLength(3);

      let attempts = 0;
      const first: typeof fetch = (...request) => {
        const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
        return ++attempts === 1 ? Promise.reject(refused) : fetch(...request);
      };
      await create({ fetch: first }).miniProgramLogin(await world.wxLogin(await world.person()));
      expect(attempts).toBe(2);
    });

    test('a code that WeChat may have seen is not sent again, although the answer is 503', async () => {
      proxy.plan({ ...BUSY, body: '{"code":"WECHAT_UNAVAILABLE"}' });
      await expect(client.miniProgramLogin('x')).rejects.toMatchObject({
        code: 'WECHAT_UNAVAILABLE',
        retryable: true,
      });
      expect(proxy.requests).toHaveLength(1);
    });

    test('Retry-After is kept to, and more than the deadline leaves is not waited for', async () => {
      proxy.plan({ status: 429, headers: { 'retry-after': '1' } });
      await client.introspect('x');
      const [first, second] = proxy.requests.map(({ at }) => at);
      expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(1_000);
      proxy.plan({ status: 429, headers: { 'retry-after': '60' }, body: '{"code":"RATE_LIMITED"}' });
      await expect(client.introspect('x')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
      expect(proxy.requests).toHaveLength(1);
    });

    test('the last failure is reported, and none is repeated without end', async () => {
      proxy.plan(...Array.from({ length: 9 }, () => 'cut' as const));
      await expect(client.introspect('x')).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE' });
      expect(proxy.requests).toHaveLength(3);
      proxy.plan('cut');
      await expect(create({ retries: 0 }).introspect('x')).rejects.toMatchObject({ retryable: true });
      expect(proxy.requests).toHaveLength(1);
    });

    test('no answer ends at the deadline of the attempt, and all attempts at that of the call', async () => {
      proxy.plan('hang', 'hang', 'hang', 'hang');
      const startedAt = performance.now();
      // On a busy machine an attempt of 200 ms can end before its request is sent.
      const slow = create({ timeoutMs: 700, deadlineMs: 2_000, retries: 9 });
      await expect(slow.introspect('x')).rejects.toMatchObject({ code: 'SERVICE_TIMEOUT', retryable: true });
      expect(performance.now() - startedAt).toBeLessThan(6_000);
      expect(proxy.requests.length).toBeGreaterThan(1);
      expect(proxy.requests.length).toBeLessThan(4);
    });

    test('an answer of something else at this address is an error, and no key follows a redirect', async () => {
      for (const body of ['<html></html>', '[]', 'null', '{"active":"yes"}', '']) {
        proxy.plan({ status: 200, body });
        await expect(client.introspect('x')).rejects.toMatchObject({
          code: 'SERVICE_BAD_REPLY',
          retryable: false,
        });
      }
      const whole = 'a'.repeat(1_000_000);
      for (const call of [() => client.revoke('x'), () => client.logout('x'), () => client.introspect('x')]) {
        for (const body of ['<html></html>', '{}', `"${whole}"`]) {
          proxy.plan({ status: 200, body });
          await expect(call()).rejects.toMatchObject({ code: 'SERVICE_BAD_REPLY' });
        }
      }
      proxy.plan({ status: 307, headers: { location: `${proxy.url}/elsewhere` } });
      await expect(client.introspect('x')).rejects.toMatchObject({ code: 'HTTP_307' });
      expect(proxy.requests).toHaveLength(1);
    });
  });

  test('nothing of an answer of something else is in the error: it may echo what was sent', async () => {
    for (const code of [undefined, 7, 'toString', { key: SERVICE_KEY }]) {
      const echo = {
        code,
        message: SERVICE_KEY,
        name: 'x',
        status: 200,
        headers: { 'x-api-key': SERVICE_KEY },
      };
      proxy.plan({ status: 400, body: JSON.stringify(echo) });
      const error = await thrownBy(client.introspect('x'));
      expect(error).toMatchObject({ name: 'AuthError', code: 'HTTP_400', message: 'HTTP_400', status: 400 });
      expect(inspect(error, { depth: 9 })).not.toContain(SERVICE_KEY);
    }
  });

  test('no error contains the key, a code or a token', async () => {
    const { accessToken, refreshToken } = await login();
    const gone = await FaultyProxy.listen(world.url);
    await gone.close();
    const wrong = 'wrongKey0123456789';
    const code = 'c0deOfWxLogin';
    const nobody = create({ baseUrl: gone.url, retries: 0 });
    const errors = await Promise.all([
      thrownBy(nobody.introspect(accessToken)),
      thrownBy(nobody.refresh(refreshToken)),
      thrownBy(nobody.miniProgramLogin(code)),
      thrownBy(create({ apiKey: wrong }).introspect(accessToken)),
      thrownBy(create({ apiKey: wrong }).miniProgramLogin(code)),
      thrownBy(client.miniProgramLogin(code)),
      thrownBy(client.refresh(`${refreshToken}x`)),
      thrownBy(client.appAccessToken(accessToken)),
      thrownBy(Promise.resolve().then(() => create({ apiKey: `${SERVICE_KEY}\r\nx` }))),
      thrownBy(Promise.resolve().then(() => create({ baseUrl: `http://u:${SERVICE_KEY}@localhost` }))),
    ]);
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'AuthError' });
      const shown = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).stack)}`;
      for (const secret of [SERVICE_KEY, wrong, code, accessToken, refreshToken]) {
        expect(shown).not.toContain(secret);
      }
      expect(error).not.toHaveProperty('cause');
    }
  });
});
