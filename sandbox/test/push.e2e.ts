import { createDecipheriv } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, type Json, MINI } from './driver.js';

interface Received {
  method: string;
  path: string;
  query: URLSearchParams;
  contentType: string | undefined;
  body: string;
}

/** How the stand-in for a service answers; null: not at all. */
type Reply = { status: number; body: string } | null;

const AES_KEY = 'A'.repeat(43);
const V4 = {
  appId: MINI.appid,
  person: 'alice',
  token: 'AAAAA',
  aesKey: AES_KEY,
  event: 'user_info_modified',
};

/** An encrypted push in JSON, as its receiver reads it. */
function openedBy(aesKey: string, body: string): { random: string; message: string; trailer: string } {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const cipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const { Encrypt } = JSON.parse(body) as { Encrypt: string };
  const bytes = Buffer.concat([cipher.update(Encrypt, 'base64'), cipher.final()]);
  const content = bytes.subarray(0, bytes.length - (bytes.at(-1) ?? 0));
  const end = 20 + content.readUInt32BE(16);
  const text = (from: number, to?: number) => content.subarray(from, to).toString();
  return { random: text(0, 16), message: text(20, end), trailer: text(end) };
}

describe('the message push of the sandbox', () => {
  let driver: Driver;
  let service: Server;
  let serviceUrl: string;
  let received: Received[];
  let replies: Reply[];

  beforeAll(async () => {
    driver = await Driver.start();
    service = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://service');
        received.push({
          method: request.method ?? '',
          path: pathname,
          query: searchParams,
          contentType: request.headers['content-type'],
          body: Buffer.concat(chunks).toString(),
        });
        const next = replies.shift();
        const echo = { status: 200, body: searchParams.get('echostr') ?? 'success' };
        const reply = next === undefined ? echo : next;
        if (reply) response.writeHead(reply.status).end(reply.body);
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const address = service.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    serviceUrl = `http://127.0.0.1:${address.port}`;
  });
  beforeEach(async () => {
    await driver.control('reset');
    await driver.send('PUT', '/control/service', { url: serviceUrl });
    received = [];
    replies = [];
  });
  afterAll(async () => {
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
    await driver.close();
  });

  const push = (extra: Json = {}) => driver.control('push', { ...V4, ...extra });
  const triesOf = (answer: Json) => (answer.deliveries as { tries: Json[] }[]).map(({ tries }) => tries);
  const only = (): Received => {
    const [first] = received;
    if (!first || received.length > 1) throw new Error(`${received.length} requests`);
    return first;
  };
  const openIdOfAlice = async () => {
    const { json } = await driver.get('/control/people');
    const people = json.people as { id: string; openIds: Record<string, string>; unionId: string }[];
    const alice = people.find(({ id }) => id === 'alice');
    return { openId: alice?.openIds[MINI.appid] ?? '', unionId: alice?.unionId ?? '' };
  };

  it('signs as the official example does', async () => {
    await push({ timestamp: 1714037059, nonce: '486452656', format: 'json' });
    expect(only()).toMatchObject({ method: 'POST', path: `/v1/wechat/events/${MINI.appid}` });
    expect(Object.fromEntries(only().query)).toMatchObject({
      signature: '899cf89e464efb63f54ddac96b0a0a235f53aa78',
      timestamp: '1714037059',
      nonce: '486452656',
    });
  });

  it('says whom an event is about, in JSON and in XML', async () => {
    const { openId, unionId } = await openIdOfAlice();
    await push({ format: 'json', event: 'user_authorization_revoke', revokeInfo: '301', createTime: 7 });
    const fields = JSON.parse(only().body) as Json;
    expect(fields).toMatchObject({
      CreateTime: 7,
      MsgType: 'event',
      Event: 'user_authorization_revoke',
      OpenID: openId,
      UnionID: unionId,
      AppID: MINI.appid,
      RevokeInfo: '301',
    });
    expect(fields.ToUserName).toMatch(/^gh_[0-9a-f]{12}$/);
    expect(fields.FromUserName).not.toBe(openId);
    expect(only().contentType).toMatch(/^application\/json/);
    received = [];
    await push({ createTime: 7, fields: { Extra: 'a<b' } });
    expect(only().contentType).toMatch(/^text\/xml/);
    expect(only().body).toContain(`<OpenID><![CDATA[${openId}]]></OpenID>`);
    expect(only().body).toContain('<CreateTime>7</CreateTime>');
    expect(only().body).toContain('<Extra><![CDATA[a<b]]></Extra>');
    received = [];
    await push({ format: 'json', spacedKeys: true });
    expect(JSON.parse(only().body)).toMatchObject({
      ' OpenID': openId,
      ' AppID': MINI.appid,
      MsgType: 'event',
    });
  });

  it('a message event comes from the person', async () => {
    const { openId } = await openIdOfAlice();
    await push({ format: 'json', event: 'subscribe' });
    expect(JSON.parse(only().body)).toMatchObject({ FromUserName: openId, EventKey: '' });
    expect(only().body).not.toContain('OpenID');
  });

  it('encrypts alone or beside the plain fields', async () => {
    for (const mode of ['safe', 'compat']) {
      received = [];
      await push({ mode, format: 'json' });
      const body = JSON.parse(only().body) as Json;
      expect('OpenID' in body).toBe(mode === 'compat');
      expect(only().query.get('encrypt_type')).toBe('aes');
      expect(only().query.get('msg_signature')).toMatch(/^[0-9a-f]{40}$/);
      const { trailer, message } = openedBy(AES_KEY, only().body);
      expect(trailer).toBe(MINI.appid);
      expect(JSON.parse(message)).toMatchObject({ Event: V4.event });
    }
  });

  it('tries three times in all, and takes 200 whatever the body', async () => {
    const error = { status: 500, body: 'success' };
    const talk = { status: 200, body: '{"ok":true}' };
    replies = [error, talk];
    const taken = await push();
    expect(triesOf(taken)[0]).toMatchObject([error, talk]);
    expect(taken.deliveries).toMatchObject([{ delivered: true, state: 'delivered', nextAt: null }]);
    replies = [error, error, error, error];
    const given = await push();
    expect(triesOf(given)[0]).toHaveLength(3);
    expect(given.deliveries).toMatchObject([{ delivered: false, state: 'lost', nextAt: null }]);
  });

  it('signs and encrypts each try anew, of the same message', async () => {
    const error = { status: 500, body: '' };
    replies = [error, error];
    await push({ mode: 'safe', format: 'json' });
    expect(received).toHaveLength(3);
    for (const name of ['nonce', 'signature', 'msg_signature']) {
      expect(new Set(received.map(({ query }) => query.get(name))).size).toBe(3);
    }
    const opened = received.map(({ body }) => openedBy(AES_KEY, body));
    expect(new Set(opened.map(({ random }) => random)).size).toBe(3);
    expect(new Set(opened.map(({ message }) => message)).size).toBe(1);
    received = [];
    replies = [error];
    await push({ timestamp: 1714037059, nonce: '486452656' });
    expect(received.map(({ query }) => query.get('nonce'))).toEqual(['486452656', '486452656']);
  });

  it('waits for so long and repeats', async () => {
    replies = [null, null];
    const answer = await push({ timeoutSeconds: 0.05 });
    expect(triesOf(answer)[0]).toMatchObject([{ status: null }, { status: null }, { status: 200 }]);
    expect(answer.deliveries).toMatchObject([{ delivered: true }]);
  });

  it('sends several at once', async () => {
    expect(triesOf(await push({ times: 5 }))).toHaveLength(5);
    expect(received).toHaveLength(5);
  });

  it('writes numbers, objects and lists in both formats', async () => {
    const fields = {
      GoodsInfo: { ProductId: 'coin ]]> 1', Quantity: 2 },
      List: [{ TemplateId: 'a' }, { TemplateId: 'b' }],
    };
    await push({ event: 'subscribe_msg_popup_event', format: 'json', fields });
    expect(JSON.parse(only().body)).toMatchObject(fields);
    received = [];
    await push({ event: 'subscribe_msg_popup_event', fields });
    expect(only().body).toContain(
      '<GoodsInfo><ProductId><![CDATA[coin ]]]]><![CDATA[> 1]]></ProductId><Quantity>2</Quantity></GoodsInfo>\n' +
        '<List><TemplateId><![CDATA[a]]></TemplateId></List>\n<List><TemplateId><![CDATA[b]]></TemplateId></List>',
    );
  });

  it('pushes the text of a person, with a MsgId that JavaScript does not read exactly', async () => {
    const { openId } = await openIdOfAlice();
    const text = (extra: Json) => push({ event: undefined, text: '你好', ...extra });
    await text({ format: 'json', msgId: '9007199254740993' });
    expect(only().body).toContain('"MsgId":9007199254740993}');
    expect(JSON.parse(only().body)).toMatchObject({ FromUserName: openId, MsgType: 'text', Content: '你好' });
    received = [];
    await text({});
    const [, digits = ''] = /<MsgId>(\d+)<\/MsgId>/.exec(only().body) ?? [];
    expect(BigInt(digits)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  });

  it('pushes two orders of one second, which differ in their number only', async () => {
    const each = [{ OutTradeNo: 'order-001' }, { OutTradeNo: 'order-002' }];
    replies = [
      { status: 200, body: '{"ErrCode":0}' },
      { status: 200, body: '{"ErrCode":0}' },
    ];
    await push({ event: 'xpay_goods_deliver_notify', format: 'json', each });
    const bodies = received.map(({ body }) => JSON.parse(body) as Json);
    expect(new Set(bodies.map(({ OutTradeNo }) => OutTradeNo)).size).toBe(2);
    for (const name of ['FromUserName', 'CreateTime', 'OpenId']) {
      expect(new Set(bodies.map((fields) => fields[name])).size).toBe(1);
    }
    expect(bodies[0]?.FromUserName).not.toBe(bodies[0]?.OpenId);
  });

  it('ends the plaintext in the AppID of a third-party platform', async () => {
    await push({ mode: 'safe', format: 'json', trailerAppId: 'wx134c8103faa5a59e' });
    expect(openedBy(AES_KEY, only().body).trailer).toBe('wx134c8103faa5a59e');
    expect(only().path).toBe(`/v1/wechat/events/${MINI.appid}`);
  });

  it('knows token, key, mode and format once they are saved', async () => {
    const { token, aesKey, event, person } = V4;
    const saved = await driver.send('PUT', '/control/push-settings', { appId: MINI.appid, token, aesKey });
    expect(saved.json).toEqual({ appId: MINI.appid, mode: 'safe', format: 'json' });
    expect((await driver.get('/control/push-settings')).json).toEqual({ apps: [saved.json] });
    await driver.control('push', { appId: MINI.appid, person, event });
    expect(JSON.parse(openedBy(AES_KEY, only().body).message)).toMatchObject({ Event: event });
    await driver.control('reset');
    const forgotten = await driver.send('POST', '/control/push', { appId: MINI.appid, person, event });
    expect(forgotten.status).toBe(400);
  });

  it('lists what was sent, newest first', async () => {
    replies = [{ status: 500, body: 'no' }];
    await push();
    await push({ event: 'subscribe' });
    const list = async (query = {}) =>
      (await driver.get('/control/push-deliveries', query)).json.deliveries as Json[];
    const [newest, oldest] = await list();
    expect(newest).toMatchObject({ appId: MINI.appid, event: 'subscribe', state: 'delivered' });
    expect(oldest).toMatchObject({ event: V4.event, tries: [{ status: 500, body: 'no' }, { status: 200 }] });
    expect(await list({ limit: '1' })).toEqual([newest]);
    expect(await list({ before: String(newest?.id) })).toEqual([oldest]);
    expect((await driver.get(`/control/push-deliveries/${String(newest?.id)}`)).json).toEqual(newest);
    expect((await driver.get('/control/push-deliveries/other')).status).toBe(404);
  });

  it('verifies a URL', async () => {
    const verify = () =>
      driver.control('push/verify-url', {
        appId: MINI.appid,
        token: 'AAAAA',
        timestamp: 1714036504,
        nonce: '1514711492',
        echostr: '4375120948345356249',
      });
    expect(await verify()).toMatchObject({ status: 200, body: '4375120948345356249', verified: true });
    expect(only().method).toBe('GET');
    expect(only().query.get('signature')).toBe('f464b24fc39322e44b38aa78f5edd27bd1441696');
    replies = [{ status: 200, body: '"4375120948345356249"' }];
    expect(await verify()).toMatchObject({ verified: false });
  });

  it.each<[string, Json, number]>([
    ['an unknown app', { appId: 'wxother' }, 404],
    ['an unknown person', { person: 'nobody' }, 404],
    ['an unknown mode', { mode: 'secret' }, 400],
    ['a key of another length', { mode: 'safe', aesKey: 'A' }, 400],
    ['a damaged ciphertext without one', { tamper: 'ciphertext' }, 400],
    ['a service that is no URL', { serviceUrl: 'service' }, 400],
    ['a service that is not its own', { serviceUrl: 'http://127.0.0.1:1' }, 400],
    ['an unknown field', { evnt: 'x' }, 400],
    ['a value that cannot be pushed', { fields: { Extra: null } }, 400],
    ['no push at all', { each: [] }, 400],
    ['an event that is a text', { text: 'x' }, 400],
    ['a MsgId of more than 64 bits', { event: undefined, text: 'x', msgId: '18446744073709551616' }, 400],
  ])('refuses %s', async (_, extra, status) => {
    expect((await driver.send('POST', '/control/push', { ...V4, ...extra })).status).toBe(status);
    expect(received).toHaveLength(0);
  });
});
