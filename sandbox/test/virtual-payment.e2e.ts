import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { paySignature, userSignature } from '../src/virtual-payment/signatures.js';
import { Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

/** V11 of section 13.9. */
const V11 = {
  appKey: 'app_key_123',
  sessionKey: 'session_key_123',
  signData:
    '{"offerId":"1450019686","buyQuantity":1,"env":0,"currencyType":"CNY","productId":"product_001","goodsPrice":100,"outTradeNo":"order12345","attach":"attach中文"}',
  paySig: '52b0abda3c933b0273d328b5c5102ee9ab9249309474ddcdf5e9ce0f80b23532',
  signature: '602f76d9cadf36c232f7f6c1faa5fe295b0f955d188049997d0df699c0619c86',
};

/** V12 to V15: one AppKey. */
const APP_KEY = 'test_app_key_1234567890';
const VECTORS: [string, string, string, string][] = [
  [
    'V12',
    'requestVirtualPayment',
    '{"offerId":"1234567890","buyQuantity":1,"env":0,"currencyType":"CNY","platform":"android","productId":"prod_001","goodsPrice":100,"outTradeNo":"ORDER20260101001","attach":"test"}',
    '62a944504dbabe280e5a559280baecb11ee2b92237bb87eadd338a3bdf429d54',
  ],
  [
    'V13',
    'requestVirtualPayment',
    '{"offerId":"1234567890","buyQuantity":1,"env":0,"currencyType":"CNY","platform":"ios","productId":"a<b>&c","goodsPrice":100,"outTradeNo":"ORDER20260101002","attach":"x&y"}',
    'f9c7c448b71263a3b8b302e095cd62a169e4090ec5160b563fa75ad982491ba9',
  ],
  [
    'V14',
    '/xpay/start_upload_goods',
    '{"productId":"prod_001","price":100}',
    'a81508a31914fccf57699c96e5207ca1c93739b942ecd891aaec469caa41b97e',
  ],
  [
    'V15',
    'xpay_goods_deliver_notify',
    '{"outTradeNo":"ORDER20260101001","productId":"prod_001"}',
    'fda68ccc3f2ac30a11aee40584ea021e1999026fbbb432875070ef1ce46074f0',
  ],
];

const PATH = `/v1/wechat/events/${MINI.appid}`;
const SAVED = { appId: MINI.appid, token: 'T0KEN' };

describe('wx.requestVirtualPayment on the phone', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    const payAppKeys = [{ appId: MINI.appid, env: 0, appKey: V11.appKey } as const];
    driver = await Driver.start({ serviceUrl: service.url, payAppKeys });
  });
  beforeEach(async () => {
    await driver.control('reset');
    await driver.control('session-keys', { person: 'alice', sessionKey: V11.sessionKey });
    service.reset();
    service.on(PATH, (response) => response.end('{"ErrCode":0,"ErrMsg":"success"}'));
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  const { signData, paySig, signature } = V11;
  const request = (change: Json = {}) =>
    driver.control('virtual-payments', {
      ...{ person: 'alice', mode: 'short_series_goods', signData, paySig, signature },
      ...change,
    });
  /** With other signData, and good signatures over it. */
  const signed = (change: Json, more: Json = {}) => {
    const text = JSON.stringify({ ...(JSON.parse(signData) as Json), ...change });
    const key = change.env === 1 ? '5a4db0c0de0000000000000000000pk1' : V11.appKey;
    return request({
      signData: text,
      paySig: paySignature(key, 'requestVirtualPayment', text),
      signature: userSignature(V11.sessionKey, text),
      ...more,
    });
  };
  const fail = (text: string, code: number) => ({
    errMsg: `requestVirtualPayment:fail ${text}`,
    errno: code,
    errCode: code,
  });
  const ok = { errMsg: 'requestVirtualPayment:ok', errno: 0, errCode: 0 };
  const told = () => service.asked.map(({ body }) => JSON.parse(body) as Json);
  const statusOf = async (orderId = 'order12345') =>
    (await driver.get(`/control/virtual-payments/${orderId}`)).json.status;

  it.each(VECTORS)('signs %s', (_, uri, body, expected) => {
    expect(paySignature(APP_KEY, uri, body)).toBe(expected);
  });

  it('signs V12 for the user', () => {
    expect(userSignature('test_session_key_abcdef', VECTORS[0]?.[2] ?? '')).toBe(
      '4a375c7d1497aae1a17ba060589add5f65a65351f048716818d957ff6434952f',
    );
  });

  it('pays V11, tells it, and counts it as delivered', async () => {
    await driver.send('PUT', '/control/push-settings', SAVED);
    const paid = await request();
    expect(paid).toMatchObject({
      ...ok,
      window: { quantity: 1, fee: 100 },
      order: { orderId: 'order12345', env: 0, person: 'alice', paidFee: 100 },
      delivery: { event: 'xpay_goods_deliver_notify', state: 'delivered' },
    });
    const [notice, ...others] = told();
    expect(others).toEqual([]);
    const { json } = await driver.get('/control/people');
    const alice = (json.people as { id: string; openIds: Json }[]).find(({ id }) => id === 'alice');
    expect(notice).toMatchObject({
      ...{ MsgType: 'event', Event: 'xpay_goods_deliver_notify', OutTradeNo: 'order12345', Env: 0 },
      OpenId: alice?.openIds[MINI.appid],
      GoodsInfo: {
        ProductId: 'product_001',
        Quantity: 1,
        OrigPrice: 100,
        ActualPrice: 100,
        Attach: 'attach中文',
      },
      RetryTimes: 0,
    });
    expect((notice?.WeChatPayInfo as Json).PaidTime).toEqual(notice?.CreateTime);
    expect(notice?.FromUserName).not.toBe(notice?.OpenId);
    expect(await statusOf()).toBe(4);
  });

  it('tells it until the service has taken it', async () => {
    await driver.send('PUT', '/control/push-settings', SAVED);
    service.on(PATH, (response) => response.writeHead(503).end());
    expect(await request()).toMatchObject({ ...ok, delivery: { state: 'waiting' } });
    expect(await statusOf()).toBe(3);
    await driver.control('clock', { advanceSeconds: 6 });
    expect(await statusOf()).toBe(3);
    service.on(PATH, (response) => response.end('{"ErrCode":0}'));
    await driver.control('clock', { advanceSeconds: 8 });
    expect(await statusOf()).toBe(4);
    expect(told().map(({ RetryTimes }) => RetryTimes)).toEqual([0, 1, 2, 3]);
  });

  it('tells nobody where the token of the push is not known', async () => {
    expect(await request()).toMatchObject({ ...ok, delivery: { state: 'unsent', tries: [] } });
    expect(await statusOf()).toBe(2);
    expect(told()).toEqual([]);
  });

  it('sells tokens', async () => {
    await driver.send('PUT', '/control/push-settings', SAVED);
    const tokens = { buyQuantity: 60, productId: undefined, goodsPrice: undefined };
    const text = JSON.stringify({ ...(JSON.parse(signData) as Json), ...tokens });
    const coins = {
      ...{ mode: 'short_series_coin', signData: text },
      paySig: paySignature(V11.appKey, 'requestVirtualPayment', text),
      signature: userSignature(V11.sessionKey, text),
    };
    await driver.control('settings', { coinPriceFen: 0 });
    expect(await request(coins)).toEqual(fail('COIN_NOT_PUBLISHED', -15009));
    await driver.control('settings', { coinPriceFen: 10 });
    expect(await request(coins)).toMatchObject({ ...ok, window: { quantity: 60, fee: 600 } });
    expect(told()[0]).toMatchObject({
      Event: 'xpay_coin_pay_notify',
      CoinInfo: { Quantity: 60, OrigPrice: 600, ActualPrice: 600 },
    });
    expect((await driver.get('/control/coins', { person: 'alice' })).json.saved).toBe(60);
  });

  it('sells what is published, at a lower price for a campaign', async () => {
    await driver.send('PUT', '/control/goods/card-7', { name: 'Card', price: 1000 });
    const card = { productId: 'card-7', goodsPrice: 1000, outTradeNo: 'order-card-7', buyQuantity: 3 };
    expect(await signed({ ...card, activitySellingPrice: 399 })).toMatchObject({ errCode: -15001 });
    expect(await signed({ ...card, activitySellingPrice: 400 })).toMatchObject({
      window: { title: 'Card', quantity: 3, fee: 1200 },
    });
    await driver.send('DELETE', '/control/goods/card-7');
    expect(await signed({ ...card, outTradeNo: 'order-card-8' })).toMatchObject({ errCode: -15010 });
  });

  it('pays nothing when the window is closed, or still open', async () => {
    expect(await request({ answer: 'none' })).toEqual({
      ...ok,
      window: { title: '电子贺卡 E-card', quantity: 1, fee: 100 },
    });
    expect(await request({ answer: 'cancel' })).toMatchObject(fail('cancel', -15012));
    expect((await driver.get('/control/virtual-payments')).json).toEqual({ orders: [] });
    expect(await request()).toMatchObject(ok);
  });

  it('gives two orders of one second the same sender and time', async () => {
    await driver.send('PUT', '/control/push-settings', SAVED);
    await Promise.all([
      request({ createTime: 1_800_000_000 }),
      signed({ outTradeNo: 'order67890' }, { createTime: 1_800_000_000 }),
    ]);
    const [one, other] = told();
    expect([other?.FromUserName, other?.CreateTime]).toEqual([one?.FromUserName, 1_800_000_000]);
    expect(one?.OutTradeNo).not.toBe(other?.OutTradeNo);
  });

  it('tells payments of env 1 too, or not', async () => {
    await driver.send('PUT', '/control/push-settings', SAVED);
    expect(await signed({ env: 1 })).toMatchObject({ ...ok, delivery: { state: 'delivered' } });
    await driver.control('settings', { sandboxEnvNotices: false });
    expect(await signed({ env: 1, outTradeNo: 'order67890' })).toMatchObject({ ...ok, delivery: null });
  });

  it.each<[string, Json, Json]>([
    ['no paySig', { paySig: '' }, fail('parameter "paySig" is missing', 1001)],
    ['no signature', { signature: undefined }, fail('parameter "signature" is missing', 1001)],
    ['another mode', { mode: 'goods' }, fail('parameter "mode" is unknown', -15001)],
    ['signData that is no JSON', { signData: '{' }, fail('SIGN_DATA_INVALID', -15016)],
    [
      'signData that is stringified twice',
      { signData: JSON.stringify(signData) },
      fail('SIGN_DATA_INVALID', -15016),
    ],
    ['a paySig in upper case', { paySig: paySig.toUpperCase() }, fail('PAY_SIG_INVALID', -15006)],
    ['a signature in upper case', { signature: signature.toUpperCase() }, fail('SIGNATURE_INVALID', -15005)],
    ['other bytes', { signData: signData.replace(',', ', ') }, fail('PAY_SIG_INVALID', -15006)],
  ])('refuses %s', async (_, change, answer) => {
    expect(await request(change)).toEqual(answer);
  });

  it.each<[string, Json, number]>([
    ['no offerId', { offerId: undefined }, 1001],
    ['an offerId that is a number', { offerId: 1450019686 }, -15016],
    ['a price that is a text', { goodsPrice: '100' }, -15016],
    ['no attach', { attach: undefined }, 1001],
    ['an env that does not exist', { env: 2 }, -15001],
    ['another currency', { currencyType: 'USD' }, -15004],
    ['no quantity', { buyQuantity: 0 }, -15001],
    ['an order number that is too short', { outTradeNo: 'order12' }, -15001],
    ['an order number that begins with _', { outTradeNo: '_order12345' }, -15001],
    ['an item that is not published', { productId: 'product_999' }, -15010],
    ['another price', { goodsPrice: 99 }, -15013],
  ])('refuses %s', async (_, change, errCode) => {
    expect(await signed(change)).toMatchObject({ errCode });
  });

  it('refuses env 1 in a release version', async () => {
    await driver.control('settings', { releaseVersion: true });
    expect(await signed({ env: 1 })).toEqual(fail('ENV_INVALID', -15011));
  });

  it('refuses an order number that was used, also when it was used twice at once', async () => {
    const results = await Promise.all([request(), request()]);
    expect(results.map(({ errCode }) => errCode).sort()).toEqual([-15002, 0]);
    expect(await request()).toEqual(fail('OUT_TRADE_NO_USED', -15002));
    expect(await signed({ env: 1 })).toEqual(fail('OUT_TRADE_NO_USED', -15002));
  });

  it('refuses a session_key that was replaced, or never was', async () => {
    await driver.control('session-keys', { person: 'alice', sessionKey: 'another' });
    expect(await request()).toEqual(fail('SESSION_KEY_EXPIRED', -15007));
    expect(await request({ signature: 'x' })).toEqual(fail('SIGNATURE_INVALID', -15005));
    expect(await request({ person: 'xiaoming' })).toEqual(fail('SESSION_KEY_EXPIRED', -15007));
  });

  it('checks in the order of the codes', async () => {
    const all = { paySig: 'x', signature: 'x' };
    expect(await signed({ productId: 'product_999', goodsPrice: 1 }, all)).toMatchObject({ errCode: -15010 });
    expect(await signed({ goodsPrice: 1 }, all)).toMatchObject({ errCode: -15013 });
    expect(await signed({}, all)).toMatchObject({ errCode: -15006 });
    await driver.control('session-keys', { person: 'alice', sessionKey: 'another' });
    expect(await signed({}, { paySig: 'x' })).toMatchObject({ errCode: -15006 });
  });
});
