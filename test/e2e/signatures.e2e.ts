import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { storeContents, tableContents } from '../harness/contents.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { SIGNATURE_VECTORS } from '../harness/signature-vectors.js';
import {
  MINI_PROGRAM,
  type Person,
  type Problem,
  type TokenReply,
  WEBSITE,
  World,
} from '../harness/world.js';

interface Signed extends Problem {
  readonly appId: string;
  readonly openId: string;
  readonly signature: string;
  readonly sessionKeyAt: string;
  readonly paySig?: string;
}

/** Mini programs of this file: one for each AppKey of the vectors. */
const [GAME, GO, OTHER] = ['wx00000000000000a1', 'wx00000000000000a2', 'wx00000000000000a3'] as const;
const SECRET = '5a4db0c0de0000000000000000000001';
const APP_KEYS = { '12345': MINI_PROGRAM, app_key_123: GAME, test_app_key_1234567890: GO };
const LIVE_KEY = `appKeyOfTheLiveEnvironment${randomBytes(8).toString('hex')}`;

const hmac = (key: string | Buffer, message: string | Buffer): string =>
  createHmac('sha256', key).update(message).digest('hex');

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

describe('signatures for other services', () => {
  let world: World;
  const secrets = new Set<string>([LIVE_KEY]);
  beforeAll(async () => {
    const miniPrograms = [MINI_PROGRAM, GAME, GO, OTHER].map((appId) => ({ appId, secret: SECRET }));
    world = await World.start(
      {
        ...API_KEYS,
        LOG_LEVEL: 'trace',
        WECHAT_MINI_PROGRAMS: miniPrograms.map(({ appId }) => `${appId}:${SECRET}`).join(),
        WECHAT_PAY_APP_KEYS: [
          ...Object.entries(APP_KEYS).map(([appKey, appId]) => `${appId}:0:${appKey}`),
          `${OTHER}:0:${LIVE_KEY}`,
          `${OTHER}:1:appKeyOfTheSandbox`,
        ].join(),
      },
      1,
      { apps: { miniPrograms } },
    );
    await world.control('settings', { sessionKeyMinIntervalSeconds: 60 });
  });
  afterAll(() => world.stop());
  afterEach(() => world.control('faults', undefined, 'DELETE'));

  const sign = (
    json: Readonly<Record<string, unknown>>,
    key: string | null = SERVICE_KEY,
    options: CallOptions = {},
  ): Promise<Reply<Signed>> =>
    callWithKey<Signed>(`${world.url}/v1/wechat/signatures`, key, { json, ...options });

  /** Logs a person in whose session_key is then this text. */
  async function loginWithKey(person: Person, sessionKey: string, appId = MINI_PROGRAM): Promise<TokenReply> {
    secrets.add(sessionKey);
    await world.control('session-keys', { person: person.id, appId, sessionKey });
    const { body, status } = await world.loginWith(await world.wxLogin(person, appId), { appId });
    expect(status).toBe(200);
    return body;
  }
  const freshKey = () => randomBytes(16).toString('base64');
  const eventsOf = async (userId: string) => {
    const path = `/v1/admin/events?userId=${userId}&type=session_key.signed`;
    const { body } = await callWithKey<{ items: { actor: string; details: object }[] }>(
      world.url + path,
      ADMIN_KEY,
    );
    return body.items;
  };

  describe.each(SIGNATURE_VECTORS)('vector $name', ({ sessionKey, appKey, uri, payload, ...expected }) => {
    test('is what the route answers, in lower-case hex', async () => {
      const appId = Object.entries(APP_KEYS).find(([key]) => key === appKey)?.[1];
      const before = world.clock.now();
      const { identity } = await loginWithKey(await world.person(), sessionKey, appId);
      const after = world.clock.now();
      const reply = await sign({ appId, openId: identity.openId, payload, uri, env: 0 });
      expect(reply.status).toBe(200);
      expect(reply.body).toEqual({
        appId,
        openId: identity.openId,
        signature: expected.signature ?? hmac(sessionKey, payload),
        sessionKeyAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        paySig: expected.paySig,
      });
      const obtainedAt = Date.parse(reply.body.sessionKeyAt);
      expect(before <= obtainedAt && obtainedAt <= after).toBe(true);
      const encoded = Buffer.from(payload).toString('base64');
      const same = await sign({ appId, openId: identity.openId, payload: encoded, encoding: 'base64', uri });
      expect(same.body).toEqual(reply.body);
    });
  });

  test('the ways that go wrong elsewhere give other values', async () => {
    const [game, xpay] = SIGNATURE_VECTORS;
    const { identity } = await loginWithKey(await world.person(), game?.sessionKey ?? '');
    const { openId } = identity;
    // The key decoded from base64 first, and the body serialised again without its spaces (section 13.9).
    expect((await sign({ openId, payload: game?.payload })).body.signature).not.toBe(
      'eb40bdab80a20748561ecf96aef7b2c9be583ba2ab204dfc5ee1bd9dd3763649',
    );
    const compact = '0752c249c2ebd270340899457a403941e1513800e29eb78afa67bd367ca273b1';
    expect((await sign({ openId, payload: xpay?.payload })).body.signature).not.toBe(compact);
    const recompacted = JSON.stringify(JSON.parse(xpay?.payload ?? ''));
    expect((await sign({ openId, payload: recompacted })).body.signature).toBe(compact);
    expect((await sign({ openId, payload: '' })).body.signature).toBe(
      '1f7605aea24c0785899e51bc4c483167a20ea7b0f5f36cfd398e89cb21c91e9c',
    );
  });

  describe('exactly the bytes of the payload', () => {
    let openId: string;
    let key: string;
    beforeAll(async () => {
      key = freshKey();
      ({ openId } = (await loginWithKey(await world.person(), key)).identity);
    });

    test.each([
      ['escapes and line ends of every kind', '{"a":"\\u4e2d\\/<>&"}\r\n\u2028\t'],
      ['characters beyond the BMP', '🌱𠮷'],
      ['a byte-order mark', '\uFEFFx'],
      ['text that is not normalised', 'e\u0301 \u00e9'],
      ['spaces around', '  x  '],
      ['zero', '\0'],
      ['words that mean something to JavaScript', '__proto__'],
    ])('are signed: %s', async (_what, payload) => {
      const { body } = await sign({ openId, payload });
      expect(body.signature).toBe(hmac(key, Buffer.from(payload, 'utf8')));
    });

    test('are signed as base64 where they are not UTF-8', async () => {
      const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80, 0xed, 0xa0, 0x80]);
      const { body } = await sign({ openId, payload: bytes.toString('base64'), encoding: 'base64' });
      expect(body.signature).toBe(hmac(key, bytes));
      expect((await sign({ openId, payload: '', encoding: 'base64' })).body.signature).toBe(hmac(key, ''));
    });

    test.each([
      ['a lone surrogate', { payload: 'a\ud800b' }],
      ['what bytes became that were not UTF-8', { payload: 'a\uFFFDb' }],
      ['base64 without padding', { payload: 'YQ', encoding: 'base64' }],
      ['base64url', { payload: '_-8=', encoding: 'base64' }],
      ['base64 with a line break', { payload: 'YWJj\nYWJj', encoding: 'base64' }],
      ['base64 with bits left over', { payload: 'YR==', encoding: 'base64' }],
      ['a payload that is an object', { payload: { a: 1 } }],
      ['no payload', {}],
      ['a payload named otherwise', { payload: 'a', signData: 'b' }],
      ['another encoding', { payload: 'a', encoding: 'hex' }],
      ['more than 64 KB', { payload: 'a'.repeat(65_537) }],
      ['more than 64 KB of Chinese', { payload: '中'.repeat(21_846) }],
      ['more than 64 KB in base64', { payload: Buffer.alloc(65_537).toString('base64'), encoding: 'base64' }],
      ['an address', { payload: '', uri: 'https://api.weixin.qq.com/xpay/query_order' }],
      ['a path with a query', { payload: '', uri: '/xpay/query_order?access_token=x' }],
      ['a path with two slashes', { payload: '', uri: '//api.weixin.qq.com/xpay' }],
      ['a path without a slash', { payload: '', uri: 'xpay/query_order' }],
      ['a path that ends in a line break', { payload: '', uri: '/xpay/query_order\n' }],
      ['a long path', { payload: '', uri: `/${'a'.repeat(128)}` }],
      ['an unknown env', { payload: '', uri: '/xpay/query_order', env: 2 }],
      ['an env in quotes', { payload: '', uri: '/xpay/query_order', env: '0' }],
      ['a flag in quotes', { payload: '', requireAlive: 'true' }],
    ])('are refused: %s', async (_what, json) => {
      const { body } = await sign({ openId, ...json });
      expect(body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
    });

    test('are 64 KB at most, however JSON writes them', async () => {
      for (const payload of ['a'.repeat(65_536), '"'.repeat(65_536), `${'中'.repeat(21_845)}a`]) {
        const { status, body } = await sign({ openId, payload });
        expect([status, body.signature]).toEqual([200, hmac(key, Buffer.from(payload))]);
      }
      const escaped = `{"openId":"${openId}","payload":"${'\\u4e2d'.repeat(21_845)}"}`;
      const reply = await callWithKey<Signed>(`${world.url}/v1/wechat/signatures`, SERVICE_KEY, {
        body: escaped,
        headers: { 'content-type': 'application/json' },
      });
      expect(reply.body.signature).toBe(hmac(key, '中'.repeat(21_845)));
    });

    test('are never guessed from a request that is not UTF-8', async () => {
      const start = Buffer.from(`{"openId":"${openId}","payload":"`);
      for (const bytes of [[0xff], [0xf0, 0x9f, 0x8c], [0xed, 0xa0, 0x80]]) {
        const response = await fetch(`${world.url}/v1/wechat/signatures`, {
          method: 'POST',
          body: Buffer.concat([start, Buffer.from(bytes), Buffer.from('"}')]),
          headers: { 'content-type': 'application/json', 'x-api-key': SERVICE_KEY },
        });
        expect(response.status).toBe(400);
      }
    });
  });

  test('a paySig is made with the AppKey of the env, and left out without uri or AppKey', async () => {
    const { identity } = await loginWithKey(await world.person(), freshKey(), OTHER);
    const asked = { appId: OTHER, openId: identity.openId, payload: '{"env":1}' };
    const uri = '/xpay/query_order';
    expect((await sign({ ...asked, uri })).body.paySig).toBe(hmac(LIVE_KEY, `${uri}&{"env":1}`));
    expect((await sign({ ...asked, uri, env: 1 })).body.paySig).toBe(
      hmac('appKeyOfTheSandbox', `${uri}&{"env":1}`),
    );
    expect((await sign(asked)).body).not.toHaveProperty('paySig');
    const { identity: other } = await loginWithKey(await world.person(), freshKey());
    const unknown = await sign({ openId: other.openId, payload: '', uri, env: 1 });
    expect(unknown.status).toBe(200);
    expect(unknown.body).not.toHaveProperty('paySig');
  });

  describe('whose', () => {
    test('person is named by exactly one of openId and userId', async () => {
      const { user, identity } = await loginWithKey(await world.person(), freshKey());
      const { openId } = identity;
      const byUser = await sign({ userId: user.id, payload: 'x' });
      expect(byUser.body).toEqual((await sign({ openId, payload: 'x' })).body);
      expect((await sign({ openId, userId: null, payload: 'x' })).status).toBe(200);
      for (const who of [
        {},
        { openId, userId: user.id },
        { openId: '' },
        { openid: openId },
        { userId: 'x' },
      ]) {
        expect((await sign({ ...who, payload: 'x' })).body.code).toBe('VALIDATION_FAILED');
      }
      // Databases pad what they compare.
      expect((await sign({ openId: `${openId} `, payload: 'x' })).body.code).toBe('VALIDATION_FAILED');
    });

    test('person of another app, or of none, is unknown', async () => {
      const person = await world.person();
      const { user, identity } = await loginWithKey(person, freshKey());
      const elsewhere = { appId: OTHER, payload: 'x' };
      for (const who of [{ openId: identity.openId }, { userId: user.id }]) {
        expect((await sign({ ...elsewhere, ...who })).body).toMatchObject({
          status: 404,
          code: 'IDENTITY_UNKNOWN',
        });
      }
      const nobody = '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f';
      expect((await sign({ userId: nobody, payload: 'x' })).body.code).toBe('IDENTITY_UNKNOWN');
      const lower = identity.openId.toLowerCase();
      expect((await sign({ openId: lower, payload: 'x' })).body.code).toBe('IDENTITY_UNKNOWN');
      for (const appId of [WEBSITE, 'wx0000000000000000']) {
        const reply = await sign({ appId, openId: identity.openId, payload: 'x' });
        expect(reply.body.code).toBe('APP_UNKNOWN');
      }
    });

    test('user was merged, the survivor signs', async () => {
      const key = freshKey();
      const person = await world.person({ withUnionId: false });
      const older = await world.websiteLogin(person);
      world.clock.advance(1);
      const younger = await loginWithKey(person, key);
      expect(younger.user.id).not.toBe(older.user.id);
      await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
      await world.miniProgramLogin(person);
      expect((await world.websiteLogin(person)).user.id).toBe(older.user.id);
      for (const userId of [older.user.id, younger.user.id]) {
        const { body } = await sign({ userId, payload: 'x' });
        expect(body.openId).toBe(younger.identity.openId);
        expect(body.signature).toBe(hmac(key, 'x'));
      }
      expect(await eventsOf(older.user.id)).toHaveLength(2);
    });

    test('identities in the app are two, the one with the newest key signs', async () => {
      // Two WeChat accounts without a unionid; the second one is linked to the user of the first.
      const [first, second] = [
        await world.person({ withUnionId: false }),
        await world.person({ withUnionId: false }),
      ];
      const login = await loginWithKey(first, freshKey());
      world.clock.advance(1);
      const key = freshKey();
      secrets.add(key);
      await world.control('session-keys', { person: second.id, sessionKey: key });
      const linked = await call(`${world.url}/v1/users/me/identities/mini-program`, {
        token: login.accessToken,
        json: { code: await world.wxLogin(second), proof: await world.miniProgramProof(first) },
      });
      expect(linked.status).toBeLessThan(300);
      const { body } = await sign({ userId: login.user.id, payload: 'x' });
      expect(body.signature).toBe(hmac(key, 'x'));
      expect(body.openId).not.toBe(login.identity.openId);
    });

    test('account is disabled, nobody signs', async () => {
      const { user, identity } = await loginWithKey(await world.person(), freshKey());
      await callWithKey(`${world.url}/v1/admin/users/${user.id}/disable`, ADMIN_KEY, { method: 'POST' });
      for (const who of [{ openId: identity.openId }, { userId: user.id }]) {
        expect((await sign({ ...who, payload: 'x' })).body).toMatchObject({
          status: 403,
          code: 'ACCOUNT_DISABLED',
        });
      }
      expect(await eventsOf(user.id)).toEqual([]);
    });
  });

  test('a person who is deleted while WeChat is asked leaves no signature and no event', async () => {
    const { user, identity } = await loginWithKey(await world.person(), freshKey());
    await world.control('calls', undefined, 'DELETE');
    await world.fault('/wxa/checksession', { delayMs: 1_000 });
    const signing = sign({ openId: identity.openId, payload: 'x', requireAlive: true });
    while ((await world.callsOf('/wxa/checksession')) < 1);
    const gone = await callWithKey(`${world.url}/v1/admin/users/${user.id}`, ADMIN_KEY, { method: 'DELETE' });
    expect(gone.status).toBe(204);
    const { status, body } = await signing;
    expect([status, body.code, body.signature]).toEqual([404, 'IDENTITY_UNKNOWN', undefined]);
    expect(await world.count(`events WHERE user_id = '${user.id}' AND type = 'session_key.signed'`)).toBe(0);
  });

  describe('while WeChat is asked', () => {
    const during = async (openId: string, change: () => Promise<unknown>) => {
      await world.control('calls', undefined, 'DELETE');
      await world.fault('/wxa/checksession', { delayMs: 1_000, times: 1 });
      const signing = sign({ openId, payload: 'x', requireAlive: true });
      while ((await world.callsOf('/wxa/checksession')) < 1);
      await change();
      return signing;
    };

    test('a login replaces the key: the new one signs, after WeChat was asked about that', async () => {
      const person = await world.person();
      const [before, after] = [freshKey(), freshKey()];
      const { user, identity } = await loginWithKey(person, before);
      world.clock.advance(1);
      const { body } = await during(identity.openId, () => loginWithKey(person, after));
      expect(body.signature).toBe(hmac(after, 'x'));
      expect(await world.callsOf('/wxa/checksession')).toBe(2);
      expect(await eventsOf(user.id)).toHaveLength(1);
    });

    test('the account is disabled: nobody signs', async () => {
      const { user, identity } = await loginWithKey(await world.person(), freshKey());
      const { body } = await during(identity.openId, () =>
        callWithKey(`${world.url}/v1/admin/users/${user.id}/disable`, ADMIN_KEY, { method: 'POST' }),
      );
      expect([body.code, body.signature]).toEqual(['ACCOUNT_DISABLED', undefined]);
      expect(await eventsOf(user.id)).toEqual([]);
    });
  });

  describe('a key', () => {
    test('that was replaced never signs again, although it still decrypts', async () => {
      const person = await world.person();
      const [before, after] = [freshKey(), freshKey()];
      await loginWithKey(person, before);
      world.clock.advance(1);
      const { identity } = await loginWithKey(person, after);
      const { openId } = identity;
      expect((await sign({ openId, payload: 'x' })).body.signature).toBe(hmac(after, 'x'));
      const [row] = await world.backend.rows(
        `SELECT previous_session_key FROM wechat_identities WHERE open_id = '${openId}'`,
      );
      expect(row?.previous_session_key).toMatch(/^v1\./);
      await world.backend.write(
        `UPDATE wechat_identities SET session_key = NULL WHERE open_id = '${openId}'`,
      );
      expect((await sign({ openId, payload: 'x' })).body).toMatchObject({
        status: 409,
        code: 'SESSION_KEY_STALE',
      });
    });

    test('that WeChat calls dead does not sign where it has to be alive, and is asked about itself', async () => {
      const person = await world.person();
      const key = freshKey();
      const { user, identity } = await loginWithKey(person, key);
      const asked = { openId: identity.openId, payload: 'x', requireAlive: true };
      await world.control('calls', undefined, 'DELETE');
      expect((await sign(asked)).body.signature).toBe(hmac(key, 'x'));
      expect(await world.callsOf('/wxa/checksession')).toBe(1);
      // Another wx.login, which this service does not hear of.
      world.clock.advance(61);
      await world.wxLogin(person);
      const dead = await sign(asked);
      expect(dead.body).toMatchObject({ status: 409, code: 'SESSION_KEY_STALE' });
      expect(dead.body.detail).toContain('wx.login');
      expect(await eventsOf(user.id)).toHaveLength(1);
      expect((await sign({ ...asked, requireAlive: false })).body.signature).toBe(hmac(key, 'x'));
      expect(await world.callsOf('/wxa/checksession')).toBe(2);
      await world.miniProgramLogin(person);
      expect((await sign(asked)).status).toBe(200);
    });

    test('signs nothing where WeChat cannot say whether it is alive', async () => {
      const { user, identity } = await loginWithKey(await world.person(), freshKey());
      await world.fault('/wxa/checksession', { status: 502, body: 'Bad Gateway', times: 9 });
      const { body } = await sign({ openId: identity.openId, payload: 'x', requireAlive: true });
      expect(body).toMatchObject({ status: 503, code: 'WECHAT_UNAVAILABLE' });
      expect(await eventsOf(user.id)).toEqual([]);
    });

    test('that no ENCRYPTION_KEYS opens is as stale as none', async () => {
      const { identity } = await loginWithKey(await world.person(), freshKey());
      const { openId } = identity;
      await world.backend.write(
        `UPDATE wechat_identities SET session_key = 'v1.unknown.unreadable' WHERE open_id = '${openId}'`,
      );
      expect((await sign({ openId, payload: 'x' })).body.code).toBe('SESSION_KEY_STALE');
    });
  });

  test('each signature leaves an event with who asked for what, and without the payload', async () => {
    const { user, identity } = await loginWithKey(await world.person(), freshKey());
    const { openId } = identity;
    const payload = `{"secretOfTheShop":"${randomBytes(8).toString('hex')}"}`;
    secrets.add(payload);
    await sign({ openId, payload });
    await sign({ openId, payload, uri: '/xpay/query_order', env: 0 }, ADMIN_KEY);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(await eventsOf(user.id)).toMatchObject([
      {
        actor: 'admin:alice',
        details: {
          appId: MINI_PROGRAM,
          identityId: id,
          bytes: payload.length,
          uri: '/xpay/query_order',
          paySig: true,
        },
      },
      { actor: 'service:orders', details: { appId: MINI_PROGRAM, identityId: id, bytes: payload.length } },
    ]);
  });

  test('many at once for one person are all answered, and all recorded', async () => {
    const { user, identity } = await loginWithKey(await world.person(), freshKey());
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) => sign({ openId: identity.openId, payload: String(n) })),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(replies.map(({ body }) => body.signature)).size).toBe(40);
    expect(await eventsOf(user.id)).toHaveLength(20);
    expect(await world.count(`events WHERE user_id = '${user.id}' AND type = 'session_key.signed'`)).toBe(40);
  });

  test('need a key of a service, and no page of another origin gets one', async () => {
    const { identity } = await loginWithKey(await world.person(), freshKey());
    const json = { openId: identity.openId, payload: 'x' };
    for (const key of [null, `${SERVICE_KEY}x`]) {
      expect((await sign(json, key)).body).toMatchObject({ status: 401, code: 'API_KEY_INVALID' });
    }
    const { accessToken } = await world.miniProgramLogin(await world.person());
    expect((await sign(json, null, { token: accessToken })).body.code).toBe('API_KEY_INVALID');
    const { headers } = await sign(json);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('neither log, store nor tables hold a key, an AppKey or a payload', async () => {
    expect(secrets.size).toBeGreaterThan(10);
    const places = {
      log: world.log(),
      store: await storeContents(world),
      tables: await tableContents(world),
    };
    expect(places.log).toContain('/v1/wechat/signatures');
    expect(places.store).toContain('app-access-token');
    expect(places.tables).toContain('session_key.signed');
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) {
        // The details of an event are JSON in JSON here.
        const once = escaped(secret);
        const forms = [secret, once, escaped(once), encodeURIComponent(secret)];
        expect({ place, secret, found: forms.some((form) => text.includes(form)) }).toEqual({
          place,
          secret,
          found: false,
        });
      }
    }
  });
});
