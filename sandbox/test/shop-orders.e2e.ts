import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

const ORDER = { signData: '{"offerId":"1"}', mode: 'short_series_goods', paySig: 'aa', signature: 'bb' };

describe('an order of the sample mini program', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  let shop: ServiceStandIn;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    shop = await ServiceStandIn.start();
    driver = await Driver.start({ serviceUrl: service.url, shopUrl: shop.url });
  });
  beforeEach(async () => {
    await driver.control('reset');
    service.reset();
    shop.reset();
    service.onJson('/v1/mini-program/login', { accessToken: 'a-token' });
    shop.onJson('/orders', ORDER);
  });
  afterAll(async () => {
    await driver.close();
    await Promise.all([service.stop(), shop.stop()]);
  });

  const order = async (productId = 'product_001') =>
    driver.send('POST', '/control/shop-orders', { person: 'alice', productId });

  it('goes to the shop with the access token of the service, and its answer comes back unchanged', async () => {
    expect((await order()).json).toEqual(ORDER);
    const [asked] = shop.asked;
    expect(asked).toMatchObject({ method: 'POST', path: '/orders', body: '{"productId":"product_001"}' });
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer a-token',
      referer: `https://servicewechat.com/${MINI.appid}/devtools/page-frame.html`,
    });
    await order();
    expect(service.asked).toHaveLength(1);
  });

  it('logs in anew where the shop does not take the token any more', async () => {
    await order();
    service.onJson('/v1/mini-program/login', { accessToken: 'a-new-token' });
    shop.on('/orders', (response, { headers }) => {
      const isNew = headers.authorization === 'Bearer a-new-token';
      response.writeHead(isNew ? 201 : 401).end(JSON.stringify(isNew ? ORDER : { error: 'who?' }));
    });
    expect((await order()).json).toEqual(ORDER);
  });

  it.each<[string, number, Json, number, Json]>([
    [
      'with a problem',
      409,
      { code: 'SESSION_KEY_STALE', detail: 'log in' },
      409,
      { code: 'SESSION_KEY_STALE', error: 'log in' },
    ],
    ['without a code', 404, { error: 'no such product' }, 404, { code: 'SHOP_ANSWER' }],
    ['with something else', 200, { ok: true }, 502, { code: 'SHOP_ANSWER' }],
  ])('is refused %s', async (_, status, body, expected, answer) => {
    shop.onJson('/orders', body, status);
    const given = await order();
    expect(given.status).toBe(expected);
    expect(given.json).toMatchObject(answer);
  });

  it('says that the shop is away', async () => {
    shop.on('/orders', (response) => response.destroy());
    expect((await order()).json).toEqual({
      code: 'SHOP_UNREACHABLE',
      error: `The shop does not answer at ${shop.url}.`,
    });
  });

  it('goes to no other address', async () => {
    const extra = { person: 'alice', productId: 'x', shopUrl: service.url };
    expect((await driver.send('POST', '/control/shop-orders', extra)).status).toBe(400);
  });
});
