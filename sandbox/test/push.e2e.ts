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
      const key = Buffer.from(`${AES_KEY}=`, 'base64');
      const cipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
      const bytes = Buffer.concat([cipher.update(String(body.Encrypt), 'base64'), cipher.final()]);
      const content = bytes.subarray(0, bytes.length - (bytes.at(-1) ?? 0));
      const end = 20 + content.readUInt32BE(16);
      expect(content.subarray(end).toString()).toBe(MINI.appid);
      expect(JSON.parse(content.subarray(20, end).toString())).toMatchObject({ Event: V4.event });
    }
  });

  it('repeats three times what is not taken, and no more', async () => {
    const error = { status: 500, body: 'success' };
    const talk = { status: 200, body: '{"ok":true}' };
    replies = [error, talk, { status: 200, body: '' }];
    expect(triesOf(await push())[0]).toMatchObject([error, talk, { status: 200, body: '' }]);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    replies = [error, error, error, error];
    const given = await push();
    expect(triesOf(given)[0]).toHaveLength(4);
    expect(given.deliveries).toMatchObject([{ delivered: false }]);
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
  ])('refuses %s', async (_, extra, status) => {
    expect((await driver.send('POST', '/control/push', { ...V4, ...extra })).status).toBe(status);
    expect(received).toHaveLength(0);
  });
});
