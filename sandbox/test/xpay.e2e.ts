import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { paySignature, userSignature } from '../src/virtual-payment/signatures.js';
import { ACCOUNT, type Answer, Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

const APP_KEY = '12345';
const TEST_KEY = 'the key of env 1';
const SESSION_KEY = '9hAb/NEYUlkaMBEsmFgzig==';

/** V9 of section 13.9, official. */
const V9 = {
  path: '/xpay/query_user_balance',
  body: '{"openid": "xxx", "user_ip": "127.0.0.1", "env": 0}',
  query: {
    pay_sig: 'c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5',
    signature: '089d9e8dc5d308977360c4b79ec600a93d736802802a807d634192328032f6c7',
  },
};

describe('the server calls of virtual payment', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  let token: string;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    driver = await Driver.start({
      serviceUrl: service.url,
      payAppKeys: [
        { appId: MINI.appid, env: 0, appKey: APP_KEY },
        { appId: MINI.appid, env: 1, appKey: TEST_KEY },
      ],
    });
  });
  beforeEach(async () => {
    await driver.control('reset');
    service.reset();
    await driver.control('people', { id: 'eve', openIds: { [MINI.appid]: 'xxx' } });
    await driver.control('session-keys', { person: 'eve', sessionKey: SESSION_KEY });
    token = await driver.appToken();
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  async function post(path: string, body: string, query: Record<string, string> = {}): Promise<Answer> {
    const search = new URLSearchParams({ access_token: token, ...query }).toString();
    return driver.get(`${path}?${search}`, {}, { method: 'POST', body });
  }

  /** A call with good signatures over its bytes. */
  function call(path: string, json: Json, query: Record<string, string> = {}): Promise<Answer> {
    const body = JSON.stringify(json);
    const pay_sig = paySignature(json.env === 1 ? TEST_KEY : APP_KEY, path, body);
    return post(path, body, { pay_sig, signature: userSignature(SESSION_KEY, body), ...query });
  }
  const errcodeOf = ({ status, json }: Answer) => [status, json.errcode];

  const WHO = { openid: 'xxx', env: 0 };
  const PAYING = {
    ...{ ...WHO, user_ip: '127.0.0.1', amount: 30, order_id: 'pay-00001', remark: '一张卡' },
    payitem: '[{"productid":"x","unit_price":30,"quantity":1}]',
  };

  async function bought(outTradeNo = 'order12345', env = 0): Promise<Json> {
    const signData = JSON.stringify({
      ...{ offerId: '1450019686', buyQuantity: 2, env, currencyType: 'CNY', productId: 'product_001' },
      ...{ goodsPrice: 100, outTradeNo, attach: 'a' },
    });
    return driver.control('virtual-payments', {
      ...{ person: 'eve', signData, mode: 'short_series_goods' },
      paySig: paySignature(env === 1 ? TEST_KEY : APP_KEY, 'requestVirtualPayment', signData),
      signature: userSignature(SESSION_KEY, signData),
    });
  }

  it('takes the official example', async () => {
    const { json } = await post(V9.path, V9.body, V9.query);
    expect(json).toMatchObject({ errcode: 0, balance: 0, present_balance: 0, first_save_flag: false });
  });

  describe.each<[string, string, Record<string, string>, number, string?]>([
    ['another token', V9.body, { access_token: '84_' + 'a'.repeat(60) }, 40001],
    ['no JSON', 'openid=xxx', {}, 47001],
    ['a field missing before a wrong signature', '{"openid": "xxx", "env": 0}', { pay_sig: 'x' }, 268490002],
    ['an env that is a text', '{"openid": "xxx", "user_ip": "127.0.0.1", "env": "0"}', {}, 268490002],
    ['no pay_sig', V9.body, { pay_sig: '' }, 268490003, '签名字段[pay_sig]为空 rid: '],
    [
      'pay_sig in upper case',
      V9.body,
      { pay_sig: V9.query.pay_sig.toUpperCase() },
      268490003,
      '支付签名(pay_sig)校验失败 rid: ',
    ],
    ['pay_sig before openid', '{"openid": "yyy", "user_ip": "127.0.0.1", "env": 0}', {}, 268490003],
    ['no signature', V9.body, { signature: '' }, 268490003, '签名字段[signature]为空 rid: '],
    [
      'signature in upper case',
      V9.body,
      { signature: V9.query.signature.toUpperCase() },
      268490003,
      '签名校验失败 rid: ',
    ],
    [
      'a decoded session_key',
      V9.body,
      { signature: 'eb40bdab80a20748561ecf96aef7b2c9be583ba2ab204dfc5ee1bd9dd3763649' },
      268490003,
    ],
    ['other bytes', V9.body.replaceAll(' ', ''), {}, 268490003],
  ])('given %s', (_, body, query, errcode, text = '') => {
    it(`answers ${errcode}`, async () => {
      const { status, json } = await post(V9.path, body, { ...V9.query, ...query });
      expect([status, json.errcode]).toEqual([200, errcode]);
      expect(json.errmsg).toContain(text);
    });
  });

  it('knows the AppKey of the environment only', async () => {
    const body = '{"openid": "xxx", "user_ip": "127.0.0.1", "env": 1}';
    const signature = userSignature(SESSION_KEY, body);
    const signed = (key: string) =>
      post(V9.path, body, { signature, pay_sig: paySignature(key, V9.path, body) });
    expect((await signed(APP_KEY)).json.errcode).toBe(268490003);
    expect((await signed(TEST_KEY)).json.errcode).toBe(0);
  });

  it('checks the openid before the session_key, and that before the signature', async () => {
    const stranger = await call(V9.path, { openid: 'zzz', env: 0, user_ip: '1' });
    expect(stranger.json.errcode).toBe(268490001);
    await driver.control('session-keys', { person: 'eve', sessionKey: 'bmV3IGtleSBvZiBldmUhIQ==' });
    const late = await call(V9.path, { ...WHO, user_ip: '1' });
    expect(late.json.errcode).toBe(268490009);
    await driver.control('people', { id: 'bob', openIds: { [MINI.appid]: 'bbb' } });
    const never = await call(V9.path, { openid: 'bbb', env: 0, user_ip: '1' }, { signature: '' });
    expect(never.json.errcode).toBe(268490009);
  });

  it('refuses GET, and the token of another kind of app', async () => {
    expect((await driver.get(V9.path, { access_token: token })).json.errcode).toBe(43002);
    token = await driver.appToken(ACCOUNT);
    expect((await post(V9.path, V9.body, V9.query)).json.errcode).toBe(48001);
  });

  it('takes a pay_sig over the whole address where the setting says so', async () => {
    const signedOver = (uri: string) =>
      post(V9.path, V9.body, { ...V9.query, pay_sig: paySignature(APP_KEY, uri, V9.body) });
    const address = driver.sandbox.url + V9.path;
    expect((await signedOver(address)).json.errcode).toBe(268490003);
    await driver.control('settings', { paySigOverAddress: true });
    expect((await signedOver(address)).json.errcode).toBe(0);
    expect((await signedOver(V9.path)).json.errcode).toBe(0);
    expect((await signedOver(`http://elsewhere${V9.path}`)).json.errcode).toBe(268490003);
  });

  it('pays with tokens once, the given ones first', async () => {
    await driver.control('coins', { person: 'eve', saved: 40, present: 10 });
    const paid = await call('/xpay/currency_pay', PAYING);
    expect(paid.json).toMatchObject({
      errcode: 0,
      order_id: 'pay-00001',
      balance: 20,
      used_present_amount: 10,
    });
    expect((await call('/xpay/currency_pay', PAYING)).json.errcode).toBe(268490004);
    const more = await call('/xpay/currency_pay', { ...PAYING, order_id: 'pay-00002' });
    expect(more.json.errcode).toBe(268490006);
    expect((await call(V9.path, { ...WHO, user_ip: '1' })).json).toMatchObject({
      ...{ balance: 20, present_balance: 0, sum_save: 40, sum_present: 10, sum_balance: 50, sum_cost: 30 },
      first_save_flag: true,
    });
    expect((await call(V9.path, { ...WHO, env: 1, user_ip: '1' })).json.balance).toBe(0);
    expect((await driver.get('/control/coins', { person: 'eve' })).json).toEqual({ saved: 20, present: 0 });
  });

  it('takes payitem as text only', async () => {
    for (const payitem of [[{ productid: 'x' }], '{}', 'x']) {
      expect((await call('/xpay/currency_pay', { ...PAYING, payitem })).json.errcode).toBe(268490002);
    }
  });

  it('answers an order by either of its numbers, with another env than the request', async () => {
    await bought();
    await bought('order-of-env-1', 1);
    const { json } = await call('/xpay/query_order', { ...WHO, order_id: 'order12345' });
    expect(json.order).toMatchObject({
      ...{ order_id: 'order12345', status: 2, order_fee: 200, paid_fee: 200, left_fee: 200, refund_fee: 0 },
      ...{ env_type: 1, order_type: 0, provide_time: 0, biz_meta: 'a' },
    });
    const { wx_order_id } = json.order as Json;
    expect((await call('/xpay/query_order', { ...WHO, wx_order_id })).json).toEqual(json);
    const other = await call('/xpay/query_order', { ...WHO, env: 1, order_id: 'order-of-env-1' });
    expect(other.json.order).toMatchObject({ env_type: 2 });
    for (const order_id of ['order-of-env-1', 'order-unknown']) {
      expect((await call('/xpay/query_order', { ...WHO, order_id })).json.errcode).toBe(268490002);
    }
  });

  it('shows an order to its buyer only', async () => {
    await bought();
    await driver.control('people', { id: 'bob', openIds: { [MINI.appid]: 'bbb' } });
    const { json } = await call('/xpay/query_order', { openid: 'bbb', env: 0, order_id: 'order12345' });
    expect(json.errcode).toBe(268490002);
  });

  it('takes word of a delivery, with pay_sig or without', async () => {
    await bought();
    const path = '/xpay/notify_provide_goods';
    const order = { order_id: 'order12345', env: 0 };
    expect((await call(path, order, { pay_sig: 'wrong' })).json.errcode).toBe(268490003);
    expect(errcodeOf(await post(path, JSON.stringify(order)))).toEqual([200, 0]);
    expect(errcodeOf(await call(path, order))).toEqual([200, 0]);
    const { json } = await call('/xpay/query_order', { ...WHO, order_id: 'order12345' });
    expect(json.order).toMatchObject({ status: 4 });
    expect((json.order as Json).provide_time).not.toBe(0);
  });

  it('refunds once, in parts, and tells it', async () => {
    await driver.send('PUT', '/control/push-settings', { appId: MINI.appid, token: 'T0KEN' });
    const path = `/v1/wechat/events/${MINI.appid}`;
    service.on(path, (response) => response.end('{"ErrCode":0}'));
    await bought();
    service.reset();
    service.on(path, (response) => response.end('{"ErrCode":0}'));
    const refund = (change: Json = {}) =>
      call('/xpay/refund_order', {
        ...{ ...WHO, order_id: 'order12345', refund_order_id: 'refund-001', left_fee: 200, refund_fee: 50 },
        ...{ biz_meta: '', refund_reason: '3', req_from: '1', ...change },
      });
    expect((await refund({ left_fee: 150 })).json.errcode).toBe(268490016);
    expect((await refund({ refund_fee: 201 })).json.errcode).toBe(268490002);
    expect((await refund({ refund_reason: '6' })).json.errcode).toBe(268490002);
    expect((await refund({ refund_order_id: 'short' })).json.errcode).toBe(268490002);
    expect((await refund()).json).toMatchObject({
      errcode: 0,
      refund_order_id: 'refund-001',
      pay_order_id: 'order12345',
    });
    expect((await refund()).json.errcode).toBe(268490004);
    const partly = await call('/xpay/query_order', { ...WHO, order_id: 'order12345' });
    expect(partly.json.order).toMatchObject({ status: 4, refund_fee: 50, left_fee: 150 });
    const rest = { refund_order_id: 'refund-002', left_fee: 150, refund_fee: 150 };
    expect((await refund(rest)).json.errcode).toBe(0);
    const all = await call('/xpay/query_order', { ...WHO, order_id: 'order12345' });
    expect(all.json.order).toMatchObject({ status: 5, refund_fee: 200, left_fee: 0 });
    await driver.control('clock', { advanceSeconds: 0 });
    const told = service.asked.map(({ body }) => JSON.parse(body) as Json);
    expect(told.map(({ MchRefundId }) => MchRefundId)).toEqual(['refund-001', 'refund-002']);
    expect(told[0]).toMatchObject({
      ...{ Event: 'xpay_refund_notify', OpenId: 'xxx', MchOrderId: 'order12345', RefundFee: 50, RetCode: 0 },
      RetryTimes: 0,
    });
  });
});
