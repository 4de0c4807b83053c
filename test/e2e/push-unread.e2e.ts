import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { RelayTiming } from '../../src/wechat-events/relay/relay-timing.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { type LetterOptions, post, pushLetter } from '../harness/push-letter.js';
import { PushReceiver, RESETTING, SUCCESS } from '../harness/push-receiver.js';
import { MINI_PROGRAM, WEBSITE, World } from '../harness/world.js';

const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const PLAIN: LetterOptions = { token: 'tokenOfPlainPushes' };
const SAFE: LetterOptions = { token: 'tokenOfSafePushes', aesKey: 'S'.repeat(43) };
const TAKE_OVER = 20;

let world: World;
let shop: PushReceiver;

beforeAll(async () => {
  shop = await PushReceiver.listen();
  world = await World.start(
    {
      WECHAT_PUSH_TOKEN: SAFE.token,
      WECHAT_PUSH_AES_KEY: SAFE.aesKey ?? '',
      WECHAT_PUSH_APPS: `${OFFICIAL_ACCOUNT}:${PLAIN.token},${WEBSITE}:${PLAIN.token}`,
      WECHAT_PUSH_FORWARD: [MINI_PROGRAM, OFFICIAL_ACCOUNT].map((app) => `${app}=${shop.url}`).join(),
    },
    1,
    { relayTiming: new RelayTiming(400, 2_500, 1_500, TAKE_OVER * 1_000, 10) },
  );
});
afterAll(async () => {
  await world.stop();
  await shop.close();
});
beforeEach(() => {
  shop.received.length = 0;
  shop.behaves(SUCCESS);
});

const send = (appId: string, text: string, options: LetterOptions) =>
  post(world.url, appId, pushLetter(world, appId, text, options));

let numbered = 0;
const UNREADABLE: [string, () => string][] = [
  ['XML with attributes', () => `<xml v="1"><Event>x</Event><N>${++numbered}</N></xml>`],
  ['XML with a comment', () => `<xml><!-- a --><N>${++numbered}</N></xml>`],
  [
    'more sections of CDATA than are read',
    () => `<xml><A><![CDATA[${++numbered}]]></A>${'<B><![CDATA[]]></B>'.repeat(301)}</xml>`,
  ],
  ['a key of JSON given twice', () => `{"N":${++numbered},"A":1,"A":2}`],
  ['more values than are read', () => `{"N":${++numbered},"List":[${'1,'.repeat(600)}1]}`],
  ['a list of JSON', () => `[${++numbered}]`],
  [
    'an event about consent without a person',
    () => `{"MsgType":"event","Event":"user_authorization_revoke","N":${++numbered}}`,
  ],
];

describe('a push that cannot be read here', () => {
  test.each(UNREADABLE)('goes on to its receiver, unchanged: %s', async (_what, next) => {
    for (const [appId, options] of [
      [OFFICIAL_ACCOUNT, PLAIN],
      [MINI_PROGRAM, SAFE],
    ] as const) {
      shop.received.length = 0;
      const letter = pushLetter(world, appId, next(), options);
      const reply = await post(world.url, appId, letter);
      expect([reply.status, reply.text]).toEqual([200, 'success']);
      expect(shop.bodies).toEqual([letter.body]);
    }
    expect(world.log()).toContain('a push that cannot be read is passed on');
  });

  test.each(UNREADABLE)('is refused where nobody else reads it: %s', async (_what, next) => {
    const reply = await send(WEBSITE, next(), PLAIN);
    expect([reply.status, reply.body.code]).toEqual([400, 'PUSH_MALFORMED']);
    expect(shop.received).toEqual([]);
  });

  test('is the same at each try, however it is encrypted, and is kept for a receiver that is away', async () => {
    shop.behaves(RESETTING);
    const text = `{"a":1,"a":2,"N":${++numbered}}`;
    for (const status of [503, 503, 200]) expect((await send(MINI_PROGRAM, text, SAFE)).status).toBe(status);
    expect(await world.count('relayed_pushes')).toBe(1);
    // Another one is neither taken for the same nor held up by it.
    shop.behaves(SUCCESS);
    expect((await send(MINI_PROGRAM, text.replace('1', '3'), SAFE)).text).toBe('success');
    shop.received.length = 0;
    world.clock.advance(TAKE_OVER);
    await world.service(0).app.get(RelayWorker, { strict: false }).runDue();
    expect(shop.received).toHaveLength(1);
    expect(await world.count('relayed_pushes')).toBe(0);
  });

  test('goes nowhere without a valid signature over it', async () => {
    const [text] = UNREADABLE.map(([, next]) => next());
    const other = { ...SAFE, token: 'anotherToken' };
    const refused = [
      await send(MINI_PROGRAM, text ?? '', other),
      await send(MINI_PROGRAM, text ?? '', { ...SAFE, aesKey: 'T'.repeat(43) }),
      await send(MINI_PROGRAM, text ?? '', { token: SAFE.token }),
      await send(OFFICIAL_ACCOUNT, text ?? '', SAFE),
    ];
    expect(refused.map(({ body }) => body.code)).toEqual([
      'PUSH_SIGNATURE_INVALID',
      'PUSH_DECRYPTION_FAILED',
      'PUSH_MALFORMED',
      'PUSH_SIGNATURE_INVALID',
    ]);
    expect(shop.received).toEqual([]);
  });

  test('does not serve a second body under one timestamp and nonce', async () => {
    const letter = pushLetter(world, OFFICIAL_ACCOUNT, '[1]', PLAIN);
    expect((await post(world.url, OFFICIAL_ACCOUNT, letter)).text).toBe('success');
    const forged = await post(world.url, OFFICIAL_ACCOUNT, { ...letter, body: '[2]' });
    expect([forged.status, forged.body.code]).toEqual([403, 'PUSH_REPLAYED']);
  });
});

test('the plain fields of compatible mode, which nothing signs, cannot be exchanged on the way to the receiver', async () => {
  const text = JSON.stringify({ MsgType: 'event', Event: 'debug_demo', debug_str: 'real' });
  const letter = pushLetter(world, MINI_PROGRAM, text, { ...SAFE, isCompatible: true });
  expect((await post(world.url, MINI_PROGRAM, letter)).text).toBe('success');
  const forged = await post(world.url, MINI_PROGRAM, {
    ...letter,
    body: letter.body.replace('real', 'false'),
  });
  expect([forged.status, forged.body.code]).toEqual([403, 'PUSH_REPLAYED']);
  expect(shop.bodies).toEqual([letter.body]);
});
