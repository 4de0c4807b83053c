import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { RelayTiming } from '../../src/wechat-events/relay/relay-timing.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { createBackend, createStoreKeys } from '../harness/backend.js';
import { storeContents, tableContents } from '../harness/contents.js';
import { call } from '../harness/http.js';
import { post, pushLetter } from '../harness/push-letter.js';
import {
  answering,
  type Behaviour,
  HANGING,
  PushReceiver,
  RESETTING,
  SUCCESS,
} from '../harness/push-receiver.js';
import { message, notice, PushSender } from '../harness/push-sender.js';
import { startService } from '../harness/service.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { MINI_PROGRAM, type Person, type Problem, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const onServer = backend.databaseUrl === null ? test.skip : test;
const onRedis = backend.redisUrl === null ? test.skip : test;

const TOKEN = 'tokenOfThePush0123456789';
const AES_KEY = 'aesKeyOfThePush01234567890123456789ABCDEFGH';
const TAKE_OVER = 20;
const TIMING = new RelayTiming(1_000, 3_000, 1_500, TAKE_OVER * 1_000, 10);
const TAKEN = '{"ErrCode":0,"ErrMsg":"success"}';

const worlds: World[] = [];
const receivers: PushReceiver[] = [];
const proxies: TcpProxy[] = [];
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.stop()));
  await Promise.all(receivers.map((each) => each.close()));
  await Promise.all(proxies.map((each) => each.cut()));
});

async function receiver(): Promise<PushReceiver> {
  const made = await PushReceiver.listen();
  receivers.push(made);
  return made;
}

/** A world whose mini program has these receivers. */
async function started(
  urls: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<World> {
  const world = await World.start(
    {
      WECHAT_PUSH_TOKEN: TOKEN,
      WECHAT_PUSH_FORWARD: urls.map((url) => `${MINI_PROGRAM}=${url}`).join(','),
      ...environment,
    },
    1,
    { relayTiming: TIMING },
  );
  worlds.push(world);
  return world;
}

const sender = (world: World) => {
  const wechat = new PushSender(TOKEN, world.clock);
  return (body: string, url = world.url) =>
    wechat.send(url, {
      appId: MINI_PROGRAM,
      body,
      contentType: body.startsWith('{') ? 'application/json' : 'text/xml',
    });
};
const codeOf = ({ body }: { body: Buffer }) => (JSON.parse(body.toString()) as Partial<Problem>).code;
const settle = (world: World) => world.service().app.get(RelayWorker, { strict: false }).runDue();
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** A proxy in front of a server that a test can take away. */
async function proxied(address: string): Promise<{ proxy: TcpProxy; url: string }> {
  const url = new URL(address);
  const proxy = new TcpProxy({ host: url.hostname, port: Number(url.port) });
  proxies.push(proxy);
  url.port = String(await proxy.open());
  return { proxy, url: url.href };
}

describe('what is kept of a push', () => {
  test('stands nowhere in clear: not in the log, not in the store, not in the tables', async () => {
    const [shop, stock] = [await receiver(), await receiver()];
    const url = stock.url.replace('//', '//user:passwordOfStock@');
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const world = await started([shop.url, `${url}?key=queryOfStock`], {
      WECHAT_PUSH_AES_KEY: AES_KEY,
      WEBHOOK_SECRET: secret,
      LOG_LEVEL: 'trace',
    });
    const openId = `oOpenId${randomBytes(8).toString('hex')}`;
    const letters = ['a word in confidence', 'another one'].map((text) =>
      pushLetter(world, MINI_PROGRAM, message(openId, text), { token: TOKEN, aesKey: AES_KEY }),
    );
    const [answered, unanswered] = letters;
    if (!answered || !unanswered) throw new Error('unreachable');
    stock.behaves(RESETTING);
    shop.behaves(answering(200, 'text/xml', '<xml>answer in confidence</xml>'));
    expect((await post(world.url, MINI_PROGRAM, answered)).text).toBe('<xml>answer in confidence</xml>');
    shop.behaves(RESETTING);
    expect((await post(world.url, MINI_PROGRAM, unanswered)).status).toBe(503);
    await settle(world);
    expect(await world.count('relayed_pushes')).toBe(3);
    const secrets = [
      openId,
      'in confidence',
      'another one',
      'passwordOfStock',
      'queryOfStock',
      secret,
      TOKEN,
      AES_KEY,
      ...letters.flatMap(({ query, body }) => [body, query.msg_signature ?? '', query.signature ?? '']),
    ];
    const places = {
      log: world.service().log(),
      store: await storeContents(world),
      tables: await tableContents(world),
    };
    expect(places.log).toContain('no answer to a push');
    expect(places.store).toContain('push-answer');
    for (const [place, text] of Object.entries(places)) {
      const encoded = (each: string) => [
        each,
        Buffer.from(each).toString('base64').replace(/=+$/, '').slice(4, -4),
      ];
      const found = secrets.filter((each) => encoded(each).some((form) => text.includes(form)));
      expect({ [place]: found }).toEqual({ [place]: [] });
    }
    for (const each of [shop, stock]) each.behaves(SUCCESS);
    world.clock.advance(TAKE_OVER);
    await settle(world);
    expect(shop.bodies.at(-1)).toBe(unanswered.body);
    expect(await world.count('relayed_pushes')).toBe(0);
  });

  test('is opened by a key that has been replaced, after a restart', async () => {
    const shop = await receiver();
    const keys = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const world = await started([shop.url], { ENCRYPTION_KEYS: keys[0] ?? '' });
    shop.behaves(RESETTING);
    const body = message('oPersonOfKeys', 'x');
    await sender(world)(body);
    shop.behaves(SUCCESS);
    shop.received.length = 0;
    const forward = { WECHAT_PUSH_TOKEN: TOKEN, WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${shop.url}` };
    await world.service().stop();
    world.clock.advance(TAKE_OVER);
    const { sandbox } = world;
    const next = await startService(
      {
        ...world.backend.environment,
        ...forward,
        WECHAT_API_URL: sandbox.url,
        WECHAT_OPEN_URL: sandbox.url,
        ENCRYPTION_KEYS: [keys[1], keys[0]].join(','),
      },
      world.clock,
    );
    try {
      await shop.has(1);
      expect(shop.bodies).toEqual([body]);
    } finally {
      await next.stop();
    }
    expect(await world.count('relayed_pushes')).toBe(0);
  });
});

describe('events about consent', () => {
  const revoke = (person: Person) =>
    JSON.stringify({
      ToUserName: 'gh_870882ca4b1f',
      FromUserName: 'oServiceOfWeChat',
      CreateTime: 1_714_037_059,
      MsgType: 'event',
      Event: 'user_authorization_cancellation',
      OpenID: person.openIds[MINI_PROGRAM],
      AppID: MINI_PROGRAM,
      RevokeInfo: '1',
    });

  test('are acted on and passed on, once each, and answered by the receiver', async () => {
    const shop = await receiver();
    const world = await started([shop.url]);
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const body = revoke(person);
    const replies = [await sender(world)(body), await sender(world)(body)];
    expect(replies.map((reply) => reply.body.toString())).toEqual(['success', 'success']);
    expect(shop.bodies).toEqual([body]);
    expect(await world.count(`users WHERE id = '${user.id}'`)).toBe(0);
    expect(await world.count("events WHERE type = 'wechat.user_authorization_cancellation'")).toBe(1);
    expect(await world.count("events WHERE type = 'push.unhandled'")).toBe(0);
  });

  test('are acted on where the receiver is away, and reach it later', async () => {
    const shop = await receiver();
    shop.behaves(RESETTING);
    const world = await started([shop.url]);
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const body = revoke(person);
    expect((await sender(world)(body)).status).toBe(503);
    expect(await world.count(`users WHERE id = '${user.id}'`)).toBe(0);
    shop.behaves(SUCCESS);
    world.clock.advance(TAKE_OVER);
    await settle(world);
    expect(shop.bodies.at(-1)).toBe(body);
  });

  onServer('that cannot be acted on are not acknowledged, whatever the receiver says', async () => {
    const shop = await receiver();
    const own = await createBackend();
    const { proxy, url } = await proxied(own.environment.DATABASE_URL ?? '');
    const world = await started([shop.url], { ...own.environment, DATABASE_URL: url });
    const person = await world.person();
    await world.miniProgramLogin(person);
    const body = revoke(person);
    await proxy.cut();
    expect(codeOf(await sender(world)(body))).toBe('DATABASE_UNAVAILABLE');
    await proxy.open();
    await until(async () => (await sender(world)(body)).status === 200);
    expect(await own.rows('SELECT id FROM users')).toEqual([]);
    // The repeats are answered from memory.
    expect(shop.received).toHaveLength(1);
    await proxy.cut();
    await own.drop();
  });
});

describe('the database away', () => {
  onServer(
    'a living receiver answers; without an answer, and without copies, nothing is claimed',
    async () => {
      const [shop, stock] = [await receiver(), await receiver()];
      const own = await createBackend();
      const { proxy, url } = await proxied(own.environment.DATABASE_URL ?? '');
      const alone = await started([shop.url], { ...own.environment, DATABASE_URL: url });
      const send = sender(alone);
      await send(message('oPersonOfOutage', 'before'));
      await proxy.cut();
      shop.behaves(answering(200, 'text/xml', '<xml>alive</xml>'));
      expect((await send(message('oPersonOfOutage', 'hello'))).body.toString()).toBe('<xml>alive</xml>');
      shop.behaves(RESETTING);
      const lost = message('oPersonOfOutage', 'lost');
      for (let attempt = 0; attempt < 4; attempt++) {
        expect([503, codeOf(await send(lost))]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      }
      await proxy.open();
      await until(async () => codeOf(await send(lost)) === 'PUSH_RECEIVER_UNAVAILABLE');
      await proxy.cut();
      await own.drop();

      const other = await createBackend();
      const second = await proxied(other.environment.DATABASE_URL ?? '');
      const both = await started([shop.url, stock.url], { ...other.environment, DATABASE_URL: second.url });
      shop.behaves(answering(200, 'text/xml', '<xml>alive</xml>'));
      shop.received.length = 0;
      const body = message('oPersonOfOutage', 'to both');
      await second.proxy.cut();
      expect(codeOf(await sender(both)(body))).toBe('DATABASE_UNAVAILABLE');
      await second.proxy.open();
      await until(async () => (await sender(both)(body)).status === 200);
      await settle(both);
      expect(stock.bodies).toEqual([body]);
      // Its answer was remembered: the first receiver is not asked again.
      expect(shop.bodies).toEqual([body]);
      await second.proxy.cut();
      await other.drop();
    },
  );
});

describe('the store away', () => {
  onRedis('nothing is claimed, and nothing is passed on twice at once; the repeat is', async () => {
    const shop = await receiver();
    const keys = createStoreKeys();
    if (keys === null) throw new Error('unreachable');
    const { proxy, url } = await proxied(keys.url);
    const world = await started([shop.url], { ...keys.environment, REDIS_URL: url });
    const body = message('oPersonOfStore', 'hello');
    await proxy.cut();
    expect(codeOf(await sender(world)(body))).toBe('STORE_UNAVAILABLE');
    expect(shop.received).toEqual([]);
    await proxy.open();
    await until(async () => (await sender(world)(body)).status === 200);
    expect(shop.bodies).toEqual([body]);
    await keys.drop();
  });
});

describe('the store frozen while the receiver is asked', () => {
  async function frozenWhile(name: string, behaviour: Behaviour) {
    const shop = await receiver();
    const keys = createStoreKeys();
    if (keys === null) throw new Error('unreachable');
    const { proxy, url } = await proxied(keys.url);
    const world = await started([shop.url], { ...keys.environment, REDIS_URL: url });
    shop.behaves((response, request) => {
      proxy.hold(true);
      behaviour(response, request);
    });
    const reply = await sender(world)(message(name, 'hello'));
    const kept = await world.count('relayed_pushes');
    await proxy.cut();
    await keys.drop();
    return { reply, kept };
  }

  onRedis('its answer is handed back all the same', async () => {
    const { reply, kept } = await frozenWhile('oAnswered', SUCCESS);
    expect([reply.status, reply.body.toString(), kept]).toEqual([200, 'success', 0]);
  });

  onRedis('without an answer the push is kept, and WeChat waits no longer', async () => {
    const { reply, kept } = await frozenWhile('oUnanswered', HANGING);
    expect([reply.status, codeOf(reply), kept]).toEqual([503, 'PUSH_RECEIVER_UNAVAILABLE', 1]);
  });
});

describe('an instance that is told to stop', () => {
  test('answers what WeChat waits for, and then waits for no receiver', async () => {
    const shop = await receiver();
    const world = await World.start();
    worlds.push(world);
    const { environment, url } = await processInPlaceOf(world, {
      WECHAT_PUSH_TOKEN: TOKEN,
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${shop.url}`,
    });
    const program = startProcess(environment);
    await untilReady(url);
    const send = (body: string) => sender(world)(body, url);
    shop.behaves((response) => {
      if (shop.bodies.at(-1)?.includes('in time')) {
        setTimeout(() => answering(200, 'application/json', TAKEN)(response, response.req), 1_000);
      }
    });
    const hung = send(message('oPersonOfEnd', 'hanging'));
    await shop.has(1);
    const answered = send(notice('oPersonOfEnd', 'in time'));
    await shop.has(2);
    const toldAt = performance.now();
    program.child.kill('SIGTERM');
    expect((await answered).body.toString()).toBe(TAKEN);
    expect((await hung).status).toBe(503);
    expect(await program.ended).toBe(0);
    // The request to the receiver would go on for 9 s.
    expect(performance.now() - toldAt).toBeLessThan(8_000);
    expect(await world.count('relayed_pushes')).toBe(1);
  });
});

test('what became of pushes is counted', async () => {
  const [shop, stock] = [await receiver(), await receiver()];
  const world = await started([shop.url, stock.url]);
  const send = sender(world);
  const [first, second] = [message('oCounted1', 'a'), message('oCounted2', 'b')];
  await send(first);
  await send(first);
  shop.behaves(RESETTING);
  for (let attempt = 0; attempt < 3; attempt++) await send(second);
  await send(notice('oCounted3', 'order'));
  const { text } = await call(`${world.url}/metrics`);
  const counted = [...text.matchAll(/^wechat_auth_pushes_total\{event="(\w+)",outcome="(\w+)"\} (\d+)$/gm)]
    .filter(([, , , count]) => count !== '0')
    .map(([, event, outcome, count]) => `${event ?? ''} ${outcome ?? ''} ${count ?? ''}`);
  expect(counted.sort()).toEqual([
    'message acknowledged 1',
    'message answered 1',
    'message copied 2',
    'message repeated 1',
    'message stored 2',
    'xpay_goods_deliver_notify copied 1',
    'xpay_goods_deliver_notify unavailable 1',
  ]);
});
