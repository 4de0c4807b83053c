import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Problem, WEBSITE, World } from '../harness/world.js';

const ENDPOINT = '/sns/jscode2session';
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('a login with a code of wx.login', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test.each<[string, object, string]>([
    ['appid', { appid: WEBSITE }, 'appid is called appId here'],
    ['app_id', { app_id: MINI_PROGRAM }, 'app_id is called appId here'],
    ['js_code', { js_code: 'x' }, 'js_code is called code here'],
  ])('%s is refused with a hint, and the code stays good', async (field, extra, message) => {
    const code = await world.wxLogin(await world.person());
    const reply = await world.loginWith(code, extra);
    expect(reply.status).toBe(400);
    expect(reply.body.errors).toEqual([{ field, message }]);
    expect((await world.loginWith(code, { appid: null })).status).toBe(200);
  });

  test.each([
    ['v1/web-qr-login/attempts', { method: 'website', appid: WEBSITE }],
    [`v1/web-qr-login/authorize?returnTo=https://shop.example.com&appid=${WEBSITE}`, undefined],
  ])('nor is it taken for the default app elsewhere: %s', async (path, json) => {
    const reply = await call<Problem>(`${world.url}/${path}`, json === undefined ? {} : { json });
    expect(reply.status).toBe(400);
  });

  test('answers tokens, user and identity, and nothing else', async () => {
    const person = await world.person();
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^application\/json\b/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toStrictEqual({
      tokenType: 'Bearer',
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expiresIn: 15 * 60,
      refreshToken: expect.stringMatching(/^[0-9a-f-]{36}\.1\.[\w-]{43}$/),
      refreshExpiresIn: expect.any(Number),
      user: {
        id: expect.stringMatching(UUID),
        nickname: null,
        avatarUrl: null,
        phoneNumber: null,
        createdAt: expect.stringMatching(ISO_TIME),
        lastLoginAt: expect.stringMatching(ISO_TIME),
      },
      identity: { appId: MINI_PROGRAM, openId: person.openIds[MINI_PROGRAM], unionId: person.unionId },
      isNewUser: true,
    });
    // Whole seconds of 30 days, minus the time that has passed since.
    expect(reply.body.refreshExpiresIn).toBeGreaterThan(30 * 86_400 - 30);
    expect(reply.body.refreshExpiresIn).toBeLessThanOrEqual(30 * 86_400);
    expect(reply.body.refreshExpiresIn % 1).toBe(0);
  });

  test('of a person without a unionid says null, and of a returning one that they are not new', async () => {
    const person = await world.person({ withUnionId: false });
    const first = await world.miniProgramLogin(person);
    expect(first.identity).toStrictEqual({
      appId: MINI_PROGRAM,
      openId: person.openIds[MINI_PROGRAM],
      unionId: null,
    });
    const second = await world.miniProgramLogin(person);
    expect([first.isNewUser, second.isNewUser]).toEqual([true, false]);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
  });

  test('stores the session_key sealed, and keeps the one before it', async () => {
    const person = await world.person();
    const { identity } = await world.miniProgramLogin(person);
    await world.pass(61);
    await world.miniProgramLogin(person);
    const [row] = await world.backend.rows(
      `SELECT session_key, previous_session_key FROM wechat_identities WHERE open_id = '${identity.openId}'`,
    );
    expect(row?.session_key).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
    expect(row?.previous_session_key).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
    expect(row?.session_key).not.toBe(row?.previous_session_key);
  });

  test('opens no session with a code that was used, and does not ask WeChat again', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    expect((await world.loginWith(code)).status).toBe(200);
    const [calls, sessions] = [await world.callsOf(ENDPOINT), await world.count('sessions')];
    const again = await world.loginWith(code);
    expect(again.status).toBe(401);
    expect(again.body.code).toBe('WECHAT_CODE_USED');
    expect(await world.callsOf(ENDPOINT)).toBe(calls);
    expect(await world.count('sessions')).toBe(sessions);
  });

  test('with the same code twenty times at once opens one session by one call to WeChat', async () => {
    const code = await world.wxLogin(await world.person());
    const [calls, sessions] = [await world.callsOf(ENDPOINT), await world.count('sessions')];
    const replies = await Promise.all(Array.from({ length: 20 }, () => world.loginWith(code)));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    expect(replies.filter((reply) => reply.body.code === 'WECHAT_CODE_USED')).toHaveLength(19);
    expect(await world.callsOf(ENDPOINT)).toBe(calls + 1);
    expect(await world.count('sessions')).toBe(sessions + 1);
  });

  test('refuses a code that has expired at WeChat, is of no one, or belongs to another kind of app', async () => {
    const person = await world.person();
    const stale = await world.wxLogin(person);
    await world.pass(301);
    const qrPage = await world.authorize(new Browser());
    const callback = await world.scanAndAllow(qrPage, person);
    for (const code of [stale, '0abcdefghijklmnopqrstuvwxyz01234', callback.searchParams.get('code')]) {
      const reply = await world.loginWith(code);
      expect({ status: reply.status, code: reply.body.code }).toEqual({
        status: 401,
        code: 'WECHAT_CODE_INVALID',
      });
    }
  });
});

describe('with several mini programs', () => {
  const OTHER = 'wx5a4db0c0de00000b';
  const apps = [
    { appId: MINI_PROGRAM, secret: 'first-secret' },
    { appId: OTHER, secret: 'second-secret' },
  ];
  let world: World;
  beforeAll(async () => {
    const configured = apps.map(({ appId, secret }) => `${appId}:${secret}`).join(',');
    world = await World.start({ WECHAT_MINI_PROGRAMS: configured }, 1, { apps: { miniPrograms: apps } });
  });
  afterAll(() => world.stop());

  test('appId says which one the code is from; without it the first is meant', async () => {
    const person = await world.person();
    const first = await world.loginWith(await world.wxLogin(person));
    const second = await world.loginWith(await world.wxLogin(person, OTHER), { appId: OTHER });
    expect(first.body.identity).toMatchObject({
      appId: MINI_PROGRAM,
      openId: person.openIds[MINI_PROGRAM],
    });
    expect(second.body.identity).toMatchObject({ appId: OTHER, openId: person.openIds[OTHER] });
    expect(second.body.user.id).toBe(first.body.user.id);
  });

  test('a code of one is worth nothing at the other', async () => {
    const reply = await world.loginWith(await world.wxLogin(await world.person(), OTHER));
    expect(reply.body.code).toBe('WECHAT_CODE_INVALID');
  });

  test.each(['wx0000000000000000', WEBSITE, 'constructor'])(
    '%s is refused without a call to WeChat, and the code stays good',
    async (appId) => {
      const code = await world.wxLogin(await world.person());
      const calls = await world.callsOf(ENDPOINT);
      const reply = await world.loginWith(code, { appId });
      expect(reply.status).toBe(400);
      expect(reply.body.code).toBe('APP_UNKNOWN');
      expect(await world.callsOf(ENDPOINT)).toBe(calls);
      expect((await world.loginWith(code)).status).toBe(200);
    },
  );
});

describe('a malformed request', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const json = { 'content-type': 'application/json' };
  const invalid: readonly (readonly [string, string])[] = [
    ['an empty object', '{}'],
    ['null', 'null'],
    ['an array', '["081iIL"]'],
    ['a string', '"081iIL"'],
    ['a number', '7'],
    ['a code that is a number', '{"code":7}'],
    ['a code that is null', '{"code":null}'],
    ['a code that is an array', '{"code":["081iIL"]}'],
    ['a code that is an object', '{"code":{"$ne":""}}'],
    ['an empty code', '{"code":""}'],
    ['a code of 513 characters', JSON.stringify({ code: 'a'.repeat(513) })],
    ['a code with a space', '{"code":"081 iIL"}'],
    ['a code with a line break', '{"code":"081iIL\\n"}'],
    ['a code with a control character', '{"code":"081iIL\\u0000"}'],
    ['a code with letters beyond ASCII', '{"code":"０８１"}'],
    ['an appId that is a number', '{"code":"081iIL","appId":7}'],
    ['an appId that is an object', '{"code":"081iIL","appId":{}}'],
    ['an appId of 65 characters', JSON.stringify({ code: '081iIL', appId: 'w'.repeat(65) })],
  ];
  const unreadable: readonly (readonly [string, string, Record<string, string>, number, string])[] = [
    ['broken JSON', '{"code":', json, 400, 'MALFORMED_JSON'],
    ['JSON with the key __proto__', '{"code":"x","__proto__":{"a":1}}', json, 400, 'MALFORMED_JSON'],
    [
      'JSON with constructor.prototype',
      '{"code":"x","constructor":{"prototype":{}}}',
      json,
      400,
      'MALFORMED_JSON',
    ],
    ['text', '{"code":"x"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a form',
      'code=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['no content type', '{"code":"x"}', { 'content-type': '' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['more than 256 KiB', JSON.stringify({ code: 'a'.repeat(256 * 1024) }), json, 413, 'PAYLOAD_TOO_LARGE'],
  ];
  const table = [
    ...invalid.map(([what, body]) => [what, body, json, 400, 'VALIDATION_FAILED'] as const),
    ...unreadable,
  ];

  test.each(table)(
    'with %s is refused without a call to WeChat',
    async (_what, body, headers, status, code) => {
      const reply = await call<Problem>(`${world.url}/v1/mini-program/login`, { body, headers });
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
      expect(await world.callsOf(ENDPOINT)).toBe(0);
    },
  );

  test('without a body is refused without a call to WeChat', async () => {
    for (const headers of [{}, json]) {
      const reply = await call<Problem>(`${world.url}/v1/mini-program/login`, { method: 'POST', headers });
      expect({ status: reply.status, code: reply.body.code }).toEqual({
        status: 400,
        code: 'VALIDATION_FAILED',
      });
    }
    expect(await world.callsOf(ENDPOINT)).toBe(0);
  });

  test('names the faulty field and never repeats its value', async () => {
    const reply = await world.loginWith('a secret code');
    expect(reply.body.errors?.map(({ field }) => field)).toEqual(['code']);
    expect(reply.text).not.toContain('a secret code');
  });

  test('with unexpected keys is accepted without them', async () => {
    const code = await world.wxLogin(await world.person());
    const reply = await world.loginWith(code, {
      openId: 'oSomebodyElse',
      user: { id: 'x' },
      createUser: false,
    });
    expect(reply.status).toBe(200);
    expect(reply.body.identity.openId).not.toBe('oSomebodyElse');
    expect(reply.body.isNewUser).toBe(true);
  });
});
