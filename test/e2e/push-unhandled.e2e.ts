import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { post, pushLetter } from '../harness/push-letter.js';
import { MINI_PROGRAM, WEBSITE, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const PAIR = { token: 'tokenOfThePush', aesKey: 'K'.repeat(43) };
const PLATFORM = 'wx5a4db0c0de0000ff';
const ENVIRONMENT = {
  WECHAT_PUSH_TOKEN: PAIR.token,
  WECHAT_PUSH_AES_KEY: PAIR.aesKey,
  WECHAT_PUSH_APPS: `${PLATFORM}:${PAIR.token}:${PAIR.aesKey}`,
};

const event = (Event: string) => ({ FromUserName: 'oA', MsgType: 'event', Event });

describe('pushes that nobody wants', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(ENVIRONMENT, backend.redisUrl === null ? 1 : INSTANCES);
  });
  afterAll(() => world.stop());

  /** Pushes it to an instance. @returns status and text of the answer */
  const send = async (fields: object, appId = MINI_PROGRAM, instance = 0): Promise<string> => {
    const letter = pushLetter(world, appId, JSON.stringify(fields), PAIR);
    const { status, text } = await post(world.service(instance).url, appId, letter);
    return `${status} ${text}`;
  };

  const recorded = async (): Promise<unknown[]> => {
    const rows = await world.backend.rows(
      `SELECT details FROM events WHERE type = 'push.unhandled' ORDER BY id`,
    );
    return rows.map(({ details }) => JSON.parse(String(details)) as unknown);
  };

  const counted = async (name: string, outcome: string, instance = 0): Promise<number> => {
    const { text } = await call(`${world.service(instance).url}/metrics`);
    const line = new RegExp(
      `^wechat_auth_pushes_total\\{event="${name}",outcome="${outcome}"\\} (\\d+)$`,
      'm',
    );
    return Number(line.exec(text)?.[1] ?? 'NaN');
  };

  test('are counted from 0, acknowledged, and recorded once a minute by app and event, on all instances together', async () => {
    expect(await counted('xpay_goods_deliver_notify', 'unhandled')).toBe(0);
    const last = world.services.length - 1;
    const order = { ...event('xpay_goods_deliver_notify'), OpenId: 'oBuyer', OutTradeNo: 'order_1' };
    for (const instance of [0, 0, last])
      expect(await send(order, MINI_PROGRAM, instance)).toBe('200 success');
    expect(await send(order, WEBSITE)).toBe('200 success');
    expect(await send(event('SCAN'))).toBe('200 success');
    expect(await recorded()).toEqual([
      { appId: MINI_PROGRAM, event: 'xpay_goods_deliver_notify' },
      { appId: WEBSITE, event: 'xpay_goods_deliver_notify' },
      { appId: MINI_PROGRAM, event: 'scan' },
    ]);
    expect(await counted('xpay_goods_deliver_notify', 'unhandled')).toBe(last === 0 ? 4 : 3);
    expect(await counted('xpay_goods_deliver_notify', 'unhandled', last)).toBe(last === 0 ? 4 : 1);
    await world.pass(61);
    await send(order);
    expect(await recorded()).toHaveLength(4);
  });

  test('of no known event are counted together, and recorded by a name that looks like one', async () => {
    const before = (await recorded()).length;
    for (const name of ['Guide_QRCode_Scan_Event', 'toString', '<b>"\n{}', 'x'.repeat(65)])
      expect(await send(event(name))).toBe('200 success');
    expect(await send({ FromUserName: 'oA', MsgType: 'text', Content: '你好', MsgId: 1 })).toBe(
      '200 success',
    );
    expect(await send({ AppId: PLATFORM, InfoType: 'authorized' }, PLATFORM)).toBe('200 success');
    expect((await recorded()).slice(before)).toEqual([
      { appId: MINI_PROGRAM, event: 'guide_qrcode_scan_event' },
      { appId: MINI_PROGRAM, event: 'tostring' },
      { appId: MINI_PROGRAM, event: 'other' },
      { appId: MINI_PROGRAM, event: 'message' },
      { appId: PLATFORM, event: 'platform' },
    ]);
    expect(await counted('other', 'unhandled')).toBe(4);
    expect(await counted('message', 'unhandled')).toBe(1);
    expect(await counted('platform', 'unhandled')).toBe(1);
  });

  test('are acknowledged also where that cannot be recorded', async () => {
    await world.backend.write('ALTER TABLE events RENAME TO events_away');
    expect(await send(event('CLICK'))).toBe('200 success');
    await world.backend.write('ALTER TABLE events_away RENAME TO events');
    expect(world.log()).toContain('an unhandled push could not be recorded');
  });

  test('are not those about consent, and not those that are refused, which are counted as what they are', async () => {
    const before = (await recorded()).length;
    const login = await world.miniProgramLogin(await world.person());
    const revoke = {
      ...event('user_info_modified'),
      OpenID: login.identity.openId,
      AppID: MINI_PROGRAM,
      CreateTime: 1714037059,
    };
    expect(await send(revoke)).toBe('200 success');
    expect(await send({ ...revoke, CreateTime: '' })).toContain('PUSH_MALFORMED');
    const forged = pushLetter(world, MINI_PROGRAM, '{}', { ...PAIR, token: 'anotherToken' });
    expect((await post(world.url, MINI_PROGRAM, forged)).status).toBe(403);
    expect(await counted('user_info_modified', 'acted')).toBe(1);
    expect(await counted('user_info_modified', 'PUSH_MALFORMED')).toBe(1);
    expect(await counted('unread', 'PUSH_SIGNATURE_INVALID')).toBe(1);
    expect(await recorded()).toHaveLength(before);
  });

  test('leave nothing of a person in the events', async () => {
    const rows = JSON.stringify(
      await world.backend.rows(`SELECT * FROM events WHERE type = 'push.unhandled'`),
    );
    for (const text of ['oBuyer', 'oA', 'order_1', '你好']) expect(rows).not.toContain(text);
  });
});
