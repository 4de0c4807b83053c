import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Problem, WEBSITE, World } from '../harness/world.js';

declare const backend: { redisUrl: string | null };

const KEY = 'a-service-key-for-tests';
const ADMIN = 'an-admin-key-for-tests';

interface Answer extends Problem {
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly expiresIn: number;
  readonly valid: boolean;
}

/** Two instances share state through Redis only; in memory there is one instance. */
const instances = backend.redisUrl === null ? 1 : 2;

describe(`one access token of the app for ${instances} instance(s)`, () => {
  let world: World;
  /** A mini program of this run only: its token is in a Redis that other runs share. */
  const appId = `wx${Math.floor(Math.random() * 1e16)
    .toString(16)
    .padStart(16, '0')}`;

  beforeAll(async () => {
    world = await World.start(
      {
        WECHAT_MINI_PROGRAMS: `${MINI_PROGRAM}:5a4db0c0de0000000000000000000001,${appId}:5a4db0c0de0000000000000000000009`,
        SERVICE_API_KEYS: `orders:${KEY}`,
        ADMIN_API_KEYS: `root:${ADMIN}`,
      },
      instances,
      {
        apps: {
          miniPrograms: [
            { appId: MINI_PROGRAM, secret: '5a4db0c0de0000000000000000000001' },
            { appId, secret: '5a4db0c0de0000000000000000000009' },
          ],
        },
      },
    );
  });
  afterAll(() => world.stop());
  beforeEach(() => world.control('calls', undefined, 'DELETE'));

  const tokens: string[] = [];
  const appToken = (index = 0, key: string | null = KEY, of = appId) =>
    call<Answer>(`${world.service(index % instances).url}/v1/wechat/access-tokens/${of}`, {
      headers: key === null ? {} : { 'x-api-key': key },
    });

  const fetches = async () =>
    (await world.control<{ count: number }>('calls?endpoint=/cgi-bin/stable_token')).count;

  test('forty services that ask at once get the same token, which was fetched once', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, (_, index) => appToken(index)));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(replies.map(({ body }) => body.accessToken)).size).toBe(1);
    expect(replies[0]?.body.expiresIn).toBeGreaterThan(7000);
    tokens.push(replies[0]?.body.accessToken ?? '');
    expect(await fetches()).toBe(1);
  });

  test('its expiry is given as a time and in seconds', async () => {
    const { body } = await appToken();
    expect(body.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const left = (Date.parse(body.expiresAt) - world.clock.now()) / 1000;
    expect(Math.abs(left - body.expiresIn)).toBeLessThan(60);
    world.clock.advance(100);
    const later = (await appToken()).body;
    expect(later.expiresAt).toBe(body.expiresAt);
    expect(later.expiresIn).toBeLessThanOrEqual(body.expiresIn - 100);
  });

  test('it is refreshed before it ends', async () => {
    const before = await appToken();
    world.clock.advance(before.body.expiresIn - 200);
    const after = await appToken();
    expect(after.body.accessToken).not.toBe(before.body.accessToken);
    expect(after.body.expiresIn).toBeGreaterThan(7000);
  });

  test('while WeChat cannot give a new one the old one serves until its end', async () => {
    const before = await appToken();
    world.clock.advance(before.body.expiresIn - 200);
    await world.control('faults', { endpoint: '/cgi-bin/stable_token', times: 9, errcode: -1 });
    expect((await appToken()).body.accessToken).toBe(before.body.accessToken);
    await world.control('faults', undefined, 'DELETE');
    expect((await appToken()).body.accessToken).not.toBe(before.body.accessToken);
  });

  test('a hundred calls that meet a dead token lead to one refresh, and all succeed', async () => {
    const person = await world.person();
    const tokens = await world.loginWith(await world.wxLogin(person, appId), { appId });
    await appToken();
    await world.control('calls', undefined, 'DELETE');
    await world.control('app-tokens/put-out', { appId });
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        call<Answer>(`${world.service(index % instances).url}/v1/mini-program/session-key/check`, {
          method: 'POST',
          token: tokens.body.accessToken,
          json: {},
        }),
      ),
    );
    expect(replies.filter(({ body }) => body.valid)).toHaveLength(100);
    // Normal mode returns a new token or the dead one again; only then is a refresh forced.
    expect(await fetches()).toBeLessThanOrEqual(2);
  });

  test('an instance whose fetch outlasts the lock does not release the lock of the next one', async () => {
    await world.pass(8_000);
    await world.control('calls', undefined, 'DELETE');
    const endpoint = '/cgi-bin/stable_token';
    await world.fault(endpoint, { delayMs: 700, status: 502, body: 'Bad Gateway' });
    await world.fault(endpoint, { delayMs: 2_500 });
    const tooSlow = appToken(0);
    while ((await fetches()) < 1);
    await world.pass(9);
    const next = appToken(1);
    while ((await fetches()) < 2);
    expect((await tooSlow).body.code).toBe('WECHAT_UNAVAILABLE');
    // Waits for the second fetch. If the lock were released, it would fetch itself.
    const third = await appToken(0);
    expect(third.body.accessToken).toBe((await next).body.accessToken);
    expect(await fetches()).toBe(2);
  });

  describe('a phone code that was not sent for want of a token', () => {
    const fault = (planned: object) =>
      world.control('faults', { endpoint: '/cgi-bin/stable_token', ...planned });
    const login = async () => {
      const person = await world.person();
      const { body } = await world.loginWith(await world.wxLogin(person, appId), { appId });
      const { code } = await world.control<{ code: string }>('phone-code', { person: person.id, appId });
      return () =>
        call<Answer>(`${world.url}/v1/mini-program/phone-number`, {
          token: body.accessToken,
          json: { code },
        });
    };
    const sent = () => world.callsOf('/wxa/business/getuserphonenumber');
    afterEach(() => world.control('faults', undefined, 'DELETE'));

    test.each([
      ['a connection that broke', { reset: true }, 'WECHAT_UNAVAILABLE'],
      ['an HTTP error', { status: 502, body: 'Bad Gateway' }, 'WECHAT_UNAVAILABLE'],
      ['an answer that makes no sense', { body: '{"access_token":7}' }, 'WECHAT_BAD_REPLY'],
      ['an error that is not known', { errcode: 99999 }, 'WECHAT_ERROR'],
    ])('may come again after %s', async (_what, planned, problem) => {
      world.clock.advance(7201);
      const send = await login();
      await fault(planned);
      expect((await send()).body.code).toBe(problem);
      expect(await sent()).toBe(0);
      expect((await send()).status).toBe(200);
      expect(await sent()).toBe(1);
      expect((await send()).body.code).toBe('WECHAT_CODE_USED');
    });

    test('may come again where a dead token could not be renewed', async () => {
      const send = await login();
      await appToken();
      await world.control('app-tokens/put-out', { appId });
      await fault({ reset: true });
      expect((await send()).body.code).toBe('WECHAT_UNAVAILABLE');
      expect((await send()).status).toBe(200);
    });

    test('may come again where the token took all the time that there was', async () => {
      const { body } = await appToken();
      world.clock.advance(body.expiresIn - 200);
      const send = await login();
      await fault({ hang: true });
      expect((await send()).body.code).toBe('WECHAT_UNAVAILABLE');
      expect(await sent()).toBe(0);
      expect((await send()).status).toBe(200);
    });
  });

  test('a token that would live for centuries is not believed', async () => {
    world.clock.advance(7201);
    const body = JSON.stringify({ access_token: 'far-away', expires_in: 1e13 });
    await world.fault('/cgi-bin/stable_token', { body });
    expect((await appToken()).body.code).toBe('WECHAT_BAD_REPLY');
    expect((await appToken()).status).toBe(200);
  });

  test('an endpoint whose quota is used up is left alone until the quota ends', async () => {
    const person = await world.person();
    const tokens = await world.loginWith(await world.wxLogin(person, appId), { appId });
    const check = () =>
      call<Answer>(`${world.url}/v1/mini-program/session-key/check`, {
        method: 'POST',
        token: tokens.body.accessToken,
        json: {},
      });
    await world.control('faults', { endpoint: '/wxa/checksession', times: 1, errcode: 45011 });
    await world.control('calls', undefined, 'DELETE');
    const first = await check();
    expect(first.body.code).toBe('WECHAT_RATE_LIMITED');
    expect(first.headers.get('retry-after')).toBe('60');
    expect((await check()).body.code).toBe('WECHAT_RATE_LIMITED');
    expect((await world.control<{ count: number }>('calls?endpoint=/wxa/checksession')).count).toBe(1);
    world.clock.advance(61);
    // Redis uses its own clock; the time in the value decides.
    expect((await check()).body.valid).toBe(true);
  });

  test('40164 names the address that belongs on the whitelist', async () => {
    world.clock.advance(7200);
    await world.control('faults', {
      endpoint: '/cgi-bin/stable_token',
      times: 1,
      errcode: 40164,
      errmsg:
        'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 65f3e9f7-77cf1a1c-0dd74a0e',
    });
    const reply = await appToken();
    expect(reply.body.code).toBe('WECHAT_CONFIGURATION');
    expect(reply.body.detail).toContain('203.0.113.7');
  });

  test('an admin key may ask too; no key, a wrong key, a website app and an unknown app get nothing', async () => {
    expect((await appToken(0, ADMIN)).status).toBe(200);
    expect((await appToken(0, null)).body).toMatchObject({ status: 401, code: 'API_KEY_INVALID' });
    expect((await appToken(0, `${KEY}x`)).body.code).toBe('API_KEY_INVALID');
    expect((await appToken(0, KEY, WEBSITE)).body.code).toBe('APP_UNKNOWN');
    expect((await appToken(0, KEY, 'wx0000000000000000')).body.code).toBe('APP_UNKNOWN');
  });

  test('an address that guesses keys is not listened to any more, but for a right key', async () => {
    const guesses: number[] = [];
    world.clock.advanceToNextMinute();
    for (let guess = 0; guess < 31; guess++)
      guesses.push((await appToken(0, `wrong-key-number-${guess}`)).status);
    expect(guesses.slice(0, 20).every((status) => status === 401)).toBe(true);
    expect(guesses.at(-1)).toBe(429);
    expect((await appToken()).status).toBe(200);
    if (instances === 1) {
      world.clock.advance(61);
      expect((await appToken(0, 'wrong-key-number-1')).status).toBe(401);
    }
  });

  test('no log line holds the token or a key', () => {
    const [token] = tokens;
    expect(token).toMatch(/^\w/);
    for (const service of world.services) {
      for (const secret of [token ?? '', KEY, ADMIN]) expect(service.log().includes(secret)).toBe(false);
    }
  });
});
