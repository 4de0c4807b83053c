import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { AppConfig } from '../../src/config/app-config.js';
import { relayReceivers } from '../../src/wechat-events/relay/relay-receiver.js';
import { RelaySender } from '../../src/wechat-events/relay/relay-sender.js';
import { RelayTiming } from '../../src/wechat-events/relay/relay-timing.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { INSTANCES } from '../harness/backend.js';
import {
  ANSWERING_10_MB,
  answering,
  type Behaviour,
  HANGING,
  PushReceiver,
  RESETTING,
  SENDING_GARBAGE,
  SUCCESS,
  TRICKLING,
} from '../harness/push-receiver.js';
import { message, notice, type PushReply, PushSender } from '../harness/push-sender.js';
import { MINI_PROGRAM, World } from '../harness/world.js';

const TOKEN = 'tokenOfThePush0123456789';
const SECRETS = [1, 2].map(() => `whsec_${randomBytes(32).toString('base64')}`);
const TAKE_OVER = 20;
/** An answer that comes 0.4 s after the push is late, and one after 1.5 s is not waited for. */
const TIMING = new RelayTiming(400, 2_500, 1_500, TAKE_OVER * 1_000, 10);
const JSON_TYPE = 'application/json';
const TAKEN = '{"ErrCode":0,"ErrMsg":"success"}';

const opened: (World | PushReceiver)[] = [];
afterAll(async () => {
  await Promise.all(opened.map((each) => (each instanceof World ? each.stop() : each.close())));
});

async function receiver(): Promise<PushReceiver> {
  const made = await PushReceiver.listen();
  opened.push(made);
  return made;
}

let numbered = 0;
/** A person who has sent nothing yet. */
const somebody = (): string => `oPerson${++numbered}`;

const codeOf = ({ body }: PushReply): unknown => (JSON.parse(body.toString()) as { code?: unknown }).code;

let world: World;
let shop: PushReceiver;
let wechat: PushSender;

beforeAll(async () => {
  shop = await receiver();
  world = await World.start(
    {
      WECHAT_PUSH_TOKEN: TOKEN,
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${shop.url.replace('//', '//shop:s%40cret@')}?own=1`,
      WEBHOOK_SECRET: SECRETS.join(','),
    },
    INSTANCES,
    { relayTiming: TIMING },
  );
  opened.push(world);
  wechat = new PushSender(TOKEN, world.clock);
});
beforeEach(() => {
  shop.received.length = 0;
  shop.behaves(SUCCESS);
});

const send = (
  body: string | Buffer,
  more: { contentType?: string | null; more?: string } = {},
  instance = 0,
) => wechat.send(world.service(instance).url, { appId: MINI_PROGRAM, body, ...more });
const sendNotice = (body: string, instance = 0) => send(body, { contentType: JSON_TYPE }, instance);

/** Delivers what is due. */
const settle = () =>
  Promise.all(world.services.map(({ app }) => app.get(RelayWorker, { strict: false }).runDue()));
const kept = () => world.count('relayed_pushes');

describe('what the receiver gets', () => {
  test('the bytes, the type and the query of WeChat, after its own query', async () => {
    const body = Buffer.concat([Buffer.from(message(somebody(), 'naïve 汉字')), Buffer.from(' \r\n\t')]);
    const odd = `&openid=o%2fa%2Fb+c'"%20|{}&x=&z=%zz&y`;
    const type = 'TEXT/XML ;charset="utf-8"';
    const { query, status } = await send(body, { contentType: type, more: odd });
    expect(status).toBe(200);
    const [got] = shop.received;
    expect(got?.target).toBe(`/push?own=1&${query}`);
    expect(query.endsWith(odd)).toBe(true);
    expect(got?.body.equals(body)).toBe(true);
    expect(got?.headers['content-type']).toBe(type);
  });

  test('no content type where WeChat sends none, and nothing of ours but what identifies the push', async () => {
    await send(message(somebody(), 'x'), { contentType: null });
    expect(Object.keys(shop.received[0]?.headers ?? {}).sort()).toEqual([
      'authorization',
      'connection',
      'content-length',
      'host',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]);
  });

  test('the user of the URL as Basic authorization, and our signature by every secret', async () => {
    await send(message(somebody(), 'signed'));
    const [got] = shop.received;
    const basic = `Basic ${Buffer.from('shop:s@cret').toString('base64')}`;
    expect(got?.headers.authorization).toBe(basic);
    const headers = got?.headers ?? {};
    for (const secret of SECRETS) {
      const check = () =>
        new Webhook(secret).verify(got?.body.toString() ?? '', headers, { jsonParse: false });
      expect(check).not.toThrow();
    }
    expect(() => new Webhook(SECRETS[0] ?? '').verify(`${got?.body.toString() ?? ''} `, headers)).toThrow();
  });

  test('the same id at each try of a push, and another one for another push', async () => {
    shop.behaves(answering(500, 'text/plain', ''));
    const body = message(somebody(), 'again');
    await send(body);
    await send(body, {}, INSTANCES - 1);
    await send(message(somebody(), 'again'));
    const ids = shop.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('what WeChat gets', () => {
  test.each<[string, number, string | null, string]>([
    [
      'a passive reply',
      200,
      'application/xml; charset=GBK',
      '<xml><Content><![CDATA[您好]]></Content></xml>',
    ],
    ['an empty body without a type', 200, null, ''],
    ['bytes without a type', 200, null, 'success'],
    ['a failure of the receiver', 500, 'text/html', '<h1>oh</h1>'],
    ['a redirect, which is not followed', 302, 'text/plain', 'elsewhere'],
    ['no content', 204, null, ''],
  ])('the answer as it is: %s', async (_what, status, contentType, body) => {
    shop.behaves(answering(status, contentType, body));
    const reply = await send(message(somebody(), 'hello'));
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type'] ?? null).toBe(contentType);
    expect(reply.body.toString()).toBe(body);
    expect(shop.received).toHaveLength(1);
    expect(await kept()).toBe(0);
  });

  test('a compressed answer, compressed', async () => {
    const bytes = randomBytes(200);
    shop.behaves((response) =>
      response.writeHead(200, { 'content-type': 'text/xml', 'content-encoding': 'gzip' }).end(bytes),
    );
    const reply = await send(message(somebody(), 'hello'));
    expect(reply.headers['content-encoding']).toBe('gzip');
    expect(reply.body.equals(bytes)).toBe(true);
  });

  test('pushes of other apps are answered as before, and go nowhere', async () => {
    const other = { appId: 'wx5a4db0c0de000002', body: message(somebody(), 'hello') };
    const reply = await wechat.send(world.url, other);
    expect([reply.status, reply.body.toString()]).toEqual([200, 'success']);
    expect(shop.received).toEqual([]);
  });

  test('a push that is not WeChat’s reaches no receiver', async () => {
    const forged = await new PushSender('anotherToken', world.clock).send(world.url, {
      appId: MINI_PROGRAM,
      body: message(somebody(), 'x'),
    });
    expect([forged.status, codeOf(forged)]).toEqual([403, 'PUSH_SIGNATURE_INVALID']);
    expect(shop.received).toEqual([]);
  });
});

const FAULTS: [string, Behaviour][] = [
  ['hangs', HANGING],
  ['resets the connection', RESETTING],
  ['answers garbage', SENDING_GARBAGE],
  ['answers 10 MB', ANSWERING_10_MB],
  ['answers byte by byte', TRICKLING],
  ['answers with a status that HTTP has not', answering(999, 'text/plain', 'odd')],
];

describe('a receiver that gives no answer', () => {
  test.each(FAULTS)(
    'where it %s, WeChat is let repeat twice; then the push is ours, and delivered once the receiver is back',
    async (_what, behaviour) => {
      shop.behaves(behaviour);
      const person = somebody();
      const body = message(person, 'important');
      for (const attempt of [1, 2]) {
        const reply = await send(body, {}, attempt % INSTANCES);
        expect([reply.status, codeOf(reply)]).toEqual([
          503,
          expect.stringMatching(/^PUSH_(RECEIVER_UNAVAILABLE|BUSY)$/),
        ]);
        expect(reply.headers['retry-after']).toMatch(/^\d+$/);
        expect(await kept()).toBe(1);
      }
      const third = await send(body);
      expect([third.status, third.body.toString()]).toEqual([200, 'success']);
      const asked = shop.received.length;
      shop.behaves(SUCCESS);
      await settle();
      // It becomes due when WeChat does not repeat it any more.
      expect(shop.received).toHaveLength(asked);
      world.clock.advance(TAKE_OVER);
      await settle();
      expect(await kept()).toBe(0);
      expect(await world.count('push_mailboxes')).toBe(0);
      expect(shop.bodies.slice(asked)).toEqual([body]);
      const ids = new Set(shop.received.map(({ headers }) => headers['webhook-id']));
      expect(ids.size).toBe(1);
    },
  );

  test('is no receiver at all: the same', async () => {
    await shop.close();
    const body = message(somebody(), 'important');
    try {
      expect((await send(body)).status).toBe(503);
      expect((await send(body)).status).toBe(503);
      expect((await send(body)).status).toBe(200);
    } finally {
      await shop.open();
    }
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(shop.bodies).toEqual([body]);
    expect(await kept()).toBe(0);
  });

  test('WeChat’s repeat may still get a real answer, and then nothing is delivered again', async () => {
    shop.behaves(RESETTING);
    const body = message(somebody(), 'twice');
    expect((await send(body)).status).toBe(503);
    shop.behaves(answering(200, 'text/xml', '<xml>reply</xml>'));
    expect((await send(body)).body.toString()).toBe('<xml>reply</xml>');
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(shop.received).toHaveLength(2);
    expect(await kept()).toBe(0);
  });

  test('a push that WeChat does not repeat is delivered all the same', async () => {
    shop.behaves(RESETTING);
    const body = message(somebody(), 'once');
    expect((await send(body)).status).toBe(503);
    shop.behaves(SUCCESS);
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(shop.bodies).toEqual([body, body]);
    expect(await kept()).toBe(0);
  });

  test('a gateway in front of it answers for it: handed back, and delivered later', async () => {
    shop.behaves(answering(502, 'text/html', 'bad gateway'));
    const body = message(somebody(), 'deployment');
    const reply = await send(body);
    expect([reply.status, reply.body.toString()]).toEqual([502, 'bad gateway']);
    expect(await kept()).toBe(1);
    shop.behaves(SUCCESS);
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(shop.bodies).toEqual([body, body]);
    expect(await kept()).toBe(0);
  });
});

test('a receiver has a hundred requests at once; one more gets no answer, and then the next one does', async () => {
  const { app } = world.service();
  const [first] = relayReceivers(app.get(AppConfig, { strict: false }));
  if (!first) throw new Error('unreachable');
  const sender = app.get(RelaySender, { strict: false });
  const push = { rawQuery: '', contentType: JSON_TYPE, body: Buffer.from('{}') };
  const ask = (n: number) => sender.send(first, `push_${n}`, push, AbortSignal.timeout(60_000));
  shop.holds();
  const held = Array.from({ length: 100 }, (_, n) => ask(n));
  expect(await ask(100)).toEqual({ kind: 'none', reason: 'too many requests under way', status: null });
  await shop.has(100);
  shop.release();
  expect(new Set((await Promise.all(held)).map(({ kind }) => kind))).toEqual(new Set(['answer']));
  shop.behaves(SUCCESS);
  expect((await ask(101)).kind).toBe('answer');
});

describe('a notice that only an answer of its own counts for', () => {
  test('is never acknowledged for the receiver, and not kept, while WeChat repeats it', async () => {
    shop.behaves(RESETTING);
    const person = somebody();
    for (let retry = 0; retry < 5; retry++) {
      const reply = await sendNotice(notice(person, 'order-1', retry));
      expect([reply.status, codeOf(reply)]).toEqual([503, 'PUSH_RECEIVER_UNAVAILABLE']);
    }
    expect(await kept()).toBe(0);
    shop.behaves(answering(200, JSON_TYPE, TAKEN));
    expect((await sendNotice(notice(person, 'order-1', 5))).body.toString()).toBe(TAKEN);
  });

  test('another answer is handed back and asked for again', async () => {
    const person = somebody();
    for (const body of ['success', '{"ErrCode":1}', TAKEN]) {
      shop.behaves(answering(200, JSON_TYPE, body));
      expect((await sendNotice(notice(person, 'order-2'))).body.toString()).toBe(body);
    }
    expect(shop.received).toHaveLength(3);
    // Taken: a further repeat is answered from memory, whatever its RetryTimes.
    expect((await sendNotice(notice(person, 'order-2', 7))).body.toString()).toBe(TAKEN);
    expect(shop.received).toHaveLength(3);
  });

  test('at its last repeat it is kept, acknowledged in its own form, and delivered until it is taken', async () => {
    shop.behaves(RESETTING);
    const body = notice(somebody(), 'order-3', 15);
    const reply = await sendNotice(body);
    expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([200, JSON.parse(TAKEN)]);
    expect(await kept()).toBe(1);
    shop.behaves(answering(200, 'text/plain', 'success'));
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(await kept()).toBe(1);
    shop.behaves(answering(200, JSON_TYPE, TAKEN));
    world.clock.advance(5);
    await settle();
    expect(await kept()).toBe(0);
  });

  test('a question is never answered in place of the receiver', async () => {
    shop.behaves(RESETTING);
    const question = JSON.stringify({
      ...(JSON.parse(notice(somebody(), 'order-4', 15)) as object),
      Event: 'xpay_subscribe_ios_refund_query_notify',
    });
    for (let attempt = 0; attempt < 4; attempt++) expect((await sendNotice(question)).status).toBe(503);
    expect(await kept()).toBe(0);
  });
});

describe('tries of one push at the same time', () => {
  test('one reaches the receiver, the others get its answer', async () => {
    shop.holds();
    const body = message(somebody(), 'overlapping');
    const tries = Array.from({ length: 6 }, (_, n) => send(body, {}, n % INSTANCES));
    await shop.has(1);
    shop.release('<xml>one</xml>', 'text/xml');
    for (const reply of await Promise.all(tries)) {
      expect([reply.status, reply.body.toString()]).toEqual([200, '<xml>one</xml>']);
      expect(reply.headers['content-type']).toBe('text/xml');
    }
    expect(shop.received).toHaveLength(1);
  });

  test('a late answer serves WeChat’s repeat, and nothing stays behind', async () => {
    shop.holds();
    const body = message(somebody(), 'slow');
    expect((await send(body)).status).toBe(503);
    const repeat = send(body, {}, INSTANCES - 1);
    shop.release('<xml>late</xml>', 'text/xml');
    expect((await repeat).body.toString()).toBe('<xml>late</xml>');
    world.clock.advance(TAKE_OVER);
    await settle();
    expect(shop.received).toHaveLength(1);
    expect(await kept()).toBe(0);
  });

  test('an encrypted answer belongs to one try: a repeat asks the receiver again', async () => {
    const envelope = answering(200, 'text/xml', '<xml><Encrypt><![CDATA[abc]]></Encrypt></xml>');
    shop.behaves(envelope);
    const body = message(somebody(), 'safe');
    await send(body);
    await send(body);
    expect(shop.received).toHaveLength(2);
  });

  test('two orders in one second are two pushes', async () => {
    shop.behaves(answering(200, JSON_TYPE, TAKEN));
    const person = somebody();
    await Promise.all(['order-5', 'order-6'].map((order) => sendNotice(notice(person, order))));
    expect(shop.received).toHaveLength(2);
  });
});
