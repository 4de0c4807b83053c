import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Deadline } from '../../src/wechat/deadline.js';
import { WeChatHttp } from '../../src/wechat/wechat-http.js';
import { silentPort } from '../harness/black-hole.js';
import { call, type Reply } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type Problem, World } from '../harness/world.js';

const ENDPOINT = '/sns/jscode2session';

/** What is special about an error reply. */
function gist(reply: Reply<Partial<Problem>>): {
  status: number;
  code: string | undefined;
  retryAfter: string | null;
} {
  return { status: reply.status, code: reply.body.code, retryAfter: reply.headers.get('retry-after') };
}

describe('what WeChat answers to a code', () => {
  let world: World;
  let person: Person;
  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    await world.control('faults', undefined, 'DELETE');
    await world.control('calls', undefined, 'DELETE');
    person = await world.person();
  });
  afterAll(() => world.stop());

  const INVALID = { status: 401, code: 'WECHAT_CODE_INVALID', retryAfter: null };
  const BLOCKED = { status: 403, code: 'WECHAT_USER_BLOCKED', retryAfter: null };
  const CONFIGURATION = { status: 500, code: 'WECHAT_CONFIGURATION', retryAfter: null };
  const UNKNOWN = { status: 502, code: 'WECHAT_ERROR', retryAfter: null };

  test.each([
    [40029, INVALID],
    [41008, INVALID],
    [42003, INVALID],
    [61010, INVALID],
    [40163, { status: 401, code: 'WECHAT_CODE_USED', retryAfter: null }],
    [40226, BLOCKED],
    [50001, BLOCKED],
    [50002, BLOCKED],
    [45011, { status: 429, code: 'WECHAT_RATE_LIMITED', retryAfter: '60' }],
    [40013, CONFIGURATION],
    [40125, CONFIGURATION],
    [40164, CONFIGURATION],
    [40188, CONFIGURATION],
    [40243, CONFIGURATION],
    [41002, CONFIGURATION],
    [41004, CONFIGURATION],
    [48001, CONFIGURATION],
    [48004, CONFIGURATION],
    [50007, CONFIGURATION],
    [40002, UNKNOWN],
    [43003, UNKNOWN],
    [99999, UNKNOWN],
    [-2, UNKNOWN],
  ])('errcode %i is its own error, after one call', async (errcode, expected) => {
    await world.fault(ENDPOINT, { errcode });
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(gist(reply)).toEqual(expected);
    // Clients learn nothing of configuration errors.
    const isSaid = expected !== CONFIGURATION;
    expect(reply.body.detail.includes(String(errcode))).toBe(isSaid);
    expect(world.log()).toContain(isSaid ? '' : `WeChat answered ${errcode}`);
    expect(await world.callsOf(ENDPOINT)).toBe(1);
  });

  test('errcode 45009 asks to wait longer than a minute', async () => {
    await world.fault(ENDPOINT, { errcode: 45009 });
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(gist(reply)).toMatchObject({ status: 429, code: 'WECHAT_RATE_LIMITED' });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(60);
  });

  test('a configuration error logs the app and what to do; the client learns nothing of it', async () => {
    await world.fault(ENDPOINT, {
      errcode: 40164,
      errmsg:
        'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist, rid: 65d56510-389d87bb-729c2f46',
    });
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(reply.text).not.toMatch(/203\.0\.113\.7|whitelist|40164|secret/i);
    const line =
      world
        .log()
        .split('\n')
        .findLast((each) => each.includes(reply.body.requestId)) ?? '';
    const said = world.log().slice(world.log().indexOf('WeChat answered 40164 (rid 65d56510'));
    expect(line).not.toBe('');
    for (const each of ['203.0.113.7', MINI_PROGRAM, 'whitelist']) expect(said).toContain(each);
  });

  test('of the text of an error nothing but the address and the rid is passed on', async () => {
    await world.fault(ENDPOINT, { errcode: 40164, errmsg: 'invalid ip <script>alert(1)</script>, rid: zzz' });
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(reply.text).not.toContain('script');
    expect(reply.text).not.toContain('zzz');
  });

  test('-1 is asked again at most twice, then it is WECHAT_BUSY and the same code works later', async () => {
    const code = await world.wxLogin(person);
    await world.fault(ENDPOINT, { errcode: -1, times: 3 });
    const busy = await world.loginWith(code);
    expect(gist(busy)).toEqual({ status: 503, code: 'WECHAT_BUSY', retryAfter: '2' });
    expect(await world.callsOf(ENDPOINT)).toBe(3);
    expect((await world.loginWith(code)).status).toBe(200);
    expect(await world.callsOf(ENDPOINT)).toBe(4);
  });

  test('-1 once is not seen by the client', async () => {
    await world.fault(ENDPOINT, { errcode: -1 });
    expect((await world.loginWith(await world.wxLogin(person))).status).toBe(200);
    expect(await world.callsOf(ENDPOINT)).toBe(2);
  });

  test.each([45011, 40125, 40164])(
    'after errcode %i the same code may come again and works',
    async (errcode) => {
      const code = await world.wxLogin(person);
      await world.fault(ENDPOINT, { errcode });
      expect((await world.loginWith(code)).status).toBeGreaterThanOrEqual(400);
      expect((await world.loginWith(code)).status).toBe(200);
    },
  );

  const identity = { openid: 'oRubbish0000000000000000000', session_key: 'dGhlIHNlc3Npb24ga2V5IQ==' };
  const DEEP = '['.repeat(50_000) + ']'.repeat(50_000);
  const answer = (change: object): string => JSON.stringify({ ...identity, ...change });
  const BAD = { status: 502, code: 'WECHAT_BAD_REPLY', retryAfter: null };
  const AWAY = { status: 503, code: 'WECHAT_UNAVAILABLE', retryAfter: '5' };

  test.each([
    ['no openid', { body: answer({ openid: undefined }) }, BAD],
    ['an empty openid', { body: answer({ openid: '' }) }, BAD],
    ['an openid with a space at its end', { body: answer({ openid: 'oRubbish ' }) }, BAD],
    ['an openid of 65 characters', { body: answer({ openid: 'o'.repeat(65) }) }, BAD],
    ['an openid that is a number', { body: answer({ openid: 12345 }) }, BAD],
    ['an openid that is an array', { body: answer({ openid: ['oRubbish'] }) }, BAD],
    ['an openid beyond ASCII', { body: answer({ openid: 'o微信' }) }, BAD],
    ['a unionid with a space', { body: answer({ unionid: 'oUnion Id' }) }, BAD],
    ['a unionid that is a number', { body: answer({ unionid: 7 }) }, BAD],
    ['no session_key', { body: answer({ session_key: undefined }) }, BAD],
    ['a session_key that is a number', { body: answer({ session_key: 7 }) }, BAD],
    ['a session_key beyond ASCII', { body: answer({ session_key: '微'.repeat(128) }) }, BAD],
    ['an errcode that is text', { body: answer({ errcode: 'zero' }) }, BAD],
    ['broken JSON', { body: answer({}).slice(0, -1) }, BAD],
    ['HTML', { body: '<!doctype html><title>502</title>' }, BAD],
    ['an empty body', { body: '' }, BAD],
    ['a JSON array', { body: `[${answer({})}]` }, BAD],
    ['a JSON null', { body: 'null' }, BAD],
    ['arrays in arrays without end', { body: answer({}).replace('}', `,"more":${DEEP}}`) }, BAD],
    ['arrays in place of the openid', { body: answer({}).replace(/"oR\w+"/, DEEP) }, BAD],
    ['more than 256 KiB', { body: answer({ filler: 'x'.repeat(256 * 1024) }) }, BAD],
    ['status 500', { status: 500, body: answer({}) }, AWAY],
    ['status 404', { status: 404, body: answer({}) }, AWAY],
    ['a redirect', { status: 302, body: answer({}) }, AWAY],
    ['a broken connection', { reset: true }, AWAY],
  ])('%s makes no user, and the code is not sent again', async (_what, fault, expected) => {
    const users = await world.count('users');
    const code = await world.wxLogin(person);
    await world.fault(ENDPOINT, fault);
    expect(gist(await world.loginWith(code))).toEqual(expected);
    expect(await world.count('users')).toBe(users);
    expect((await world.loginWith(code)).body.code).toBe('WECHAT_CODE_USED');
    expect(await world.callsOf(ENDPOINT)).toBe(1);
  });

  test('an answer that was lost after WeChat spent the code is not asked for again', async () => {
    const code = await world.wxLogin(person);
    await world.fault(ENDPOINT, { reset: true, afterEffect: true });
    expect(gist(await world.loginWith(code))).toEqual(AWAY);
    expect((await world.loginWith(code)).body.code).toBe('WECHAT_CODE_USED');
    expect(await world.callsOf(ENDPOINT)).toBe(1);
    expect((await world.loginWith(await world.wxLogin(person))).status).toBe(200);
  });

  test('an answer that never comes ends within the 5 s that a client waits', async () => {
    const code = await world.wxLogin(person);
    await world.fault(ENDPOINT, { hang: true });
    const reply = await call<Problem>(`${world.url}/v1/mini-program/login`, { json: { code }, patience: 5 });
    expect(gist(reply)).toEqual(AWAY);
    expect((await world.loginWith(code)).body.code).toBe('WECHAT_CODE_USED');
  });

  test('errcode 0, keys that are not known and a unionid that is empty are taken', async () => {
    const openid = `oTaken${Date.now().toString(36)}`;
    const body = answer({
      openid,
      errcode: 0,
      errmsg: 'ok',
      unionid: '',
      expires_in: 7200,
      new_thing: { a: [1] },
    });
    await world.fault(ENDPOINT, { body, contentType: 'text/plain' });
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(reply.status).toBe(200);
    expect(reply.body.identity).toEqual({ appId: MINI_PROGRAM, openId: openid, unionId: null });
  });

  test('a WeChat that cannot be reached at all is WECHAT_UNAVAILABLE, and the code may come again', async () => {
    const nowhere = await World.start({ WECHAT_API_URL: 'http://127.0.0.1:1' });
    try {
      expect(gist(await nowhere.loginWith('081iIL'))).toEqual(AWAY);
      expect(gist(await nowhere.loginWith('081iIL'))).toEqual(AWAY);
    } finally {
      await nowhere.stop();
    }
  });
});

describe('a WeChat that takes calls and answers none', () => {
  /** Maximum of concurrent calls of one instance. */
  const MOST = 1_000;
  let silent: Awaited<ReturnType<typeof silentPort>>;
  let world: World;
  beforeAll(async () => {
    silent = await silentPort();
    world = await World.start({ WECHAT_API_URL: `http://127.0.0.1:${silent.port}` });
  });
  afterAll(async () => {
    await world.stop();
    await silent.close();
  });

  test('gets at most a thousand concurrent calls: a further login is refused, and its code is not spent', async () => {
    const http = world.service().app.get(WeChatHttp, { strict: false });
    const waiting = Array.from({ length: MOST }, () =>
      http.call({ path: 'cgi-bin/silence', appId: MINI_PROGRAM, query: {} }, new Deadline(25_000)),
    );
    for (let time = 0; time < 2; time++) {
      const { body } = await world.loginWith('oneTooMany');
      expect(body).toMatchObject({ code: 'WECHAT_UNAVAILABLE', detail: 'Too many calls wait for WeChat.' });
    }
    await silent.close();
    const results = await Promise.allSettled(waiting);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
    const { body } = await world.loginWith('later');
    expect(body.code).toBe('WECHAT_UNAVAILABLE');
    expect(body.detail).not.toMatch(/Too many/);
  });
});
