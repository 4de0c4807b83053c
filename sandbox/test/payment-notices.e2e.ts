import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { encryptPush, signPush } from '../src/push/crypto.js';
import { Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

const TOKEN = 'AAAAA';
const AES_KEY = 'A'.repeat(43);
const PATH = `/v1/wechat/events/${MINI.appid}`;
const TAKEN = '{"ErrCode":0,"ErrMsg":"success"}';

describe('the notices of virtual payment', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  beforeAll(async () => {
    driver = await Driver.start();
    service = await ServiceStandIn.start();
  });
  beforeEach(async () => {
    await driver.control('reset');
    await driver.send('PUT', '/control/service', { url: service.url });
    service.reset();
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  const answers = (body: string, status = 200) =>
    service.on(PATH, (response) => response.writeHead(status).end(body));
  const notice = async (extra: Json = {}) => {
    const { deliveries } = await driver.control('push', {
      appId: MINI.appid,
      person: 'alice',
      event: 'xpay_goods_deliver_notify',
      token: TOKEN,
      aesKey: AES_KEY,
      format: 'json',
      fields: { OutTradeNo: 'order-001', Env: 0 },
      ...extra,
    });
    const [delivery = {}] = deliveries as Json[];
    return delivery;
  };
  const pass = (advanceSeconds: number) => driver.control('clock', { advanceSeconds });
  const retryTimes = () => service.asked.map(({ body }) => (JSON.parse(body) as Json).RetryTimes);
  const stateOf = async ({ id }: Json) => (await driver.get(`/control/push-deliveries/${String(id)}`)).json;

  it('come again after 2, 4, 8, … s, and count', async () => {
    answers('success');
    const delivery = await notice();
    expect(delivery).toMatchObject({ state: 'waiting', delivered: false });
    expect(retryTimes()).toEqual([0]);
    await pass(2);
    expect(retryTimes()).toEqual([0, 1]);
    await pass(3.5);
    expect(retryTimes()).toEqual([0, 1]);
    await pass(0.5);
    expect(retryTimes()).toEqual([0, 1, 2]);
    answers(TAKEN);
    await pass(8);
    expect(await stateOf(delivery)).toMatchObject({ state: 'delivered', nextAt: null });
    await pass(100_000);
    expect(retryTimes()).toEqual([0, 1, 2, 3]);
  });

  it('are lost after fifteen repeats', async () => {
    answers(TAKEN, 500);
    const delivery = await notice();
    await pass(2 ** 16);
    expect(retryTimes()).toEqual(Array.from({ length: 16 }, (_, at) => at));
    expect(await stateOf(delivery)).toMatchObject({ state: 'lost', nextAt: null });
  });

  it('come again by themselves', async () => {
    answers('success');
    await notice();
    await new Promise<void>((resolve) => {
      service.on(PATH, (response) => {
        response.end(TAKEN);
        resolve();
      });
    });
    expect(retryTimes()).toEqual([0, 1]);
  });

  it('wait out a service that is away', async () => {
    service.on(PATH, (response) => response.destroy());
    const delivery = await notice();
    expect(delivery).toMatchObject({ state: 'waiting', tries: [{ status: null }] });
    answers(TAKEN);
    await pass(2);
    expect(await stateOf(delivery)).toMatchObject({ state: 'delivered' });
  });

  const xml = '<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>';
  const sealed = (
    message: string,
    names = ['Encrypt', 'MsgSignature', 'TimeStamp', 'Nonce'],
    token = TOKEN,
  ) => {
    const encrypted = encryptPush(message, MINI.appid, AES_KEY);
    const values = [encrypted, signPush(token, '1', 'n', encrypted), '1', 'n'];
    return JSON.stringify(Object.fromEntries(names.map((name, at) => [name, values[at]])));
  };
  it.each<[string, string, Json, string]>([
    ['JSON', TAKEN, {}, 'delivered'],
    ['spaced JSON', '{ "ErrMsg": "ok", "ErrCode": 0 }', {}, 'delivered'],
    ['XML', xml, { format: 'xml' }, 'delivered'],
    ['plain JSON in safe mode', TAKEN, { mode: 'safe' }, 'delivered'],
    ['encrypted JSON', sealed(TAKEN), { mode: 'safe' }, 'delivered'],
    ['the word of other events', 'success', {}, 'waiting'],
    ['nothing', '', {}, 'waiting'],
    ['JSON for XML', TAKEN, { format: 'xml' }, 'waiting'],
    ['XML for JSON', xml, {}, 'waiting'],
    ['another code', '{"ErrCode":1}', {}, 'waiting'],
    ['a code deeper inside', '{"data":{"ErrCode":0}}', {}, 'waiting'],
    ['an encrypted refusal', sealed('{"ErrCode":1}'), { mode: 'safe' }, 'waiting'],
    ['a wrong signature', sealed(TAKEN, undefined, 'other'), { mode: 'safe' }, 'waiting'],
    [
      'lower-case names',
      sealed(TAKEN, ['encrypt', 'msgsignature', 'timestamp', 'nonce']),
      { mode: 'safe' },
      'waiting',
    ],
  ])('answered with %s', async (_, body, extra, state) => {
    answers(body);
    expect(await notice(extra)).toMatchObject({ state });
  });

  it('ask three times at once for an answer of the receiver’s own', async () => {
    answers('', 500);
    await notice({ event: 'xpay_subscribe_ios_refund_query_notify' });
    expect(retryTimes()).toEqual([undefined, undefined, undefined]);
  });

  it('end with a reset', async () => {
    answers('success');
    await notice();
    await driver.control('reset');
    await pass(100);
    expect(retryTimes()).toEqual([0]);
    expect((await driver.get('/control/push-deliveries')).json).toEqual({ deliveries: [] });
  });
});
