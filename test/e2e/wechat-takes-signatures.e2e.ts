import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { MINI_PROGRAM, type Person, SHOP, World } from '../harness/world.js';

const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const APP_KEYS = ['appKeyOfTheLiveEnvironment', 'appKeyOfTheSandbox'] as const;

interface Signed {
  readonly signature: string;
  readonly paySig: string;
}

/** A service that knows an API key and nothing else calls WeChat, which is the sandbox with checks of its own. */
describe('WeChat takes what this service signs for others', () => {
  let world: World;
  let person: Person;
  let openId: string;
  beforeAll(async () => {
    const payAppKeys = ([0, 1] as const).map((env) => ({ appId: MINI_PROGRAM, env, appKey: APP_KEYS[env] }));
    world = await World.start(
      {
        ...API_KEYS,
        WECHAT_PAY_APP_KEYS: payAppKeys.map(({ appId, env, appKey }) => `${appId}:${env}:${appKey}`).join(),
      },
      1,
      { payAppKeys },
    );
    person = await world.person();
    ({ openId } = (await world.miniProgramLogin(person)).identity);
  });
  afterAll(() => world.stop());

  const ours = async <Body>(path: string, json?: object): Promise<Body> => {
    const reply = await callWithKey<Body>(`${world.url}/v1/wechat/${path}`, SERVICE_KEY, {
      ...(json && { json }),
    });
    expect([path, reply.status, reply.text.includes('code')]).toEqual([path, 200, false]);
    return reply.body;
  };
  const sign = (payload: string, uri: string, env: 0 | 1) =>
    ours<Signed>('signatures', { openId, payload, uri, env, requireAlive: true });

  /** A server call of virtual payment, with these bytes signed and those sent. */
  async function xpay(path: string, signed: string, sent: string, env: 0 | 1): Promise<number> {
    const { signature, paySig } = await sign(signed, path, env);
    const { accessToken } = await ours<{ accessToken: string }>(`access-tokens/${MINI_PROGRAM}`);
    const query = new URLSearchParams({ access_token: accessToken, pay_sig: paySig, signature });
    const { body } = await call<{ errcode: number }>(`${world.sandbox.url}${path}?${query.toString()}`, {
      body: sent,
    });
    return body.errcode;
  }

  test.each([0, 1] as const)('in calls of the shop to virtual payment, with env %s', async (env) => {
    // Spaces and escapes as no serialiser of this service would write them.
    const body = `{ "env":${env},  "openid": "${openId}", "user_ip":"127.0.0.1", "remark":"\\u4e2d<>&" }`;
    const path = '/xpay/query_user_balance';
    expect(await xpay(path, body, body, env)).toBe(0);
    const reserialised = JSON.stringify(JSON.parse(body));
    expect(await xpay(path, reserialised, body, env)).toBe(268490003);
    expect(await xpay(path, body, body, env === 0 ? 1 : 0)).toBe(268490003);
  });

  test('in the call of the mini program, wx.requestVirtualPayment', async () => {
    const signData = JSON.stringify({
      offerId: '1450000000',
      buyQuantity: 1,
      env: 0,
      currencyType: 'CNY',
      productId: 'product_001',
      goodsPrice: 100,
      outTradeNo: 'order_0001',
      attach: '附言',
    });
    const { signature, paySig } = await sign(signData, 'requestVirtualPayment', 0);
    const pay = (change: object = {}) =>
      world.control('virtual-payments', {
        person: person.id,
        appId: MINI_PROGRAM,
        mode: 'short_series_goods',
        signData,
        paySig,
        signature,
        ...change,
      });
    expect(await pay({ signature: paySig })).toMatchObject({ errCode: -15005 });
    expect(await pay()).toMatchObject({ errMsg: 'requestVirtualPayment:ok' });
  });

  test('in wx.config of a page, until the account has another ticket', async () => {
    const page = `${SHOP}/goods?name=%E4%B8%AD&from=singlemessage`;
    const config = await ours<object>(`js-sdk-config?url=${encodeURIComponent(`${page}#/route`)}`);
    const configure = (url: string) => world.control('js-sdk-configs', { ...config, url });
    expect(await configure(page)).toMatchObject({ errMsg: 'config:ok' });
    expect(await configure(decodeURIComponent(page))).toMatchObject({ errMsg: 'config:invalid signature' });
    await world.control('tickets/end', { appId: OFFICIAL_ACCOUNT });
    expect(await configure(page)).toMatchObject({ errMsg: 'config:invalid signature' });
  });
});
