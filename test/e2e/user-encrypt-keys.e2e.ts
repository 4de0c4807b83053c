import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { storeContents, tableContents } from '../harness/contents.js';
import type { Reply } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { MINI_PROGRAM, type Person, type Problem, World } from '../harness/world.js';

const ENDPOINT = '/wxa/business/getuserencryptkey';

interface Key {
  readonly encryptKey: string;
  readonly iv: string;
  readonly version: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

describe("a person's encryption keys for other services", () => {
  let world: World;
  let person: Person;
  let openId: string;
  let userId: string;
  const secrets = new Set<string>();
  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, LOG_LEVEL: 'trace' });
    person = await world.person();
    const login = await world.miniProgramLogin(person);
    ({ openId } = login.identity);
    userId = login.user.id;
  });
  afterAll(() => world.stop());
  afterEach(() => world.control('faults', undefined, 'DELETE'));

  const ask = async (
    json: Readonly<Record<string, unknown>> = { openId },
    key: string | null = SERVICE_KEY,
  ): Promise<Reply<Problem & { readonly keys: Key[] }>> => {
    const reply = await callWithKey<Problem & { readonly keys: Key[] }>(
      `${world.url}/v1/wechat/user-encrypt-keys`,
      key,
      { json },
    );
    for (const { encryptKey, iv } of reply.status === 200 ? reply.body.keys : []) {
      secrets.add(encryptKey).add(iv);
    }
    return reply;
  };
  const seconds = (time: string) => Math.round((Date.parse(time) - world.clock.now()) / 1000);

  test('are those that the phone has, with their times', async () => {
    const phone = await world.control<Key>('user-keys', { person: person.id });
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body).toEqual({
      keys: [
        {
          encryptKey: phone.encryptKey,
          iv: phone.iv,
          version: 1,
          createdAt: expect.stringMatching(/Z$/),
          expiresAt: expect.stringMatching(/Z$/),
        },
      ],
    });
    expect(Math.abs(seconds(body.keys[0]?.createdAt ?? ''))).toBeLessThan(30);
    expect(Math.abs(seconds(body.keys[0]?.expiresAt ?? '') - 3600)).toBeLessThan(30);
  });

  test('are three, the newest first, and the older ones have ended', async () => {
    for (let hour = 0; hour < 3; hour++) {
      world.clock.advance(3_600);
      await ask();
    }
    const { keys } = (await ask({ userId })).body;
    expect(keys.map(({ version }) => version)).toEqual([4, 3, 2]);
    const [newest, ...older] = keys;
    expect(seconds(newest?.expiresAt ?? '')).toBeGreaterThan(3_500);
    for (const { createdAt, expiresAt } of older) {
      expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(3_600_000);
      expect(seconds(expiresAt)).toBeLessThanOrEqual(0);
    }
  });

  test('are those of nobody else', async () => {
    const other = await world.miniProgramLogin(await world.person());
    const [theirs] = (await ask({ openId: other.identity.openId })).body.keys;
    const [ours] = (await ask()).body.keys;
    expect(theirs?.encryptKey).not.toBe(ours?.encryptKey);
    expect((await ask({ openId: 'oNobody' })).body).toMatchObject({ status: 404, code: 'IDENTITY_UNKNOWN' });
    expect((await ask({})).body.code).toBe('VALIDATION_FAILED');
    expect((await ask({ openId, userId })).body.code).toBe('VALIDATION_FAILED');
    expect((await ask({ openId, appId: 'wx0000000000000000' })).body.code).toBe('APP_UNKNOWN');
    for (const key of [null, `${SERVICE_KEY}x`]) {
      expect((await ask({ openId }, key)).body.code).toBe('API_KEY_INVALID');
    }
  });

  test('need a living session_key', async () => {
    const someone = await world.person();
    const login = await world.miniProgramLogin(someone);
    world.clock.advance(61);
    await world.wxLogin(someone);
    const asked = { openId: login.identity.openId };
    expect((await ask(asked)).body).toMatchObject({ status: 409, code: 'SESSION_KEY_STALE' });
    await world.miniProgramLogin(someone);
    expect((await ask(asked)).status).toBe(200);
    await callWithKey(`${world.url}/v1/admin/users/${login.user.id}/disable`, ADMIN_KEY, { method: 'POST' });
    expect((await ask(asked)).body.code).toBe('ACCOUNT_DISABLED');
  });

  test('are fetched by a GET with everything in the query, once for each call, and each call is recorded', async () => {
    await world.control('calls', undefined, 'DELETE');
    const before = await world.count(`events WHERE type = 'user_encrypt_keys.fetched'`);
    await ask();
    await ask({ openId }, ADMIN_KEY);
    const { calls } = await world.control<{ calls: object[] }>(`calls?endpoint=${ENDPOINT}`);
    expect(calls).toMatchObject([
      { method: 'GET', appId: MINI_PROGRAM, errcode: 0 },
      { method: 'GET', appId: MINI_PROGRAM, errcode: 0 },
    ]);
    expect(await world.count(`events WHERE type = 'user_encrypt_keys.fetched'`)).toBe(before + 2);
    const path = `/v1/admin/events?userId=${userId}&type=user_encrypt_keys.fetched&limit=2`;
    const { body } = await callWithKey<{ items: object[] }>(world.url + path, ADMIN_KEY);
    const details = { appId: MINI_PROGRAM, identityId: expect.any(String) };
    expect(body.items).toMatchObject([
      { actor: 'admin:alice', details },
      { actor: 'service:orders', details },
    ]);
  });

  const info = {
    encrypt_key: 'VI6BpyrK9XH4i4AIGe86tg==',
    version: 10,
    expire_in: 3597,
    iv: '6003f73ec441c386',
    create_time: 1616572301,
  };
  test.each([
    ['no list', {}],
    ['a list of something else', { key_info_list: ['x'] }],
    ['a key that is too short', { key_info_list: [{ ...info, encrypt_key: 'VI6BpyrK9XH4' }] }],
    ['no iv', { key_info_list: [{ ...info, iv: undefined }] }],
    ['a version in quotes', { key_info_list: [{ ...info, version: '10' }] }],
    ['a time in milliseconds', { key_info_list: [{ ...info, create_time: 1616572301000 }] }],
    ['a life of centuries', { key_info_list: [{ ...info, expire_in: 1e13 }] }],
    ['more keys than anybody has', { key_info_list: Array.from({ length: 21 }, () => info) }],
  ])('are not believed with %s', async (_what, answer) => {
    await world.fault(ENDPOINT, { body: JSON.stringify({ errcode: 0, errmsg: 'ok', ...answer }) });
    expect((await ask()).body).toMatchObject({ status: 502, code: 'WECHAT_BAD_REPLY' });
  });

  test('are in no log, store or table', async () => {
    expect(secrets.size).toBeGreaterThan(5);
    const places = [world.log(), await storeContents(world), await tableContents(world)];
    expect(places[2]).toContain('user_encrypt_keys.fetched');
    for (const text of places) expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);
  });
});
