import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AvatarStore } from '../../src/avatar/avatar-store.js';
import { createBackend, INSTANCES } from '../harness/backend.js';
import { Browser } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import {
  MINI_PROGRAM,
  type Person,
  type Problem,
  type TokenReply,
  WEBSITE,
  World,
} from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const TOKEN = 'tokenOfThePush0123456789';
const AES_KEY = 'aesKeyOfThePush01234567890123456789ABCDEFGH';
const PLAIN = { WECHAT_PUSH_TOKEN: TOKEN };
const SAFE = { WECHAT_PUSH_TOKEN: TOKEN, WECHAT_PUSH_AES_KEY: AES_KEY };

/** wechat-api.md section 2.3, V4: the official example. */
const V4 = {
  appId: 'wxba5fad812f8e6fb9',
  environment: { WECHAT_PUSH_TOKEN: 'AAAAA', WECHAT_OFFICIAL_ACCOUNTS: 'wxba5fad812f8e6fb9:secret' },
  check:
    'signature=f464b24fc39322e44b38aa78f5edd27bd1441696&timestamp=1714036504&nonce=1514711492&echostr=4375120948345356249',
  plain: {
    query: 'signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656',
    body: '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714037059,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}',
  },
  safe: {
    query:
      'signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
    body: '{"ToUserName":"gh_97417a04a28d","Encrypt":"+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="}',
  },
} as const;

/** The pushes of the sandbox, and their answers. */
interface Sent {
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly deliveries: {
    readonly delivered: boolean;
    readonly tries: { readonly status: number | null; readonly body: string }[];
  }[];
}

/** Has the sandbox push an event about a person. */
function push(world: World, person: Person, event: string, extra: object = {}): Promise<Sent> {
  const base = { appId: MINI_PROGRAM, token: TOKEN, aesKey: AES_KEY };
  return world.control<Sent>('push', { ...base, person: person.id, event, ...extra });
}

const SAFELY = { mode: 'safe' } as const;

/** Every answer that a push got, as `status code` or `status text`. */
function answers({ deliveries }: Sent): string[] {
  return deliveries.flatMap(({ tries }) =>
    tries.map(({ status, body }) => {
      const code = body.startsWith('{') ? (JSON.parse(body) as Problem).code : body;
      return `${status ?? 'none'} ${code}`;
    }),
  );
}

/** Three times: WeChat repeats a push that is not accepted. */
const refused = (status: number, code: string): string[] => Array<string>(3).fill(`${status} ${code}`);
const TAKEN = ['200 success'];

/** Sends a modified push of the sandbox. */
function again(
  sent: Sent,
  change: { query?: Record<string, string>; path?: string; body?: string; contentType?: string } = {},
): Promise<Reply<Problem>> {
  const url = new URL(sent.url);
  for (const [name, value] of Object.entries(change.query ?? {})) url.searchParams.set(name, value);
  if (change.path !== undefined) url.pathname = change.path;
  return call<Problem>(url.href, {
    method: 'POST',
    headers: { 'content-type': change.contentType ?? sent.contentType },
    body: change.body ?? sent.body,
  });
}

/** Sends any body with the valid signature of a plain push. */
async function plainly(world: World, body: string, contentType = 'text/xml'): Promise<Reply<Problem>> {
  return again(await unsent(world, await world.person(), 'unsubscribe'), { body, contentType });
}

/** A push that is signed for the service and not sent. */
function unsent(world: World, person: Person, event: string, extra: object = {}): Promise<Sent> {
  return push(world, person, event, { ...extra, send: false });
}

function eventsOf(world: World, type: string): Promise<number> {
  return world.count(`events WHERE type = '${type}'`);
}

async function identity(world: World, { identity: { appId, openId } }: TokenReply) {
  const [row] = await world.backend.rows(
    `SELECT * FROM wechat_identities WHERE app_id = '${appId}' AND open_id = '${openId}'`,
  );
  return row;
}

async function userRow(world: World, { user }: TokenReply) {
  const [row] = await world.backend.rows(`SELECT * FROM users WHERE id = '${user.id}'`);
  return row;
}

/** All rows of all tables, as text. */
async function everything(world: World): Promise<string> {
  const tables = await world.backend.tables();
  const rows = await Promise.all(tables.map((table) => world.backend.rows(`SELECT * FROM ${table}`)));
  return JSON.stringify(rows);
}

/** Waits for background work. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Worlds of single tests: they end also when their test fails. */
const worlds: World[] = [];
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.stop()));
});

async function startWorld(environment: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.start(environment);
  worlds.push(world);
  return world;
}

const at = (world: World, seconds: number): void =>
  world.clock.advance(seconds - Math.floor(world.clock.now() / 1000));

describe('the official example', () => {
  const path = `/v1/wechat/events/${V4.appId}`;
  const post = (world: World, { query, body }: { query: string; body: string }) =>
    call<Problem>(`${world.url}${path}?${query}`, {
      body,
      headers: { 'content-type': 'application/json' },
    });

  test('URL check and plain push', async () => {
    const world = await startWorld(V4.environment);
    at(world, 1714036504);
    const check = await call(`${world.url}${path}?${V4.check}`);
    expect(check.status).toBe(200);
    expect(check.text).toBe('4375120948345356249');
    expect(check.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(check.headers.get('x-content-type-options')).toBe('nosniff');
    at(world, 1714037059);
    const plain = await post(world, V4.plain);
    expect([plain.status, plain.text]).toEqual([200, 'success']);
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain/);
    // Without the key an encrypted push cannot be read.
    at(world, 1714112445);
    expect((await post(world, V4.safe)).body.code).toBe('PUSH_DECRYPTION_FAILED');
  });

  test('encrypted push, and no plain one any more', async () => {
    const world = await startWorld({ ...V4.environment, WECHAT_PUSH_AES_KEY: 'A'.repeat(43) });
    at(world, 1714112445);
    const safe = await post(world, V4.safe);
    expect([safe.status, safe.text]).toEqual([200, 'success']);
    at(world, 1714037059);
    const plain = await post(world, V4.plain);
    expect([plain.status, plain.body.code]).toEqual([403, 'PUSH_NOT_ENCRYPTED']);
    at(world, 1714036504);
    expect((await call(`${world.url}${path}?${V4.check}`)).text).toBe('4375120948345356249');
  });

  test('URL check with an encrypted echostr', async () => {
    const world = await startWorld({
      WECHAT_PUSH_TOKEN: 'QDG6eK',
      WECHAT_PUSH_AES_KEY: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
      WECHAT_OFFICIAL_ACCOUNTS: 'wx5823bf96d3bd56c7:secret',
    });
    at(world, 1409659589);
    const query = {
      msg_signature: '5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3',
      timestamp: '1409659589',
      nonce: '263014780',
      echostr: 'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==',
    };
    const url = `${world.url}/v1/wechat/events/wx5823bf96d3bd56c7`;
    const escaped = await call(`${url}?${new URLSearchParams(query).toString()}`);
    expect([escaped.status, escaped.text]).toEqual([200, '1616140317555161061']);
    const bare = Object.entries(query).map((pair) => pair.join('='));
    expect((await call(`${url}?${bare.join('&')}`)).text).toBe('1616140317555161061');
    const spoilt = { ...query, msg_signature: query.msg_signature.replace('5', '6') };
    const other = await call<Problem>(`${url}?${new URLSearchParams(spoilt).toString()}`);
    expect([other.status, other.body.code]).toEqual([403, 'PUSH_SIGNATURE_INVALID']);
  });
});

describe('who may push', () => {
  let world: World;
  let person: Person;
  beforeAll(async () => {
    world = await World.start(PLAIN);
    person = await world.person();
  });
  afterAll(() => world.stop());

  const verifyUrl = (extra: object = {}) =>
    world.control<{ status: number; body: string; verified: boolean }>('push/verify-url', {
      appId: MINI_PROGRAM,
      token: TOKEN,
      ...extra,
    });

  test('without a token the door is closed', async () => {
    const closed = await startWorld();
    const sent = await push(world, person, 'unsubscribe');
    for (const method of ['GET', 'POST']) {
      const url = sent.url.replace(world.url, closed.url);
      const reply = await call<Problem>(url, {
        method,
        ...(method === 'GET' ? {} : { body: sent.body, headers: { 'content-type': 'text/xml' } }),
      });
      expect([reply.status, reply.body.code]).toEqual([404, 'NOT_FOUND']);
      // Only the log states the cause, not the reply.
      expect(JSON.stringify(reply.body)).not.toContain('WECHAT_PUSH_TOKEN');
    }
    expect(closed.log().match(/WECHAT_PUSH_TOKEN is not set/g)).toHaveLength(1);
  });

  test('a sender with the token, for any configured app', async () => {
    expect(await verifyUrl()).toMatchObject({ status: 200, verified: true });
    for (const appId of [MINI_PROGRAM, WEBSITE])
      expect(answers(await push(world, person, 'unsubscribe', { appId }))).toEqual(TAKEN);
  });

  test('no sender with another token, a wrong signature, or none', async () => {
    expect(await verifyUrl({ token: 'another' })).toMatchObject({ status: 403, verified: false });
    expect(answers(await push(world, person, 'unsubscribe', { token: 'another' }))).toEqual(
      refused(403, 'PUSH_SIGNATURE_INVALID'),
    );
    expect(answers(await push(world, person, 'unsubscribe', { tamper: 'signature' }))).toEqual(
      refused(403, 'PUSH_SIGNATURE_INVALID'),
    );
    const sent = await push(world, person, 'unsubscribe');
    expect((await again(sent)).text).toBe('success');
    for (const name of ['signature', 'timestamp', 'nonce']) {
      for (const value of ['', '1', '签', 'x'.repeat(300)]) {
        const reply = await again(sent, { query: { [name]: value } });
        expect([reply.status, reply.body.code]).toEqual([403, 'PUSH_SIGNATURE_INVALID']);
      }
      const doubled = await again({ ...sent, url: `${sent.url}&${name}=1` });
      expect([doubled.status, doubled.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
  });

  test('for no app that is unknown, and no app other than the one in the body', async () => {
    const sent = await push(world, person, 'user_info_modified');
    for (const appId of ['wx0000000000000000', '%20', 'wx5a4db0c0de000001%20']) {
      const reply = await again(sent, { path: `/v1/wechat/events/${appId}` });
      expect([reply.status, reply.body.code]).toEqual([403, 'PUSH_APP_MISMATCH']);
    }
    expect(answers(await push(world, person, 'user_info_modified', { tamper: 'appid' }))).toEqual(
      refused(403, 'PUSH_APP_MISMATCH'),
    );
    const unknown = await call<Problem>(
      sent.url.replace(MINI_PROGRAM, 'wx0000000000000000') + '&echostr=12345',
    );
    expect([unknown.status, unknown.body.code]).toEqual([403, 'PUSH_APP_MISMATCH']);
  });

  test('not long ago, and not from the future', async () => {
    const now = Math.floor(world.clock.now() / 1000);
    for (const timestamp of [now - 330, now + 330, now - 86_400, now + 1e9]) {
      expect(answers(await push(world, person, 'unsubscribe', { timestamp }))).toEqual(
        refused(403, 'PUSH_STALE'),
      );
      expect(await verifyUrl({ timestamp })).toMatchObject({ status: 403, verified: false });
    }
    for (const timestamp of [now - 270, now + 270]) {
      expect(answers(await push(world, person, 'unsubscribe', { timestamp }))).toEqual(TAKEN);
      expect(await verifyUrl({ timestamp })).toMatchObject({ status: 200, verified: true });
    }
  });

  test('an echostr that could be a page is not echoed', async () => {
    for (const echostr of ['<script>alert(1)</script>', 'a b&c', '"', 'x'.repeat(129), '签']) {
      const { status, body } = await verifyUrl({ echostr });
      expect([status, (JSON.parse(body) as Problem).code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body).not.toContain('script');
    }
    expect((await verifyUrl({ echostr: '' })).status).toBe(400);
  });
});

describe('repeats', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(PLAIN, backend.redisUrl === null ? 1 : INSTANCES);
  });
  afterAll(() => world.stop());

  test('one timestamp and nonce serve one body and one app, on every instance', async () => {
    const [person, victim] = [await world.person(), await world.person()];
    const login = await world.miniProgramLogin(victim);
    const sent = await push(world, person, 'user_info_modified');
    const forged = sent.body
      .replace('user_info_modified', 'user_authorization_cancellation')
      .replaceAll(person.openIds[MINI_PROGRAM] ?? '', login.identity.openId);
    expect(forged).toContain(login.identity.openId);
    for (const { url } of world.services) {
      const reply = await again({ ...sent, url: sent.url.replace(world.url, url) }, { body: forged });
      expect([reply.status, reply.body.code]).toEqual([403, 'PUSH_REPLAYED']);
    }
    const elsewhere = await again(sent, {
      path: `/v1/wechat/events/${WEBSITE}`,
      body: sent.body.replace(MINI_PROGRAM, WEBSITE),
    });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'PUSH_REPLAYED']);
    expect(await identity(world, login)).toBeDefined();
    // And as long as the timestamp is good: from 5 minutes before it to 5 minutes after.
    const ahead = await push(world, person, 'user_info_modified', {
      timestamp: Math.floor(world.clock.now() / 1000) + 290,
    });
    await world.pass(580);
    expect((await again(ahead, { body: forged })).body.code).toBe('PUSH_REPLAYED');
    await world.pass(30);
    expect((await again(ahead, { body: forged })).body.code).toBe('PUSH_STALE');
  });

  test('the same push twice acts once, and is answered twice', async () => {
    const person = await world.person();
    const before = await eventsOf(world, 'wechat.user_info_modified');
    const sent = await push(world, person, 'user_info_modified');
    expect((await again(sent)).text).toBe('success');
    expect(await eventsOf(world, 'wechat.user_info_modified')).toBe(before + 1);
  });

  test('a repeat may have a new timestamp and nonce; the same event of another second is another one', async () => {
    const person = await world.person();
    const before = await eventsOf(world, 'wechat.user_info_modified');
    const createTime = Math.floor(world.clock.now() / 1000);
    for (let repeat = 0; repeat < 3; repeat++)
      expect(answers(await push(world, person, 'user_info_modified', { createTime }))).toEqual(TAKEN);
    expect(await eventsOf(world, 'wechat.user_info_modified')).toBe(before + 1);
    await push(world, person, 'user_info_modified', { createTime: createTime + 1 });
    await push(world, await world.person(), 'user_info_modified', { createTime });
    await push(world, person, 'user_authorization_revoke', { createTime });
    expect(await eventsOf(world, 'wechat.user_info_modified')).toBe(before + 3);
  });

  test('twenty at once act once', async () => {
    const person = await world.person();
    const login = await world.miniProgramLogin(person);
    const before = await eventsOf(world, 'wechat.user_authorization_cancellation');
    const createTime = Math.floor(world.clock.now() / 1000);
    const sent = await unsent(world, person, 'user_authorization_cancellation', { createTime });
    const everywhere = Array.from({ length: 20 }, (_, n) => world.service(n % world.services.length).url);
    const replies = await Promise.all(
      everywhere.map((url) => again({ ...sent, url: sent.url.replace(world.url, url) })),
    );
    expect(replies.map(({ text }) => text)).toEqual(everywhere.map(() => 'success'));
    expect(await eventsOf(world, 'wechat.user_authorization_cancellation')).toBe(before + 1);
    expect(await world.count(`events WHERE type = 'user.deleted' AND user_id = '${login.user.id}'`)).toBe(1);
  });

  test('what could not be acted on is answered with an error, and acted on when WeChat repeats it', async () => {
    const person = await world.person();
    const login = await world.miniProgramLogin(person);
    await world.backend.write('ALTER TABLE events RENAME TO events_away');
    const sent = await push(world, person, 'user_authorization_revoke');
    expect(answers(sent)).toEqual(refused(500, 'INTERNAL_ERROR'));
    expect((await identity(world, login))?.session_key).not.toBeNull();
    await world.backend.write('ALTER TABLE events_away RENAME TO events');
    const before = await eventsOf(world, 'wechat.user_authorization_revoke');
    for (let repeat = 0; repeat < 2; repeat++) expect((await again(sent)).text).toBe('success');
    expect((await identity(world, login))?.session_key).toBeNull();
    expect(await eventsOf(world, 'wechat.user_authorization_revoke')).toBe(before + 1);
  });
});

describe('a revocation while a website login is under way', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(PLAIN);
  });
  afterAll(() => world.stop());

  test('keeps the refresh token of WeChat from being stored, and that of a later login is', async () => {
    const person = await world.person();
    const { openIds } = person;
    const stored = () =>
      world.count(`wechat_identities WHERE open_id = '${openIds[WEBSITE]}' AND refresh_token IS NOT NULL`);
    await world.websiteLogin(person);
    const browser = new Browser();
    const loginCode = (await world.websiteCallback(browser, person)).searchParams.get('loginCode');
    expect(await stored()).toBe(1);
    world.clock.advance(1);
    expect(answers(await push(world, person, 'user_authorization_revoke', { appId: WEBSITE }))).toEqual(
      TAKEN,
    );
    expect(await stored()).toBe(0);
    world.clock.advance(1);
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
    expect(await stored()).toBe(0);
    await world.websiteLogin(person);
    expect(await stored()).toBe(1);
  });
});

describe('plain bodies', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(PLAIN);
  });
  afterAll(() => world.stop());

  test('XML and JSON, names with spaces, whatever the content type says', async () => {
    for (const extra of [
      { format: 'xml' },
      { format: 'json' },
      { format: 'json', spacedKeys: true },
    ] as const) {
      for (const contentType of [
        'text/xml',
        'application/xml; charset=utf-8',
        'application/json',
        'text/plain',
        'application/octet-stream',
      ]) {
        const person = await world.person();
        const login = await world.miniProgramLogin(person);
        const sent = await unsent(world, person, 'user_authorization_revoke', extra);
        expect((await again(sent, { contentType })).text).toBe('success');
        expect((await identity(world, login))?.session_key).toBeNull();
      }
    }
  });

  test('no other content type, and no XML on other routes', async () => {
    for (const contentType of ['text/html', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
      const reply = await plainly(world, '<xml><A>1</A></xml>', contentType);
      expect([reply.status, reply.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
    for (const contentType of ['text/xml', 'application/xml', 'text/plain', 'application/octet-stream']) {
      for (const path of ['/v1/mini-program/login', '/v1/auth/refresh', '/v1/auth/logout']) {
        const reply = await call<Problem>(`${world.url}${path}`, {
          body: '{"code":"x","refreshToken":"x"}',
          headers: { 'content-type': contentType },
        });
        expect([reply.status, reply.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
      }
    }
    const broken = await call<Problem>(`${world.url}/v1/auth/refresh`, {
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(broken.body.code).toBe('MALFORMED_JSON');
  });

  test('a body without a content type', async () => {
    const person = await world.person();
    const login = await world.miniProgramLogin(person);
    const { url, body } = await unsent(world, person, 'user_authorization_revoke');
    // fetch gives text a type, and bytes none.
    const reply = await fetch(url, { method: 'POST', body: Buffer.from(body) });
    expect([reply.status, await reply.text()]).toEqual([200, 'success']);
    expect((await identity(world, login))?.session_key).toBeNull();
  });

  const laughs = Array.from(
    { length: 9 },
    (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`,
  ).join('');

  test.each([
    ['a DOCTYPE', '<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x"><xml><Event>x</Event></xml>'],
    ['an entity', '<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Event>&e;</Event></xml>'],
    ['a billion laughs', `<!DOCTYPE xml [<!ENTITY l0 "ha">${laughs}]><xml><Event>&l9;</Event></xml>`],
    ['broken XML', '<xml><Event>x</xml>'],
    ['broken JSON', '{"Event":'],
    ['text', 'success'],
    ['nothing', ''],
  ])('%s is refused', async (_, body) => {
    const reply = await plainly(world, body);
    expect([reply.status, reply.body.code]).toEqual([400, 'PUSH_MALFORMED']);
    expect(reply.text).not.toContain('hahaha');
  });

  test('a body of more than 64 KB is refused, in every content type', async () => {
    const body = (text: string) => `<xml><MsgType>text</MsgType><Content><![CDATA[${text}]]></Content></xml>`;
    for (const contentType of ['text/xml', 'application/json']) {
      expect((await plainly(world, body('x'.repeat(60_000)), contentType)).text).toBe('success');
      const reply = await plainly(world, body('x'.repeat(66_000)), contentType);
      expect([reply.status, reply.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    }
  });

  test('messages and other events are answered and ignored', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    const recorded = () => world.count(`events WHERE type <> 'push.unhandled'`);
    const before = await recorded();
    for (const event of ['subscribe', 'SCAN', 'unsubscribe', 'user_authorization_revoked', 'toString'])
      expect(answers(await push(world, person, event))).toEqual(TAKEN);
    const text = '<xml><MsgType>text</MsgType><Content><![CDATA[<!DOCTYPE html>]]></Content></xml>';
    expect((await plainly(world, text)).text).toBe('success');
    const fields = { MsgType: 'text' };
    expect(answers(await push(world, person, 'user_authorization_revoke', { fields }))).toEqual(TAKEN);
    expect(await recorded()).toBe(before);
  });

  test('an event that does not say whom it is about, or when it was, is refused', async () => {
    const person = await world.person();
    for (const fields of [
      { OpenID: '' },
      { OpenID: 'o A' },
      { OpenID: `o'A` },
      { OpenID: 'o'.repeat(65) },
      { CreateTime: 'now' },
    ])
      expect(answers(await push(world, person, 'user_info_modified', { fields }))).toEqual(
        refused(400, 'PUSH_MALFORMED'),
      );
  });
});

describe('encrypted bodies', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(SAFE);
  });
  afterAll(() => world.stop());

  test('XML and JSON, also beside the plain fields, which are not believed', async () => {
    for (const format of ['xml', 'json']) {
      const person = await world.person();
      const login = await world.miniProgramLogin(person);
      const sent = await push(world, person, 'user_info_modified', { mode: 'compat', format });
      expect(answers(sent)).toEqual(TAKEN);
      const forged = sent.body.replace('user_info_modified', 'user_authorization_cancellation');
      expect(forged).not.toBe(sent.body);
      await again(sent, { body: forged });
      expect(await identity(world, login)).toBeDefined();
      await push(world, person, 'user_authorization_cancellation', { ...SAFELY, format });
      expect(await identity(world, login)).toBeUndefined();
    }
  });

  test('msg_signature alone is enough; it covers the ciphertext', async () => {
    const person = await world.person();
    const sent = await push(world, person, 'user_info_modified', SAFELY);
    const url = new URL(sent.url);
    url.searchParams.delete('signature');
    expect((await again({ ...sent, url: url.href })).text).toBe('success');
    url.searchParams.delete('msg_signature');
    expect((await again({ ...sent, url: url.href })).body.code).toBe('PUSH_SIGNATURE_INVALID');
    for (const tamper of ['signature', 'body'])
      expect(answers(await push(world, person, 'user_info_modified', { ...SAFELY, tamper }))).toEqual(
        refused(403, 'PUSH_SIGNATURE_INVALID'),
      );
  });

  test('plain pushes are refused', async () => {
    const person = await world.person();
    const login = await world.miniProgramLogin(person);
    const sent = await push(world, person, 'user_authorization_cancellation');
    expect(answers(sent)).toEqual(refused(403, 'PUSH_NOT_ENCRYPTED'));
    const { searchParams } = new URL((await push(world, person, 'unsubscribe', SAFELY)).url);
    const borrowed = await again(sent, { query: Object.fromEntries(searchParams) });
    expect(borrowed.body.code).toBe('PUSH_NOT_ENCRYPTED');
    expect(await identity(world, login)).toBeDefined();
  });

  test('another key, another app and a damaged ciphertext are refused alike', async () => {
    const person = await world.person();
    for (const extra of [{ aesKey: 'B'.repeat(43) }, { tamper: 'appid' }, { tamper: 'ciphertext' }])
      expect(answers(await push(world, person, 'user_info_modified', { ...SAFELY, ...extra }))).toEqual(
        refused(403, 'PUSH_DECRYPTION_FAILED'),
      );
    const sent = await push(world, person, 'user_info_modified', SAFELY);
    const elsewhere = await again(sent, { path: `/v1/wechat/events/${WEBSITE}` });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'PUSH_DECRYPTION_FAILED']);
    const fields = { AppID: WEBSITE };
    expect(answers(await push(world, person, 'user_info_modified', { ...SAFELY, fields }))).toEqual(
      refused(403, 'PUSH_APP_MISMATCH'),
    );
  });

  test('one timestamp and nonce serve one message; encrypted anew it is still the same', async () => {
    const person = await world.person();
    const stamp = { timestamp: Math.floor(world.clock.now() / 1000), nonce: 'aNonceOfTheTest' };
    const before = await eventsOf(world, 'wechat.user_info_modified');
    const sent = await push(world, person, 'user_info_modified', { ...SAFELY, ...stamp });
    const repeat = await push(world, person, 'user_info_modified', { ...SAFELY, ...stamp });
    expect(repeat.body).not.toBe(sent.body);
    expect([...answers(sent), ...answers(repeat)]).toEqual([...TAKEN, ...TAKEN]);
    expect(await eventsOf(world, 'wechat.user_info_modified')).toBe(before + 1);
    expect(answers(await push(world, person, 'user_authorization_revoke', { ...SAFELY, ...stamp }))).toEqual(
      refused(403, 'PUSH_REPLAYED'),
    );
  });

  test('a notice of payment may count its tries under one timestamp and nonce', async () => {
    const person = await world.person();
    const stamp = { timestamp: Math.floor(world.clock.now() / 1000), nonce: 'aNonceOfPayment' };
    const tried = async (OutTradeNo: string, RetryTimes: number) => {
      const fields = { OutTradeNo, RetryTimes };
      const extra = { ...SAFELY, ...stamp, fields };
      const { text, body } = await again(await unsent(world, person, 'xpay_goods_deliver_notify', extra));
      return text.startsWith('{') ? body.code : text;
    };
    expect(await tried('order_1', 0)).toBe('success');
    expect(await tried('order_1', 1)).toBe('success');
    expect(await tried('order_2', 0)).toBe('PUSH_REPLAYED');
  });

  test('neither log nor answers hold a body, a person, the token or the key', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    const sent = [
      await push(world, person, 'user_info_modified', SAFELY),
      await push(world, person, 'user_authorization_revoke', { ...SAFELY, tamper: 'ciphertext' }),
      await push(world, person, 'user_authorization_revoke', {
        ...SAFELY,
        fields: { OpenID: 'o'.repeat(65) },
      }),
      await push(world, person, 'user_authorization_cancellation'),
    ];
    const seen = world.log() + JSON.stringify(sent.map(({ deliveries }) => deliveries));
    expect(seen).toContain('PUSH_NOT_ENCRYPTED');
    expect(seen).toContain('PUSH_DECRYPTION_FAILED');
    const { searchParams } = new URL(sent[0]?.url ?? '');
    for (const secret of [
      person.openIds[MINI_PROGRAM],
      'o'.repeat(65),
      TOKEN,
      AES_KEY,
      searchParams.get('signature'),
      searchParams.get('msg_signature'),
      '<xml>',
      'FromUserName',
    ]) {
      expect(secret).toBeTruthy();
      expect(seen).not.toContain(secret);
    }
  });
});

describe('what happens to the person', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(SAFE);
  });
  afterAll(() => world.stop());

  /** A user of both doors, with a picture, a phone number, and the nickname at WeChat. */
  async function somebody(nickname: string) {
    const person = await world.person({ nickname });
    const mini = await world.miniProgramLogin(person);
    const website = await world.websiteLogin(person);
    expect(website.user.id).toBe(mini.user.id);
    const key = mini.user.id.replaceAll('-', '');
    const store = world.service().app.get(AvatarStore, { strict: false });
    await store.put(key, 640, Buffer.from('picture'));
    const phone = `+861${String(Date.now()).slice(-5)}${String(await world.count('users')).padStart(5, '0')}`;
    const id = mini.user.id;
    await world.backend.write(
      `UPDATE users SET avatar_key = '${key}', avatar_source = 'wechat', phone_number = '${phone}' WHERE id = '${id}'`,
    );
    await world.backend.write(`DELETE FROM avatar_jobs WHERE user_id = '${id}'`);
    await world.backend.write(
      `INSERT INTO avatar_jobs (id, kind, user_id, url, replaces, attempts, next_at, created_at)
       VALUES ('${id}', 'copy', '${id}', 'https://wx.qlogo.cn/x/0', 1, 0, '2999-01-01 00:00:00.000', '2026-01-01 00:00:00.000')`,
    );
    const jobs = () => world.count(`avatar_jobs WHERE user_id = '${id}' OR avatar_key = '${key}'`);
    const pictureGone = () =>
      eventually(async () => (await store.get(key, 640)) === null && (await jobs()) === 0);
    return { person, mini, website, phone, key, jobs, pictureGone, hasPicture: () => store.get(key, 640) };
  }

  const lastEvent = async (type: string) => {
    const [row] = await world.backend.rows(
      `SELECT * FROM events WHERE type = '${type}' ORDER BY id DESC LIMIT 1`,
    );
    return { ...row, details: JSON.parse(String(row?.details)) as unknown };
  };

  test('user_info_modified clears what was copied from WeChat, and leaves the sessions alone', async () => {
    const { person, mini, phone, pictureGone } = await somebody('改名的人');
    await push(world, person, 'user_info_modified', SAFELY);
    expect(await userRow(world, mini)).toMatchObject({
      nickname: null,
      nickname_source: null,
      avatar_key: null,
      avatar_source: null,
      phone_number: phone,
    });
    await pictureGone();
    expect((await world.verify(mini.accessToken)).status).toBe(200);
    expect(await identity(world, mini)).toMatchObject({
      session_key: expect.stringContaining('v1.') as unknown,
    });
    expect(await lastEvent('wechat.user_info_modified')).toMatchObject({
      user_id: mini.user.id,
      actor: 'wechat',
      details: { appId: MINI_PROGRAM, cleared: ['nickname', 'avatar'] },
    });
    // The next website login fills it again.
    expect((await world.websiteLogin(person)).user.nickname).toBe('改名的人');
  });

  const chosenByPerson = async (world: World, { user }: TokenReply): Promise<void> => {
    await world.backend.write(
      `UPDATE users SET nickname_source = 'person', avatar_source = 'person' WHERE id = '${user.id}'`,
    );
  };

  test('user_info_modified clears what WeChat judged, chosen by the person or not', async () => {
    const { person, mini, phone, pictureGone } = await somebody('选名的人');
    await chosenByPerson(world, mini);
    await push(world, person, 'user_info_modified', { ...SAFELY, fields: { MsgType: 'Event' } });
    expect(await userRow(world, mini)).toMatchObject({
      nickname: null,
      avatar_key: null,
      phone_number: phone,
    });
    await pictureGone();
    expect((await world.verify(mini.accessToken)).status).toBe(200);
  });

  test.each<[string, string, string[]]>([
    ['the microphone', '5', []],
    ['the camera', '7', []],
    ['nickname and picture', '6', ['nickname', 'avatar']],
    ['the phone number', '8', ['phoneNumber']],
    ['the nickname from the keyboard', '19', ['nickname']],
    ['the picture by chooseAvatar', '20', ['avatar']],
    ['several things', '5,19;8', ['nickname', 'phoneNumber']],
  ])(
    '%s withdrawn in the mini program: that is forgotten, nothing else',
    async (_what, revokeInfo, cleared) => {
      const { person, mini, phone, key } = await somebody('撤回一些的人');
      await chosenByPerson(world, mini);
      const fields = { Event: 'USER_AUTHORIZATION_REVOKE' };
      await push(world, person, 'user_authorization_revoke', { ...SAFELY, revokeInfo, fields });
      expect(await userRow(world, mini)).toMatchObject({
        nickname: cleared.includes('nickname') ? null : '撤回一些的人',
        avatar_key: cleared.includes('avatar') ? null : key,
        phone_number: cleared.includes('phoneNumber') ? null : phone,
      });
      expect(await identity(world, mini)).toMatchObject({
        session_key: expect.stringContaining('v1.') as unknown,
      });
      expect((await world.verify(mini.accessToken)).status).toBe(200);
      expect(await lastEvent('wechat.user_authorization_revoke')).toMatchObject({
        details: { appId: MINI_PROGRAM, revokeInfo, cleared },
      });
    },
  );

  test('two things withdrawn in one second are both forgotten', async () => {
    const { person, mini } = await somebody('撤回两次的人');
    const createTime = Math.floor(world.clock.now() / 1000);
    for (const revokeInfo of ['8', '19']) {
      await push(world, person, 'user_authorization_revoke', { ...SAFELY, createTime, revokeInfo });
    }
    expect(await userRow(world, mini)).toMatchObject({ nickname: null, phone_number: null });
  });

  test.each([['99'], [undefined], ['5,99'], ['301']])(
    'everything of the mini program (RevokeInfo %s): secrets, profile and phone number go, its sessions end',
    async (revokeInfo) => {
      const { person, mini, website, pictureGone } = await somebody('撤回的人');
      await chosenByPerson(world, mini);
      expect((await world.verify(mini.accessToken)).status).toBe(200);
      await push(world, person, 'user_authorization_revoke', {
        ...SAFELY,
        ...(revokeInfo && { revokeInfo }),
      });
      expect(await identity(world, mini)).toMatchObject({
        session_key: null,
        previous_session_key: null,
        session_key_at: null,
        refresh_token: null,
      });
      expect(await userRow(world, mini)).toMatchObject({
        nickname: null,
        avatar_key: null,
        phone_number: null,
        status: 'active',
      });
      await pictureGone();
      expect((await world.verify(mini.accessToken)).body.code).toBe('SESSION_ENDED');
      expect((await world.refresh(mini.refreshToken)).body.code).toBe('SESSION_ENDED');
      expect((await world.verify(website.accessToken)).status).toBe(200);
      expect(await identity(world, website)).toMatchObject({
        refresh_token: expect.stringContaining('v1.') as unknown,
      });
      expect(
        await world.backend.rows(`SELECT DISTINCT revoke_reason FROM sessions WHERE revoked_at IS NOT NULL`),
      ).toContainEqual({
        revoke_reason: 'consent_withdrawn',
      });
      expect(await lastEvent('wechat.user_authorization_revoke')).toMatchObject({
        user_id: mini.user.id,
        details: { appId: MINI_PROGRAM, cleared: ['nickname', 'avatar', 'phoneNumber'] },
      });
      // Consent may be given again.
      expect((await world.miniProgramLogin(person)).user.id).toBe(mini.user.id);
    },
  );

  test('everything of a website: values that the person chose stay', async () => {
    const { person, website, key, jobs, hasPicture } = await somebody('网站选名的人');
    await chosenByPerson(world, website);
    await push(world, person, 'user_authorization_revoke', {
      ...SAFELY,
      appId: WEBSITE,
      revokeInfo: '301',
    });
    expect(await userRow(world, website)).toMatchObject({
      nickname: '网站选名的人',
      nickname_source: 'person',
      avatar_key: key,
      avatar_source: 'person',
    });
    expect(await jobs()).toBe(0);
    expect(await hasPicture()).not.toBeNull();
    expect((await world.verify(website.accessToken)).body.code).toBe('SESSION_ENDED');
  });

  test('user_authorization_revoke of a website: the phone number, which its consent does not cover, stays', async () => {
    const { person, mini, website, phone } = await somebody('网站的人');
    const extra = { ...SAFELY, appId: WEBSITE, revokeInfo: `'; DROP TABLE users; --` };
    await push(world, person, 'user_authorization_revoke', extra);
    expect(await userRow(world, website)).toMatchObject({ nickname: null, phone_number: phone });
    expect(await identity(world, website)).toMatchObject({ refresh_token: null });
    expect(await identity(world, mini)).toMatchObject({
      session_key: expect.stringContaining('v1.') as unknown,
    });
    expect((await world.verify(website.accessToken)).body.code).toBe('SESSION_ENDED');
    expect((await world.verify(mini.accessToken)).status).toBe(200);
    expect(await lastEvent('wechat.user_authorization_revoke')).toMatchObject({
      details: { revokeInfo: null },
    });
  });

  test('user_authorization_cancellation: the identity goes, another one keeps the user', async () => {
    const { person, mini, website, phone, pictureGone } = await somebody('走了一半');
    await push(world, person, 'user_authorization_cancellation', SAFELY);
    expect(await identity(world, mini)).toBeUndefined();
    expect(await identity(world, website)).toBeDefined();
    expect((await world.verify(mini.accessToken)).body.code).toBe('SESSION_ENDED');
    expect((await world.verify(website.accessToken)).status).toBe(200);
    expect(await userRow(world, website)).toMatchObject({
      nickname: null,
      phone_number: null,
      status: 'active',
    });
    expect(await everything(world)).not.toContain(phone);
    expect(await world.count(`union_ids WHERE union_id = '${person.unionId ?? ''}'`)).toBe(1);
    await pictureGone();
    // A later login of the mini program finds the user by the unionid again.
    expect((await world.miniProgramLogin(person)).user.id).toBe(website.user.id);
  });

  test('a unionid goes with its last identity, though the user stays', async () => {
    const person = await world.person();
    const stays = await world.miniProgramLogin(await world.person({ withUnionId: false }));
    const goes = await world.websiteLogin(person);
    // As after linking another WeChat account.
    await world.backend.write(
      `UPDATE wechat_identities SET user_id = '${stays.user.id}' WHERE user_id = '${goes.user.id}'`,
    );
    await world.backend.write(
      `UPDATE union_ids SET user_id = '${stays.user.id}' WHERE user_id = '${goes.user.id}'`,
    );
    await world.backend.write(`DELETE FROM users WHERE id = '${goes.user.id}'`);
    await push(world, person, 'user_authorization_cancellation', { ...SAFELY, appId: WEBSITE });
    expect(await world.count(`union_ids WHERE union_id = '${person.unionId ?? ''}'`)).toBe(0);
    expect(await userRow(world, stays)).toMatchObject({ status: 'active' });
    expect((await world.websiteLogin(person)).user.id).not.toBe(stays.user.id);
  });

  test('user_authorization_cancellation of the last identity: nothing of the person is left', async () => {
    const { person, mini, website, phone, key, pictureGone } = await somebody('彻底走了');
    // A user who was merged into this one, and a login that was refused, leave traces of their own.
    const merged = `00000000-0000-7000-8000-${key.slice(-12)}`;
    await world.backend.write(
      `INSERT INTO users (id, status, merged_into, created_at, updated_at)
       VALUES ('${merged}', 'merged', '${mini.user.id}', '2026-01-01 00:00:00.000', '2026-01-01 00:00:00.000')`,
    );
    await world.backend.write(
      `INSERT INTO events (id, type, user_id, actor, ip, details, created_at)
       VALUES ('${merged}', 'user.created', '${merged}', 'user', '203.0.113.7', '{"appId":"x"}', '2026-01-01 00:00:00.000')`,
    );
    await world.control(`people/${person.id}`, { unionId: 'oAnotherUnionIdOfThisPerson0' }, 'PATCH');
    expect((await world.loginWith(await world.wxLogin(person))).body.code).toBe('WECHAT_UNIONID_CHANGED');
    const traces = [
      ...[mini, website].map(({ identity: { openId } }) => openId),
      person.unionId ?? '-',
      '彻底走了',
      phone,
    ];
    const before = await everything(world);
    for (const trace of traces) expect(before).toContain(trace);
    await push(world, person, 'user_authorization_cancellation', SAFELY);
    await push(world, person, 'user_authorization_cancellation', { ...SAFELY, appId: WEBSITE });
    await pictureGone();
    const after = await everything(world);
    for (const trace of [...traces, 'oAnotherUnionIdOfThisPerson0', key, '203.0.113.7']) {
      expect(after).not.toContain(trace);
    }
    expect(await world.count(`users WHERE id IN ('${mini.user.id}', '${merged}')`)).toBe(0);
    expect(
      await world.backend.rows(
        `SELECT DISTINCT ip, details FROM events WHERE user_id IN ('${mini.user.id}', '${merged}') AND actor = 'user'`,
      ),
    ).toEqual([{ ip: null, details: '{}' }]);
    expect(await lastEvent('user.deleted')).toMatchObject({
      user_id: mini.user.id,
      actor: 'wechat',
      details: { reason: 'wechat account cancelled', mergedUserIds: [merged] },
    });
    for (const type of ['identity.deleted', 'wechat.user_authorization_cancellation'])
      expect(await lastEvent(type)).toMatchObject({ user_id: mini.user.id, actor: 'wechat' });
    for (const { accessToken, refreshToken } of [mini, website]) {
      expect((await world.verify(accessToken)).body.code).toBe('SESSION_ENDED');
      expect((await world.refresh(refreshToken)).body.code).toBe('SESSION_ENDED');
    }
    const newcomer = await world.miniProgramLogin(person);
    expect(newcomer.isNewUser).toBe(true);
    expect(newcomer.user.id).not.toBe(mini.user.id);
  });

  test('an event of an unknown person is recorded without a user and without the openid', async () => {
    const person = await world.person();
    for (const event of [
      'user_info_modified',
      'user_authorization_revoke',
      'user_authorization_cancellation',
    ]) {
      expect(answers(await push(world, person, event, SAFELY))).toEqual(TAKEN);
      expect(await lastEvent(`wechat.${event}`)).toMatchObject({
        user_id: null,
        details: { appId: MINI_PROGRAM },
      });
    }
    expect(await everything(world)).not.toContain(person.openIds[MINI_PROGRAM]);
  });

  test('an openid of one app is unknown at another, and case matters', async () => {
    const openId = 'oabcdefghijklmnopqrstuvwxyz9';
    const person = await world.person({ openIds: { [MINI_PROGRAM]: openId } });
    const login = await world.miniProgramLogin(person);
    await push(world, person, 'user_authorization_cancellation', {
      ...SAFELY,
      fields: { OpenID: openId.toUpperCase() },
    });
    await push(world, person, 'user_authorization_cancellation', {
      ...SAFELY,
      appId: WEBSITE,
      fields: { OpenID: openId },
    });
    expect(await identity(world, login)).toBeDefined();
  });

  test('logins and the end of the account at once: no half user', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    const logins = Array.from({ length: 6 }, async () => world.loginWith(await world.wxLogin(person)));
    const pushes = Array.from({ length: 3 }, (_, index) =>
      push(world, person, 'user_authorization_cancellation', {
        ...SAFELY,
        createTime: Math.floor(world.clock.now() / 1000) - index,
      }),
    );
    const [replies, sent] = [await Promise.all(logins), await Promise.all(pushes)];
    expect(sent.flatMap(answers)).toEqual(Array<string>(3).fill('200 success'));
    for (const { status, body } of replies)
      expect([200, 401]).toContain(body.code === 'SESSION_ENDED' ? 401 : status);
    await world.miniProgramLogin(person);
    expect(await world.count(`union_ids WHERE union_id = '${person.unionId ?? ''}'`)).toBe(1);
    expect(
      await world.count(
        'users u WHERE NOT EXISTS (SELECT 1 FROM wechat_identities i WHERE i.user_id = u.id) AND merged_into IS NULL',
      ),
    ).toBe(0);
  });
});

if (backend.databaseUrl !== null) {
  test('the database away: an error until it is back, then the repeat is acted on, once', async () => {
    const own = await createBackend();
    const url = new URL(own.environment.DATABASE_URL ?? '');
    const proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 3306) });
    url.port = String(await proxy.open());
    const world = await startWorld({ ...SAFE, ...own.environment, DATABASE_URL: url.href });
    const person = await world.person();
    await world.miniProgramLogin(person);
    await proxy.cut();
    const sent = await push(world, person, 'user_authorization_cancellation', SAFELY);
    expect(answers(sent)).toEqual(refused(503, 'DATABASE_UNAVAILABLE'));
    await proxy.open();
    await eventually(async () => (await again(sent)).text === 'success');
    expect((await again(sent)).text).toBe('success');
    const rows = await own.rows(
      `SELECT id FROM events WHERE type = 'wechat.user_authorization_cancellation'`,
    );
    expect(rows).toHaveLength(1);
    expect(await own.rows('SELECT id FROM users')).toHaveLength(0);
    await proxy.cut();
    await own.drop();
  });
}
