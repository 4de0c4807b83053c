import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type Problem, type TokenReply, World } from '../harness/world.js';

const TOKEN = 'tokenOfThePush0123456789';

/** wechat-api.md section 0: WeChat writes a nickname into its JSON as it is. */
const CONTROLS = 'A\u0014B\u0000\u001f\u007f小明';
const CLEANED = 'AB小明';

describe('text of WeChat that JSON and UTF-8 do not allow', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ WECHAT_PUSH_TOKEN: TOKEN });
  });
  afterAll(() => world.stop());

  const loginAtWebsite = async (person: Person): Promise<TokenReply> => world.websiteLogin(person);

  test('a nickname with raw control characters', async () => {
    const { user } = await loginAtWebsite(await world.person({ nickname: CONTROLS }));
    expect(user.nickname).toBe(CLEANED);
  });

  test('bytes that are no UTF-8, and a byte-order mark', async () => {
    const person = await world.person();
    const openid = person.openIds.wx5a4db0c0de000002 ?? '';
    const bytes = Buffer.concat([
      Buffer.from(`\uFEFF{"openid":"${openid}","nickname":"`),
      Buffer.from([0x41, 0xff, 0xfe, 0x14, 0xe5, 0xb0]),
      Buffer.from('B","headimgurl":""}'),
    ]);
    await world.fault('/sns/userinfo', { bodyBase64: bytes.toString('base64') });
    const { user } = await loginAtWebsite(person);
    expect(user.nickname).toBe('AB');
  });

  test('the answer to a code of wx.login', async () => {
    const person = await world.person();
    const body = `\uFEFF{"openid":"${person.openIds[MINI_PROGRAM] ?? ''}","session_key":"dGhlIHNlc3Npb24ga2V5IQ==","note":"\u0001\u0014"}`;
    await world.fault('/sns/jscode2session', { body });
    expect((await world.loginWith(await world.wxLogin(person))).status).toBe(200);
  });

  test('open data, with the signature over what the client was given', async () => {
    const person = await world.person({ nickname: CONTROLS });
    const { accessToken } = await world.miniProgramLogin(person);
    const data = await world.control<Record<string, string>>('open-data', {
      person: person.id,
      kind: 'userInfo',
    });
    expect(data.rawData).toContain('\u0014');
    const reply = await call<{ user: { nickname: string } }>(`${world.url}/v1/mini-program/profile`, {
      method: 'PUT',
      token: accessToken,
      json: data,
    });
    expect([reply.status, reply.body.user.nickname]).toEqual([200, CLEANED]);
  });

  test.each(['xml', 'json'])('a push in %s', async (format) => {
    const sent = await world.control<{ deliveries: { delivered: boolean }[] }>('push', {
      appId: MINI_PROGRAM,
      person: (await world.person()).id,
      event: 'user_info_modified',
      token: TOKEN,
      format,
      fields: { Note: CONTROLS },
    });
    expect(sent.deliveries.map(({ delivered }) => delivered)).toEqual([true]);
  });

  test.each(['text/xml', 'application/json'])('a push whose bytes are no UTF-8, as %s', async (type) => {
    const sent = await world.control<{ url: string; body: string }>('push', {
      appId: MINI_PROGRAM,
      person: (await world.person()).id,
      event: 'user_info_modified',
      token: TOKEN,
      format: type === 'text/xml' ? 'xml' : 'json',
      fields: { Note: 'MARK' },
      send: false,
    });
    const [before = '', after = ''] = sent.body.split('MARK');
    const response = await fetch(sent.url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.concat([
        Buffer.from(`\uFEFF${before}`),
        Buffer.from([0xff, 0xe5, 0x14]),
        Buffer.from(after),
      ]),
    });
    expect([response.status, await response.text()]).toEqual([200, 'success']);
  });

  test('a slash behind the address of the push is the same address', async () => {
    const sent = await world.control<{ url: string; body: string; contentType: string }>('push', {
      appId: MINI_PROGRAM,
      person: (await world.person()).id,
      event: 'user_info_modified',
      token: TOKEN,
      send: false,
    });
    const url = sent.url.replace('?', '/?');
    const reply = await call<Problem>(url, {
      body: sent.body,
      headers: { 'content-type': sent.contentType },
    });
    expect([reply.status, reply.text]).toEqual([200, 'success']);
    // At most one, and on no other route.
    expect((await call(sent.url.replace('?', '//?'))).status).toBe(404);
    expect((await call(`${world.url}/health/live/`)).status).toBe(404);
  });
});
