import { afterEach, describe, expect, test } from '@jest/globals';
import { decrypt } from '@wecom/crypto';
import { signPush } from '../../sandbox/src/push/crypto.js';
import { readPushFields } from '../../src/wechat-events/push-fields.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { type Sdk, SdkReceiver } from '../harness/sdk-receiver.js';
import { MINI_PROGRAM, type Person, World } from '../harness/world.js';

const TOKEN = 'tokenOfThePush0123456789';
const AES_KEY = 'aesKeyOfThePush01234567890123456789ABCDEFGH';
/** More than a number of JavaScript holds. */
const MSG_ID = '9007199254740995';

/** A push of the sandbox, and what WeChat got for it. */
interface Delivered {
  readonly deliveries: readonly {
    readonly delivered: boolean;
    readonly tries: readonly {
      readonly status: number | null;
      readonly contentType: string | null;
      readonly body: string;
    }[];
  }[];
}

type Mode = 'plain' | 'compat' | 'safe';
type Format = 'xml' | 'json';

const opened: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()));
});

/** The service with one receiver behind it. */
async function start(sdk: Sdk, mode: Mode): Promise<{ world: World; receiver: SdkReceiver; person: Person }> {
  const pair = { token: TOKEN, ...(mode !== 'plain' && { aesKey: AES_KEY }) };
  const receiver = await SdkReceiver.start(sdk, { appId: MINI_PROGRAM, ...pair });
  opened.push(receiver);
  const world = await World.start({
    WECHAT_PUSH_APPS: [MINI_PROGRAM, ...Object.values(pair)].join(':'),
    WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${receiver.url}`,
  });
  opened.push(world);
  return { world, receiver, person: await world.person() };
}

const push = (world: World, person: Person, mode: Mode, format: Format, what: object): Promise<Delivered> =>
  world.control<Delivered>('push', {
    appId: MINI_PROGRAM,
    person: person.id,
    token: TOKEN,
    ...(mode !== 'plain' && { aesKey: AES_KEY }),
    mode,
    format,
    ...what,
  });

const onlyTry = ({ deliveries }: Delivered) => {
  const [delivery] = deliveries;
  expect([delivery?.delivered, delivery?.tries.length]).toEqual([true, 1]);
  return delivery?.tries[0];
};

/** The reply as WeChat reads it: signed, encrypted for the app or platform, and as long as it says. */
function replyIn(answer: string, appId = MINI_PROGRAM): string {
  const fields = readPushFields(answer);
  const [encrypted, signature, timestamp, nonce] = ['Encrypt', 'MsgSignature', 'TimeStamp', 'Nonce'].map(
    (name) => fields.get(name) ?? '',
  );
  expect(signPush(TOKEN, timestamp ?? '', nonce ?? '', encrypted ?? '')).toBe(signature);
  const { message, id } = decrypt(AES_KEY, encrypted ?? '');
  expect(id).toBe(appId);
  return message;
}

describe('a receiver with the SDK of others answers WeChat as if nothing stood between them', () => {
  test.each<[Sdk, Mode, Format]>([
    ['wechat-crypto', 'safe', 'xml'],
    ['wechat-crypto', 'compat', 'xml'],
    ['wecom-crypto', 'safe', 'json'],
    ['wecom-crypto', 'compat', 'json'],
    ['nest-wechat', 'safe', 'xml'],
    ['nest-wechat', 'plain', 'xml'],
    ['node-easywechat', 'safe', 'xml'],
    ['node-easywechat', 'compat', 'xml'],
    ['node-easywechat', 'plain', 'xml'],
  ])('%s, %s mode, %s', async (sdk, mode, format) => {
    const { world, receiver, person } = await start(sdk, mode);
    const sent = await push(world, person, mode, format, { text: '你好 & <b>', msgId: MSG_ID });
    const [taken] = await receiver.taken();
    // The SDK has verified and decrypted it: no digit of the MsgId is lost on the way.
    expect(taken?.message).toContain(MSG_ID);
    expect(taken?.message).toContain('你好 & <b>');
    expect(onlyTry(sent)).toMatchObject({
      status: 200,
      contentType: taken?.contentType,
      body: taken?.answer,
    });
    const reply = mode === 'plain' ? (taken?.answer ?? '') : replyIn(taken?.answer ?? '');
    expect(readPushFields(reply).get('ToUserName')).toBe(person.openIds[MINI_PROGRAM]);
    expect(reply).toContain('收到：');
  });

  test.each<[Sdk, Format]>([
    ['wechat-crypto', 'xml'],
    ['wecom-crypto', 'json'],
  ])('%s acknowledges a payment by ErrCode in %s', async (sdk, format) => {
    const { world, receiver, person } = await start(sdk, 'safe');
    const sent = await push(world, person, 'safe', format, {
      event: 'xpay_goods_deliver_notify',
      fields: { OutTradeNo: 'order_1', Env: 0, GoodsInfo: { ProductId: 'p', Quantity: 1 } },
    });
    const [taken] = await receiver.taken();
    expect(taken?.message).toContain('order_1');
    expect(onlyTry(sent)?.body).toBe(taken?.answer);
  });

  test('node-easywechat answers an event by its own default', async () => {
    const { world, receiver, person } = await start('node-easywechat', 'safe');
    const sent = await push(world, person, 'safe', 'xml', {
      event: 'subscribe',
      fields: { EventKey: 'qrscene_1' },
    });
    expect(await receiver.taken()).toMatchObject([{ message: '{"EventKey":"qrscene_1"}' }]);
    expect(onlyTry(sent)).toMatchObject({ status: 200, body: 'success' });
  });

  test('a receiver of a third-party platform has the pair and the appid of the platform', async () => {
    const platform = { appId: 'wx5a4db0c0de0000ff', token: TOKEN, aesKey: AES_KEY };
    const receiver = await SdkReceiver.start('wechat-crypto', platform);
    opened.push(receiver);
    const world = await World.start({
      WECHAT_PUSH_APPS: Object.values(platform).join(':'),
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${receiver.url}`,
    });
    opened.push(world);
    const what = { text: 'hello', trailerAppId: platform.appId };
    const sent = await push(world, await world.person(), 'safe', 'xml', what);
    const [taken] = await receiver.taken();
    expect(taken?.message).toContain('hello');
    expect(onlyTry(sent)?.body).toBe(taken?.answer);
    expect(replyIn(taken?.answer ?? '', platform.appId)).toContain('收到：hello');
  });

  test('what an SDK refuses is refused to WeChat, too', async () => {
    const receiver = await SdkReceiver.start('wechat-crypto', {
      appId: MINI_PROGRAM,
      token: 'anotherToken',
      aesKey: AES_KEY,
    });
    opened.push(receiver);
    const world = await World.start({
      WECHAT_PUSH_TOKEN: TOKEN,
      WECHAT_PUSH_AES_KEY: AES_KEY,
      WECHAT_PUSH_FORWARD: `${MINI_PROGRAM}=${receiver.url}`,
    });
    opened.push(world);
    const { deliveries } = await push(world, await world.person(), 'safe', 'xml', { text: 'hello' });
    expect(deliveries[0]).toMatchObject({ delivered: false });
    expect(deliveries[0]?.tries.map(({ status, body }) => [status, body])).toEqual(
      Array(3).fill([403, 'Error: signature']),
    );
  });

  test('a push that waited for its receiver is verified and decrypted like any other', async () => {
    const { world, receiver, person } = await start('wechat-crypto', 'safe');
    await receiver.stop();
    const { deliveries } = await push(world, person, 'safe', 'xml', { text: 'while you were away' });
    expect(deliveries[0]?.tries.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(deliveries[0]?.tries.at(-1)?.body).toBe('success');
    await receiver.restart();
    await world.pass(60);
    await world.service().app.get(RelayWorker, { strict: false }).runDue();
    expect(await receiver.taken()).toHaveLength(1);
    expect((await receiver.taken())[0]?.message).toContain('while you were away');
    expect(await world.count('relayed_pushes')).toBe(0);
  });
});
