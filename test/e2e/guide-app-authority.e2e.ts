import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { call } from '../harness/http.js';
import { type Listening, listening } from '../harness/listening.js';
import { type Page, type PaymentAnswer, Phone } from '../harness/mini-program.js';
import { blocksOf, filesOf, packageCode, runInNode, withHosts } from '../harness/printed-code.js';
import { MINI_PROGRAM, type Person, SHOP, World } from '../harness/world.js';

const PAGE = 'docs/guide/app-authority.md';
const AUTH = 'https://auth.example.com';
const KEY = '0123456789abcdef';
const APP_KEY = '5a4db0c0de0000000000000000000pk0';
const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const ENVIRONMENT = {
  SERVICE_KEY: KEY,
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  PUSH_TOKEN: 'T0KEN',
  PUSH_AES_KEY: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
};
const GOODS = {
  offerId: '1450019686',
  buyQuantity: 1,
  currencyType: 'CNY',
  productId: 'product_001',
  goodsPrice: 100,
  attach: '',
};

interface Signing {
  readonly orderFor: (
    appId: string,
    userId: string,
    env: 0 | 1,
    goods: object,
  ) => Promise<{ readonly signData: string; readonly paySig: string; readonly signature: string }>;
}

interface Cards {
  readonly addCard: (userId: string, body: unknown) => Promise<object>;
}

interface OwnPushes {
  readonly open: (query: object, body: string) => { readonly Event: string };
}

interface Pushes {
  readonly receive: (
    request: { readonly headers: object; readonly body: Buffer },
    deliver: (...words: unknown[]) => void,
  ) => Promise<unknown>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

/** A server of a test. A handler that fails closes the connection. */
const serve = (handle: Handler): Promise<Listening> =>
  listening(
    createServer((request, response) => void handle(request, response).catch(() => response.destroy())),
  );

const printed = filesOf(PAGE);
const source = (name: string): string => {
  const code = printed.get(name);
  if (code === undefined) throw new Error(`${PAGE} has no ${name}`);
  return code;
};

describe('the code about what services do with the WeChat app', () => {
  let world: World;
  let receiver: Listening;
  let receive: Handler;
  const hosts: Record<string, string> = {};
  let putFetchBack: () => void;
  const before = { ...process.env };
  let person: Person;
  let outTradeNo = 0;

  beforeAll(async () => {
    receiver = await serve((request, response) => receive(request, response));
    world = await World.start({
      PUBLIC_URL: AUTH,
      SERVICE_API_KEYS: `shop:${KEY}`,
      WECHAT_PAY_APP_KEYS: `${MINI_PROGRAM}:0:${APP_KEY}`,
      WECHAT_PUSH_TOKEN: ENVIRONMENT.PUSH_TOKEN,
      WECHAT_PUSH_AES_KEY: ENVIRONMENT.PUSH_AES_KEY,
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${receiver.url}/pushes`,
      WEBHOOK_SECRET: ENVIRONMENT.WEBHOOK_SECRET,
    });
    await world.control(
      'push-settings',
      {
        appId: MINI_PROGRAM,
        token: ENVIRONMENT.PUSH_TOKEN,
        aesKey: ENVIRONMENT.PUSH_AES_KEY,
        format: 'json',
      },
      'PUT',
    );
    Object.assign(process.env, ENVIRONMENT);
    hosts[AUTH] = world.url;
    putFetchBack = withHosts(hosts);
  });
  afterAll(async () => {
    putFetchBack();
    for (const name of Object.keys(ENVIRONMENT)) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
    await world.stop();
    await receiver.close();
  });
  beforeEach(async () => {
    person = await world.person();
    receive = (_request, response) => Promise.resolve(response.end('success'));
  });

  const goods = () => ({ ...GOODS, outTradeNo: `order-${String(++outTradeNo).padStart(6, '0')}` });

  test('signs an order so that WeChat takes it', async () => {
    const { orderFor } = await runInNode<Signing>(source('sign.js'));
    const { user } = await world.miniProgramLogin(person);
    const order = await orderFor(MINI_PROGRAM, user.id, 0, goods());
    const paySig = createHmac('sha256', APP_KEY)
      .update(`requestVirtualPayment&${order.signData}`)
      .digest('hex');
    expect(order.paySig).toBe(paySig);
    expect(await world.control('virtual-payments', { person: person.id, ...order })).toMatchObject({
      errCode: 0,
    });
  });

  describe('the page that buys', () => {
    let shop: Listening;
    let phone: Phone;
    let page: Page;
    let payments: Promise<PaymentAnswer>[];
    /** Buys, and waits for what WeChat says. @returns what it has said so far */
    const buy = async (): Promise<number[]> => {
      await page.call('onBuy', { currentTarget: { dataset: { productId: 'product_001' } } });
      const answers = await Promise.all(payments);
      await new Promise(setImmediate);
      return answers.map(({ errCode }) => errCode);
    };
    beforeEach(async () => {
      const { orderFor } = await runInNode<Signing>(source('sign.js'));
      shop = await serve(async (request, response) => {
        const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
        const { headers } = await call(`${world.url}/v1/auth/verify`, { token });
        try {
          const order = await orderFor(MINI_PROGRAM, headers.get('x-auth-user-id') ?? '', 0, goods());
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(order));
        } catch (error) {
          const { status, code } = error as { readonly status: number; readonly code: string };
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code }));
        }
      });
      payments = [];
      const files = new Map([
        ...[...filesOf('docs/guide/mini-program.md')].filter(([name]) => name === 'auth.js'),
        ['@wechat-auth/mini-program', packageCode('mini-program')] as const,
        ['pages/buy/buy.js', source('pages/buy/buy.js')] as const,
        ['pages/buy/buy.wxml', '<view>{{problem}}</view>'] as const,
      ]);
      phone = new Phone(world, person, { [AUTH]: world.url, [SHOP]: shop.url }, files);
      const { pays } = phone;
      phone.pays = (options) => {
        const payment = pays(options);
        payments.push(payment);
        return payment;
      };
      page = await phone.start().open('pages/buy/buy');
    });
    afterEach(() => shop.close());

    test('hands on what the shop has had signed', async () => {
      expect(await buy()).toEqual([0]);
    });

    test('logs in again where the session_key has died', async () => {
      await buy();
      const sessionKey = Buffer.alloc(16, 9).toString('base64');
      await world.control('session-keys', { person: person.id, sessionKey });
      expect(await buy()).toEqual([0, 0]);
      expect(phone.wxLogins).toBe(2);
    });

    test('says what WeChat says', async () => {
      phone.pays = () => Promise.resolve({ errMsg: 'requestVirtualPayment:fail cancel', errCode: -15012 });
      await buy();
      expect(page.text).toContain('requestVirtualPayment:fail cancel');
    });
  });

  test('opens a payload of the mini program, and answers with one', async () => {
    const { addCard } = await runInNode<Cards>(source('cards.js'));
    const { user } = await world.miniProgramLogin(person);
    const shop = await serve(async (request, response) => {
      const body = JSON.parse((await buffer(request)).toString()) as { readonly payload: string };
      expect(body.payload).not.toContain('6222');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(await addCard(user.id, body)));
    });
    const files = new Map([
      ...[...filesOf('docs/guide/mini-program.md')].filter(([name]) => name === 'auth.js'),
      ['@wechat-auth/mini-program', packageCode('mini-program')] as const,
      ['@wechat-auth/mini-program/user-key', packageCode('mini-program', 'user-key')] as const,
      ['pages/card/card.js', source('pages/card/card.js')] as const,
    ]);
    const phone = new Phone(world, person, { [AUTH]: world.url, [SHOP]: shop.url }, files);
    const { sendCard } = await phone
      .start()
      .exportsOf<{ readonly sendCard: (number: string) => Promise<string> }>('pages/card/card.js');
    expect(await sendCard('6222 0000 0000 1234')).toBe('**** 1234');
    await shop.close();
  });

  test.each([
    ['Android', 'Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0', `${SHOP}/goods?id=2`],
    ['iOS', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0', `${SHOP}/?from=groupmessage`],
  ])('configures the JS-SDK on %s with the address that counts there', async (_, userAgent, signedUrl) => {
    const location = { href: `${SHOP}/?from=groupmessage#top` };
    const asked: string[] = [];
    const configs: Record<string, unknown>[] = [];
    let ready: () => void = () => undefined;
    const context = {
      location,
      navigator: { userAgent },
      encodeURIComponent,
      fetch: (url: string) => {
        asked.push(url);
        return fetch(url, { headers: { origin: SHOP } });
      },
      wx: {
        ready: (run: () => void) => (ready = run),
        error: () => undefined,
        config: (config: Record<string, unknown>) => {
          configs.push(config);
          ready();
        },
      },
    };
    const code = source('js-sdk.js').replace('export async function', 'async function');
    const configure = runInNewContext(`(() => { ${code}\n return configure; })()`, context) as (
      names: string[],
    ) => Promise<void>;
    location.href = `${SHOP}/goods?id=2`;
    await configure(['chooseImage']);
    const [config] = configs;
    expect(config).toMatchObject({ appId: OFFICIAL_ACCOUNT, jsApiList: ['chooseImage'] });
    const reply = await call<{ ticket: string }>(
      `${world.url}/v1/wechat/tickets/${OFFICIAL_ACCOUNT}?type=jsapi`,
      {
        headers: { 'x-api-key': KEY },
      },
    );
    const text = `jsapi_ticket=${reply.body.ticket}&noncestr=${String(config?.nonceStr)}&timestamp=${String(config?.timestamp)}&url=${signedUrl}`;
    expect(config?.signature).toBe(createHash('sha1').update(text).digest('hex'));
    expect(asked[0]).not.toContain(reply.body.ticket);
  });

  test('receives a push that is passed on, and no other', async () => {
    const code = await runInNode<Pushes>(source('pushes.js'));
    const pushes = await runInNode<OwnPushes>(source('wechat-pushes.js'));
    const delivered: { words: unknown[]; answer: unknown }[] = [];
    receive = async (request, response) => {
      const body = await buffer(request);
      const query = Object.fromEntries(new URL(request.url ?? '', receiver.url).searchParams);
      expect(pushes.open(query, body.toString()).Event).toBe('xpay_goods_deliver_notify');
      expect(() => pushes.open({ ...query, nonce: 'another' }, body.toString())).toThrow();
      const calls: unknown[][] = [];
      const answer = await code.receive({ headers: request.headers, body }, (...words) => calls.push(words));
      delivered.push(...calls.map((words) => ({ words, answer })));
      await expect(
        code.receive({ headers: request.headers, body: Buffer.from('{}') }, () => undefined),
      ).rejects.toThrow();
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    };
    const { orderFor } = await runInNode<Signing>(source('sign.js'));
    const { user } = await world.miniProgramLogin(person);
    const order = await orderFor(MINI_PROGRAM, user.id, 0, goods());
    expect(await world.control('virtual-payments', { person: person.id, ...order })).toMatchObject({
      errCode: 0,
    });
    // A push of a test before may come again meanwhile.
    const openId = person.openIds[MINI_PROGRAM];
    const own = delivered.filter(({ words }) => words[1] === openId);
    expect(own.map(({ words }) => words)).toMatchObject([
      [expect.stringMatching(/^order-/), openId, { ProductId: 'product_001' }],
    ]);
    expect(own.map(({ answer }) => answer)).toEqual([{ ErrCode: 0, ErrMsg: 'success' }]);
  });
});

// That the code is the same in both languages is a check: scripts/translations.mjs.
describe('the page about what services do with the WeChat app', () => {
  test.each(['.md', '.zh-CN.md'])('prints the same files in %s', (ending) => {
    expect([...filesOf(PAGE.replace('.md', ending)).keys()]).toEqual([
      'sign.js',
      'pages/buy/buy.js',
      'pages/card/card.js',
      'cards.js',
      'js-sdk.js',
      'pushes.js',
      'wechat-pushes.js',
    ]);
    expect(blocksOf(PAGE.replace('.md', ending), 'sh')).toHaveLength(4);
  });
});
