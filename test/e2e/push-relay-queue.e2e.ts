import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { RelayPruning } from '../../src/wechat-events/relay/relay-pruning.js';
import { RelayTiming } from '../../src/wechat-events/relay/relay-timing.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { INSTANCES } from '../harness/backend.js';
import { answering, HANGING, PushReceiver, RESETTING, SUCCESS } from '../harness/push-receiver.js';
import { message, notice, PushSender } from '../harness/push-sender.js';
import { API_KEYS } from '../harness/operator.js';
import { MINI_PROGRAM, WEBSITE, World } from '../harness/world.js';

const TOKEN = 'tokenOfThePush0123456789';
const TAKE_OVER = 20;
const TIMING = new RelayTiming(400, 2_500, 1_500, TAKE_OVER * 1_000, 10);
const HOUR = 3_600;
const TAKEN = '{"ErrCode":0,"ErrMsg":"success"}';

let numbered = 0;
const somebody = (): string => `oPerson${++numbered}`;

/** The first receiver of the mini program, which answers; the two that get copies; the one of the website. */
let shop: PushReceiver;
let stock: PushReceiver;
let mail: PushReceiver;
let site: PushReceiver;
let world: World;
let wechat: PushSender;

beforeAll(async () => {
  [shop, stock, mail, site] = (await Promise.all(Array.from({ length: 4 }, () => PushReceiver.listen()))) as [
    PushReceiver,
    PushReceiver,
    PushReceiver,
    PushReceiver,
  ];
  const forwards = [shop, stock, mail].map(({ url }) => `${MINI_PROGRAM}=${url}`);
  world = await World.start(
    {
      ...API_KEYS,
      WECHAT_PUSH_TOKEN: TOKEN,
      WECHAT_PUSH_FORWARD: [...forwards, `${WEBSITE}=${site.url}`].join(','),
    },
    INSTANCES,
    { relayTiming: TIMING },
  );
  wechat = new PushSender(TOKEN, world.clock);
});
afterAll(async () => {
  await world.stop();
  await Promise.all([shop, stock, mail, site].map((each) => each.close()));
});
beforeEach(() => {
  for (const each of [shop, stock, mail, site]) {
    each.behaves(SUCCESS);
    each.received.length = 0;
  }
});

const send = (body: string, instance = 0, appId = MINI_PROGRAM) =>
  wechat.send(world.service(instance).url, {
    appId,
    body,
    contentType: body.startsWith('{') ? 'application/json' : 'text/xml',
  });
/** All that WeChat does for a push that is not answered. */
const sendThrice = async (body: string): Promise<number> => {
  await send(body);
  await send(body, INSTANCES - 1);
  return (await send(body)).status;
};
const workers = () => world.services.map(({ app }) => app.get(RelayWorker, { strict: false }));
const settle = () => Promise.all(workers().map((worker) => worker.runDue()));
/** Delivers what is due after some time. The clock does not jump during an attempt, whose lease would end. */
const after = async (seconds: number): Promise<void> => {
  await settle();
  world.clock.advance(seconds);
  await settle();
};
const kept = () => world.count('relayed_pushes');
const givenUp = async () =>
  (await world.backend.rows("SELECT details FROM events WHERE type = 'push.given_up'")).map(
    ({ details }) => JSON.parse(String(details)) as Record<string, unknown>,
  );
/** Empties the queue between two tests. */
const emptied = async (): Promise<void> => {
  for (let round = 0; round < 3; round++) await after(HOUR);
  expect([await kept(), await world.count('push_mailboxes')]).toEqual([0, 0]);
};

describe('copies', () => {
  test('every further receiver gets the push once, unchanged, whatever it answers; only the first answers', async () => {
    shop.behaves(answering(200, 'text/xml', '<xml>mine</xml>'));
    stock.behaves(answering(200, 'text/xml', '<xml>not mine</xml>'));
    const body = message(somebody(), 'to all');
    const { query, body: answer } = await send(body);
    expect(answer.toString()).toBe('<xml>mine</xml>');
    await settle();
    for (const each of [shop, stock, mail]) {
      expect(each.received.map(({ target, body: got }) => [target, got.toString()])).toEqual([
        [`/push?${query}`, body],
      ]);
    }
    const ids = [shop, stock, mail].map((each) => each.received[0]?.headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    expect(shop.received[0]?.headers).not.toHaveProperty('webhook-signature');
    expect(await kept()).toBe(0);
  });

  test('WeChat’s repeats make no further copies, at once or one after another, on any instance', async () => {
    shop.behaves(RESETTING);
    const body = message(somebody(), 'repeated');
    await Promise.all(Array.from({ length: 5 }, (_, n) => send(body, n % INSTANCES)));
    await settle();
    for (let n = 0; n < 3; n++) await send(body, n % INSTANCES);
    await settle();
    expect([stock, mail].map((each) => each.bodies)).toEqual([[body], [body]]);
    shop.behaves(SUCCESS);
    await emptied();
    expect([stock, mail].map((each) => each.bodies)).toEqual([[body], [body]]);
  });

  test('of a notice of payment, too, whose RetryTimes change for hours', async () => {
    const [person, order] = [somebody(), 'order-1'];
    shop.behaves(answering(500, 'text/plain', ''));
    for (let retry = 0; retry < 4; retry++) {
      await send(notice(person, order, retry));
      await after(HOUR);
    }
    expect([stock, mail].map((each) => each.received.length)).toEqual([1, 1]);
    expect(shop.received).toHaveLength(4);
  });

  test('a dead receiver of copies holds up neither the answer nor the others', async () => {
    stock.behaves(HANGING);
    const bodies = Array.from({ length: 12 }, (_, n) => message(somebody(), `copy ${n}`));
    for (const body of bodies) expect((await send(body)).status).toBe(200);
    await settle();
    expect(mail.bodies.sort()).toEqual([...bodies].sort());
    stock.behaves(SUCCESS);
    await emptied();
    expect(new Set(stock.bodies)).toEqual(new Set(bodies));
  });
});

describe('the order of one person', () => {
  test('what comes while others wait goes behind them and is acknowledged at once', async () => {
    shop.behaves(RESETTING);
    const person = somebody();
    const bodies = ['1', '2', '3', '4'].map((text) => message(person, text));
    expect(await sendThrice(bodies[0] ?? '')).toBe(200);
    shop.behaves(SUCCESS);
    shop.received.length = 0;
    for (const [n, body] of bodies.slice(1).entries()) {
      const reply = await send(body, n % INSTANCES);
      expect([reply.status, reply.body.toString()]).toEqual([200, 'success']);
    }
    expect(shop.received).toEqual([]);
    await after(TAKE_OVER);
    expect(shop.bodies).toEqual(bodies);
    // Nothing waits: the next one is answered by the receiver again.
    shop.behaves(answering(200, 'text/xml', '<xml>here</xml>'));
    expect((await send(message(person, '5'))).body.toString()).toBe('<xml>here</xml>');
    await settle();
    expect(await kept()).toBe(0);
  });

  test('is kept through an outage with failures in between, on all instances at once', async () => {
    shop.behaves(RESETTING);
    const [a, b] = [somebody(), somebody()];
    const bodies = [a, b].map((person) => Array.from({ length: 12 }, (_, n) => message(person, String(n))));
    for (const body of bodies.flat()) await sendThrice(body);
    shop.received.length = 0;
    // Every third request fails: it stays the head of its mailbox.
    const delivered: string[] = [];
    let requests = 0;
    shop.behaves((response, request) => {
      if (++requests % 3 === 0) RESETTING(response, request);
      else {
        delivered.push(shop.bodies.at(-1) ?? '');
        SUCCESS(response, request);
      }
    });
    for (let round = 0; round < 30 && (await kept()) > 0; round++) await after(HOUR);
    for (const ofOne of bodies) expect(delivered.filter((body) => ofOne.includes(body))).toEqual(ofOne);
  });

  test('others are not held up: neither other people, nor notices of payment, nor other apps', async () => {
    const [ill, well] = [somebody(), somebody()];
    const poison = message(ill, 'poison');
    shop.behaves((response, request) => {
      const isPoison = shop.bodies.at(-1) === poison;
      if (isPoison) RESETTING(response, request);
      else answering(200, 'application/json', TAKEN)(response, request);
    });
    await sendThrice(poison);
    await after(TAKE_OVER);
    expect(await kept()).toBe(1);
    expect((await send(message(well, 'hello'))).body.toString()).toBe(TAKEN);
    expect((await send(notice(ill, 'order-2'))).body.toString()).toBe(TAKEN);
    expect((await send(message(ill, 'to the website'), 0, WEBSITE)).body.toString()).toBe('success');
    expect(site.received).toHaveLength(1);
    shop.behaves(SUCCESS);
    await emptied();
  });

  test('an answer to WeChat’s repeat frees what waits behind it at once', async () => {
    shop.behaves(RESETTING);
    const person = somebody();
    const [first, second] = [message(person, 'first'), message(person, 'second')];
    await send(first);
    expect((await send(second)).status).toBe(200);
    shop.behaves(SUCCESS);
    shop.received.length = 0;
    expect((await send(first)).status).toBe(200);
    await shop.has(2);
    expect(shop.bodies).toEqual([first, second]);
    await settle();
    expect([await kept(), await world.count('push_mailboxes')]).toEqual([0, 0]);
  });

  test('does not depend on the clocks of the instances', async () => {
    shop.behaves(RESETTING);
    stock.behaves(RESETTING);
    const person = somebody();
    const bodies = ['1', '2', '3'].map((text) => message(person, text));
    await sendThrice(bodies[0] ?? '');
    for (const body of bodies.slice(1)) {
      world.clock.advance(-7);
      expect((await send(body)).status).toBe(200);
    }
    shop.behaves(SUCCESS);
    stock.behaves(SUCCESS);
    shop.received.length = 0;
    stock.received.length = 0;
    await after(TAKE_OVER + 2 * 7);
    await emptied();
    expect(shop.bodies).toEqual(bodies);
    expect(stock.bodies).toEqual(bodies);
  });

  test('many waiting pushes are delivered in one go', async () => {
    shop.behaves(RESETTING);
    const person = somebody();
    const bodies = Array.from({ length: 60 }, (_, n) => message(person, `long ${n}`));
    await sendThrice(bodies[0] ?? '');
    for (const body of bodies.slice(1)) await send(body);
    shop.behaves(SUCCESS);
    shop.received.length = 0;
    await after(TAKE_OVER);
    expect(shop.bodies).toEqual(bodies);
  });
});

describe('a receiver that stays away', () => {
  test('is asked less and less often, and a push is given up after a day, with an event that tells nothing of it', async () => {
    const before = (await givenUp()).length;
    shop.behaves(answering(503, 'text/plain', ''));
    const person = somebody();
    await sendThrice(message(person, 'never'));
    const asked: number[] = [];
    shop.received.length = 0;
    await after(TAKE_OVER);
    for (const seconds of [5, 15, 30, 60, 120, 300, 600, 600]) {
      // Not a moment earlier.
      await after(seconds - 2);
      asked.push(shop.received.length);
      await after(2);
    }
    expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await givenUp()).length).toBe(before);
    await after(23 * HOUR);
    expect(await kept()).toBe(1);
    await after(HOUR);
    expect([await kept(), await world.count('push_mailboxes')]).toEqual([0, 0]);
    const [event] = (await givenUp()).slice(before);
    expect(event).toEqual({
      receiver: new URL(shop.url).origin,
      appId: MINI_PROGRAM,
      ageSeconds: expect.any(Number) as unknown,
      reason: 'status 503',
    });
    expect(Number(event?.ageSeconds)).toBeGreaterThanOrEqual(24 * HOUR);
  });

  test('what waits behind a push that was given up gets its turn', async () => {
    const person = somebody();
    const poison = message(person, 'poison');
    const next = message(person, 'next');
    shop.behaves((response, request) =>
      (shop.bodies.at(-1) === poison ? RESETTING : SUCCESS)(response, request),
    );
    await sendThrice(poison);
    await after(12 * HOUR);
    await send(next);
    await after(12 * HOUR);
    expect(shop.bodies.at(-1)).toBe(next);
    expect(await kept()).toBe(0);
  });

  test('is no receiver any more: its pushes are deleted after a day', async () => {
    const at = (hours: number) =>
      new Date(world.clock.now() - hours * HOUR * 1_000).toISOString().replace('T', ' ').slice(0, 23);
    for (const [n, hours] of [25, 23].entries()) {
      await world.backend.write(
        `INSERT INTO push_mailboxes (receiver, person, attempts, next_at) VALUES ('gone', 'p${n}', 1, '${at(hours)}')`,
      );
      for (let push = 0; push < 150; push++) {
        const id = `01950000-0000-7000-800${n}-${String(push).padStart(12, '0')}`;
        await world.backend.write(
          `INSERT INTO relayed_pushes (id, receiver, person, push_key, tries, sealed, received_at)
           VALUES ('${id}', 'gone', 'p${n}', 'k${n}-${push}', 1, 'x', '${at(hours)}')`,
        );
      }
    }
    const prune = () => world.service().app.get(RelayPruning, { strict: false }).runDue();
    expect(await prune()).toBe(true);
    expect(await kept()).toBe(150);
    expect(await world.count("push_mailboxes WHERE person = 'p1'")).toBe(1);
    await world.pass(2 * HOUR);
    expect(await prune()).toBe(true);
    expect([await kept(), await world.count('push_mailboxes')]).toEqual([0, 0]);
  });
});

test('the metrics count what waits', async () => {
  shop.behaves(RESETTING);
  await sendThrice(message(somebody(), 'counted'));
  world.clock.advance(60);
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  expect(metrics).toMatch(/^wechat_auth_queue_waiting\{queue="pushes"\} 1$/m);
  shop.behaves(SUCCESS);
  await emptied();
});
