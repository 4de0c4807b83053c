import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Behaviour, HANGING, PushReceiver, RESETTING, SUCCESS } from '../harness/push-receiver.js';
import { message, PushSender } from '../harness/push-sender.js';
import type { Program } from '../harness/program.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { MINI_PROGRAM, World } from '../harness/world.js';

const TOKEN = 'tokenOfThePush0123456789';
/** WeChat's: it sends a push three times until it gets 200. */
const TRIES = 3;

let world: World;
let shop: PushReceiver;
let stock: PushReceiver;
let url: string;
let environment: Readonly<Record<string, string>>;
let program: Program;
/** Resolves once a process runs. */
let ready: Promise<void> = Promise.resolve();

beforeAll(async () => {
  [shop, stock] = [await PushReceiver.listen(), await PushReceiver.listen()];
  world = await World.start();
  ({ url, environment } = await processInPlaceOf(world, {
    WECHAT_PUSH_TOKEN: TOKEN,
    WECHAT_PUSH_FORWARD: [shop, stock].map((each) => `${MINI_PROGRAM}=${each.url}`).join(','),
  }));
});
afterAll(async () => {
  program.child.kill('SIGKILL');
  await program.ended;
  await world.stop();
  await Promise.all([shop.close(), stock.close()]);
});
beforeEach(() => {
  for (const each of [shop, stock]) {
    each.received.length = 0;
    each.behaves(SUCCESS);
  }
});

async function begin(): Promise<void> {
  program = startProcess(environment);
  await untilReady(url);
}

/** Kills the process and starts it anew. */
async function restart(): Promise<void> {
  let isReady = (): void => undefined;
  // From the kill on: a push that meets its absence once must not meet it three times.
  ready = new Promise((resolve) => (isReady = resolve));
  program.child.kill('SIGKILL');
  await program.ended;
  program = startProcess(environment);
  await untilReady(url);
  isReady();
}

/** WeChat's side of a push. @returns whether it was acknowledged */
async function push(body: string): Promise<boolean> {
  const wechat = new PushSender(TOKEN, world.clock);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const reply = await wechat.send(url, { appId: MINI_PROGRAM, body }).catch(() => null);
    if (reply?.status === 200) return true;
    await ready;
  }
  return false;
}

/** Makes due what waits for WeChat's repeats, for its next attempt, or for the end of the lease of a killed process. */
async function makeDue(): Promise<void> {
  await world.backend.write("UPDATE push_mailboxes SET next_at = '2026-01-01 00:00:00.000'");
}

/** Waits until nothing is kept any more. */
async function emptied(): Promise<void> {
  while ((await world.count('relayed_pushes')) > 0) await sleep(200);
}

const missing = (receiver: PushReceiver, bodies: readonly string[]): string[] =>
  bodies.filter((body) => !receiver.bodies.includes(body));

test.each<[string, Behaviour]>([
  ['resets connections', RESETTING],
  ['hangs', HANGING],
])(
  'a process that is killed while a receiver %s loses no push, and none that was acknowledged',
  async (_what, behaviour) => {
    await begin();
    shop.behaves(behaviour);
    const bodies = Array.from({ length: 20 }, (_, n) => message(`oKilled${n % 7}`, `${randomInt(1e9)}`));
    const pushes = bodies.map(async (body, n) => {
      await sleep(n * 100);
      return push(body);
    });
    // Between receipt and delivery of some, between store and answer of others. Once: a push that is killed at each of
    // its three tries is lost at WeChat, and was never acknowledged.
    await sleep(randomInt(500, 3_500));
    await restart();
    await Promise.all(pushes);
    shop.behaves(SUCCESS);
    shop.received.length = 0;
    await makeDue();
    await emptied();
    expect(missing(shop, bodies)).toEqual([]);
    expect(missing(stock, bodies)).toEqual([]);
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  },
);

test('a process that is killed while it delivers from the queue delivers the rest, in order', async () => {
  await begin();
  shop.behaves(RESETTING);
  const bodies = Array.from({ length: 30 }, (_, n) => message('oKilledQueue', String(n)));
  await push(bodies[0] ?? '');
  for (const body of bodies.slice(1)) expect(await push(body)).toBe(true);
  shop.received.length = 0;
  const taken: string[] = [];
  shop.behaves((response, request) => {
    taken.push(shop.bodies.at(-1) ?? '');
    setTimeout(() => SUCCESS(response, request), 50);
  });
  await makeDue();
  for (const so of [5, 12, 20]) {
    await shop.has(so);
    await restart();
    await makeDue();
  }
  await emptied();
  // Only the one under way at a kill comes twice.
  expect(taken.filter((body, n) => taken.indexOf(body) === n)).toEqual(bodies);
  expect(taken.length).toBeLessThanOrEqual(bodies.length + 3);
});
