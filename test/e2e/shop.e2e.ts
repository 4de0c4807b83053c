import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { NoticeProxy } from '../harness/notice-proxy.js';
import { blocksOf } from '../harness/printed-code.js';
import { type Program, startProgram } from '../harness/program.js';
import { processInPlaceOf, type ProcessPlan, startProcess, untilReady } from '../harness/service-process.js';
import { shopSettings, ShopProcess } from '../harness/shop-process.js';
import { MINI_PROGRAM, type Person, World } from '../harness/world.js';

const GOODS = { product_001: 100, vip_month: 1800 } as const;
/** `status` of an order at WeChat (wechat-api-2.md section 13.3). */
const DELIVERED = 4;

interface Payment {
  readonly signData: string;
  readonly mode: string;
  readonly paySig: string;
  readonly signature: string;
}

interface PaidOrder {
  readonly orderId: string;
  readonly person: string;
  readonly productId: string;
  readonly paidFee: number;
  readonly status: number;
}

/** WeChat, the service and the shop, the last two as processes that can be killed. */
class Street {
  private service: Program | null = null;

  private constructor(
    readonly world: World,
    readonly plan: ProcessPlan,
    readonly shop: ShopProcess,
    readonly proxy: NoticeProxy,
    private readonly payEnv: '0' | '1',
  ) {}

  /** @param payEnv 1: WeChat sends no notices, so that the shop has to ask */
  static async open(payEnv: '0' | '1'): Promise<Street> {
    const shop = await ShopProcess.create();
    const world = await World.start({}, 1, { shopUrl: shop.url });
    const proxy = await NoticeProxy.listen(shop.url);
    const settings = shopSettings('service.env');
    const plan = await processInPlaceOf(world, {
      ...settings,
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${proxy.url}/pushes`,
      WECHAT_PAY_APP_KEYS: `${settings.WECHAT_PAY_APP_KEYS},${MINI_PROGRAM}:1:5a4db0c0de0000000000000000000pk1`,
    });
    const { WECHAT_PUSH_TOKEN: token, WECHAT_PUSH_AES_KEY: aesKey } = settings;
    await world.control('push-settings', { appId: MINI_PROGRAM, token, aesKey, format: 'json' }, 'PUT');
    await world.control('service', { url: plan.url }, 'PUT');
    const street = new Street(world, plan, shop, proxy, payEnv);
    await street.startService();
    await street.startShop();
    return street;
  }

  async close(): Promise<void> {
    await this.killService();
    await this.shop.remove();
    await this.proxy.close();
    await this.world.stop();
  }

  async startService(): Promise<void> {
    this.service = startProcess(this.plan.environment);
    await untilReady(this.plan.url);
  }

  async killService(): Promise<void> {
    this.service?.child.kill('SIGKILL');
    await this.service?.ended;
  }

  startShop(): Promise<void> {
    const asking: Record<string, string> = this.payEnv === '1' ? { ASK_AFTER: '0', ASK_EVERY: '0.1' } : {};
    const [AUTH_URL, WECHAT_API_URL] = [this.plan.url, this.world.sandbox.url];
    return this.shop.start({ AUTH_URL, WECHAT_API_URL, PAY_ENV: this.payEnv, ...asking });
  }

  /** @throws Error unless the person gets a token */
  async logIn(person: Person): Promise<string> {
    return (await this.world.miniProgramLogin(person, this.plan.url)).accessToken;
  }

  order(token: string, productId: string) {
    return call<Payment & { code?: string }>(`${this.shop.url}/orders`, { token, json: { productId } });
  }

  /** What wx.requestVirtualPayment does, and the first try of the notice. */
  pay(person: Person, { signData, mode, paySig, signature }: Payment): Promise<{ errCode: number }> {
    return this.world.control('virtual-payments', { person: person.id, signData, mode, paySig, signature });
  }

  /** A person who logs in, orders and pays. @returns the number of the order */
  async buy(person: Person, productId: keyof typeof GOODS = 'product_001'): Promise<string> {
    const { status, body } = await this.order(await this.logIn(person), productId);
    expect(status).toBe(200);
    expect(await this.pay(person, body)).toMatchObject({ errCode: 0 });
    return numberOf(body);
  }

  async paidOrders(): Promise<PaidOrder[]> {
    return (await this.world.control<{ orders: PaidOrder[] }>('virtual-payments')).orders;
  }

  /** Waits until WeChat has heard of each delivery, and lets its repeats come at once. */
  async settled(): Promise<void> {
    await this.proxy.idle();
    await untilReady(this.plan.url);
    for (let round = 0; round < 100; round++) {
      if ((await this.paidOrders()).every(({ status }) => status === DELIVERED)) return;
      // Repeats come at 2, 4, 8 … s of the sandbox. It must stay near the clock of the service, which is the real one.
      if (round < 20) await this.world.control('clock', { advanceSeconds: 2 });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`not delivered:\n${JSON.stringify(await this.paidOrders())}\n${this.shop.log()}`);
  }

  /** Each order that was paid is delivered once, to whoever has paid, and nothing else is. */
  async expectFair(): Promise<void> {
    const paid = await this.paidOrders();
    const delivered = this.shop.delivered();
    const idsOf = (list: readonly { readonly productId: string }[], key: 'orderId' | 'id') =>
      list
        .map((each) => `${(each as unknown as Record<string, string>)[key] ?? ''} ${each.productId}`)
        .sort();
    expect(idsOf(delivered, 'id')).toEqual(idsOf(paid, 'orderId'));
    for (const { orderId } of paid) expect(this.shop.deliveriesOf(orderId)).toBeLessThanOrEqual(1);
  }
}

const numberOf = ({ signData }: Payment): string =>
  (JSON.parse(signData) as { outTradeNo: string }).outTradeNo;

describe('a shop that has no secret of the WeChat app', () => {
  let street: Street;
  beforeAll(async () => {
    street = await Street.open('0');
  });
  afterAll(() => street.close());

  test('sells, and delivers on the notice that is passed on', async () => {
    const person = await street.world.person();
    const token = await street.logIn(person);
    const order = await street.order(token, 'vip_month');
    expect(await street.pay(person, order.body)).toMatchObject({
      errMsg: 'requestVirtualPayment:ok',
      order: { status: DELIVERED, paidFee: GOODS.vip_month },
    });
    const { body } = await call(`${street.shop.url}/orders`, { token });
    expect(body).toMatchObject({ items: [{ id: numberOf(order.body), productId: 'vip_month' }] });
    await street.expectFair();
  });

  test("sells each of the goods on the sandbox's phone to its sample mini program", async () => {
    const person = await street.world.person();
    const { body: listed } = await call<{ goods: { productId: string }[] }>(
      `${street.world.sandbox.url}/control/goods`,
    );
    expect(listed.goods.length).toBeGreaterThan(1);
    for (const { productId } of listed.goods) {
      const order = await street.world.control<Payment>('shop-orders', { person: person.id, productId });
      expect(await street.pay(person, order)).toMatchObject({ errCode: 0, order: { status: DELIVERED } });
    }
    await street.expectFair();
  });

  test('is bought from by hand, as the guide prints it', async () => {
    const [script = ''] = blocksOf('docs/guide/app-authority.md', 'sh').filter((code) =>
      code.startsWith('S='),
    );
    const places = { S: street.plan.url, W: street.world.sandbox.url, SHOP: street.shop.url };
    const own = Object.entries(places).reduce(
      (code, [name, url]) =>
        code.replace(new RegExp(`^${name}=http://localhost:\\d+`, 'm'), `${name}=${url}`),
      script,
    );
    const shell = startProgram(['bash', '-c', own], process.cwd());
    expect(await shell.ended).toBe(0);
    expect(shell.output()).not.toContain('localhost:');
    const [order, payment, goods] = shell
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(order).toMatchObject({ mode: 'short_series_goods' });
    expect(payment).toMatchObject({ errMsg: 'requestVirtualPayment:ok', order: { person: 'xiaoming' } });
    expect(goods).toMatchObject({ items: [{ id: numberOf(order as Payment), productId: 'product_001' }] });
    await street.expectFair();
  });

  test('stands beside the page of examples/js-sdk, which is signed by the same service', async () => {
    const page = encodeURIComponent('http://localhost:4000/');
    const reply = await call(`${street.plan.url}/v1/wechat/js-sdk-config?url=${page}`, {
      headers: { origin: 'http://localhost:4000' },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('access-control-allow-origin')).toBe('http://localhost:4000');
  });

  test('delivers nothing that was not paid, and takes no order twice', async () => {
    const person = await street.world.person();
    const { body } = await street.order(await street.logIn(person), 'product_001');
    await street.expectFair();
    expect(await street.pay(person, body)).toMatchObject({ errCode: 0 });
    expect(await street.pay(person, body)).toMatchObject({ errCode: -15002 });
    await street.expectFair();
  });

  test('answers 409 where the session_key has died, and sells after the next login', async () => {
    const person = await street.world.person();
    const token = await street.logIn(person);
    const sessionKey = Buffer.alloc(16, 9).toString('base64');
    await street.world.control('session-keys', { person: person.id, sessionKey });
    expect(await street.order(token, 'product_001')).toMatchObject({
      status: 409,
      body: { code: 'SESSION_KEY_STALE', advice: { en: expect.stringMatching(/again/) } },
    });
    await street.buy(person);
    await street.expectFair();
  });

  test.each([
    ['without a token', {}, '{"productId":"product_001"}', 401],
    ['for goods that it does not have', { withToken: true }, '{"productId":"constructor"}', 404],
    ['that is too large', { withToken: true }, `{"productId":"${'x'.repeat(70_000)}"}`, 413],
  ])('refuses an order %s', async (_, { withToken }: { withToken?: boolean }, body, status) => {
    const token = withToken ? await street.logIn(await street.world.person()) : null;
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    expect((await fetch(`${street.shop.url}/orders`, { method: 'POST', headers, body })).status).toBe(status);
  });

  test('takes a notice from nobody but wechat-auth', async () => {
    const json = { Event: 'xpay_goods_deliver_notify', OutTradeNo: 'x', OpenId: 'o', Env: 0 };
    const reply = await call(`${street.shop.url}/pushes`, { json });
    expect(reply).toMatchObject({ status: 401, body: { code: 'WEBHOOK_HEADERS_INVALID' } });
  });

  const killed = {
    service: async () => {
      await street.killService();
      await street.startService();
    },
    shop: async () => {
      await street.shop.kill();
      await street.startShop();
    },
  };

  test.each(['service', 'shop'] as const)(
    'loses nothing where the %s is down when the notice comes',
    async (who) => {
      const person = await street.world.person();
      const { body } = await street.order(await street.logIn(person), 'product_001');
      await (who === 'service' ? street.killService() : street.shop.kill());
      expect(await street.pay(person, body)).toMatchObject({ errCode: 0 });
      expect(street.shop.delivered().map(({ id }) => id)).not.toContain(numberOf(body));
      await (who === 'service' ? street.startService() : street.startShop());
      await street.settled();
      await street.expectFair();
    },
  );

  test.each([
    ['service', 'before', 'after the notice, before the shop has it'],
    ['service', 'after', 'after the delivery, before WeChat hears of it'],
    ['shop', 'before', 'after the notice, before it has it'],
    ['shop', 'after', 'after the delivery, before the service hears of it'],
  ] as const)('loses nothing where the %s is killed %s: %s', async (who, at, _) => {
    street.proxy.interrupt(at, killed[who]);
    await street.buy(await street.world.person());
    await street.settled();
    await street.expectFair();
  });

  test('sells nothing twice to many, while both are killed again and again', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => street.world.person()));
    for (const who of ['service', 'shop', 'service'] as const) {
      const orders = await Promise.all(
        people.map(async (person) => {
          const { body } = await street.order(await street.logIn(person), 'product_001');
          return { person, body };
        }),
      );
      const paying = orders.map(({ person, body }) => street.pay(person, body));
      await new Promise((resolve) => setTimeout(resolve, randomInt(60)));
      await killed[who]();
      for (const { errCode } of await Promise.all(paying)) expect(errCode).toBe(0);
    }
    await street.settled();
    await street.expectFair();
  });

  test('is given neither AppSecret nor AppKey', () => {
    expect(Object.keys(shopSettings('sandbox.env')).sort()).toEqual([
      'AUTH_URL',
      'OFFER_ID',
      'PAY_ENV',
      'PUSH_AES_KEY',
      'SERVICE_KEY',
      'WEBHOOK_SECRET',
      'WECHAT_API_URL',
    ]);
  });
});

describe('a shop whose notices never come', () => {
  let street: Street;
  beforeAll(async () => {
    street = await Street.open('1');
  });
  afterAll(() => street.close());

  test('asks WeChat, delivers what was paid, and tells it', async () => {
    await street.buy(await street.world.person());
    await street.shop.kill();
    await street.startShop();
    await street.buy(await street.world.person(), 'vip_month');
    const unpaid = await street.order(await street.logIn(await street.world.person()), 'product_001');
    expect(unpaid.status).toBe(200);
    await street.settled();
    await street.expectFair();
  });
});
