import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { hostsOfLinks, withoutSwitch } from '../harness/page-html.js';
import { call } from '../harness/http.js';
import { type Person, SHOP, WEBSITE, World } from '../harness/world.js';

const EXCHANGE = '/sns/oauth2/access_token';
const USERINFO = '/sns/userinfo';
const longAddress = `https://thirdwx.qlogo.cn/mmopen/${'a'.repeat(3_000)}/132`;

describe('what goes wrong at WeChat returns to the website', () => {
  const returnTo = `${SHOP}/welcome?from=home&tag=%E5%BE%AE%E4%BF%A1`;
  let world: World;
  let person: Person;
  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    await world.control('faults', undefined, 'DELETE');
    person = await world.person();
  });
  afterAll(() => world.stop());

  const token = {
    access_token: '59_token',
    expires_in: 7200,
    refresh_token: '59_refresh',
    scope: 'snsapi_login',
  };
  const body = (value: object): { body: string } => ({ body: JSON.stringify(value) });

  test.each([
    ['a code that WeChat does not accept', EXCHANGE, { errcode: 40029 }, 'WECHAT_CODE_INVALID'],
    ['a code that was used', EXCHANGE, { errcode: 40163 }, 'WECHAT_CODE_USED'],
    ['an expired code', EXCHANGE, { errcode: 42003 }, 'WECHAT_CODE_INVALID'],
    ['a restricted account', EXCHANGE, { errcode: 50002 }, 'WECHAT_USER_BLOCKED'],
    ['a wrong AppSecret', EXCHANGE, { errcode: 40125 }, 'WECHAT_CONFIGURATION'],
    ['a rate limit', EXCHANGE, { errcode: 45011 }, 'WECHAT_RATE_LIMITED'],
    ['a busy WeChat', EXCHANGE, { errcode: -1, times: 3 }, 'WECHAT_BUSY'],
    ['an unknown errcode', EXCHANGE, { errcode: 99999 }, 'WECHAT_ERROR'],
    ['HTML', EXCHANGE, { body: '<title>502</title>' }, 'WECHAT_BAD_REPLY'],
    ['a broken connection', EXCHANGE, { reset: true }, 'WECHAT_UNAVAILABLE'],
    ['status 502', EXCHANGE, { status: 502, body: '' }, 'WECHAT_UNAVAILABLE'],
    ['no openid', EXCHANGE, body(token), 'WECHAT_BAD_REPLY'],
    [
      'no access_token',
      EXCHANGE,
      body({ ...token, access_token: '', openid: 'oSomebody' }),
      'WECHAT_BAD_REPLY',
    ],
    ['a hostile openid', EXCHANGE, body({ ...token, openid: "o' OR 1=1" }), 'WECHAT_BAD_REPLY'],
    [
      'a snapshot user',
      EXCHANGE,
      body({ ...token, openid: 'oSnapshot', is_snapshotuser: 1 }),
      'WECHAT_SNAPSHOT_USER',
    ],
  ])('%s', async (_what, endpoint, fault, code) => {
    const users = await world.count('users');
    await world.fault(endpoint, fault);
    const location = await world.websiteCallback(new Browser(), person, { returnTo });
    expect(location.origin + location.pathname).toBe(`${SHOP}/welcome`);
    expect([...new URL(refusalOf(location)).searchParams]).toEqual([
      ['from', 'home'],
      ['tag', '微信'],
      ['error', code],
    ]);
    expect(await world.count('users')).toBe(users);
  });

  test('a person whom WeChat blocks', async () => {
    const blocked = await world.person({ blocked: true });
    const location = await world.websiteCallback(new Browser(), blocked);
    expect(new URL(refusalOf(location)).search).toBe('?error=WECHAT_USER_BLOCKED');
  });

  const openid = 'oWithoutProfile';
  const info = (change: object): { body: string } =>
    body({ openid, nickname: '小明', headimgurl: '', sex: 0, privilege: [], unionid: '', ...change });

  test.each<[string, Readonly<Record<string, unknown>>, string | null]>([
    ['without permission', { errcode: 48001 }, null],
    ['of a token that is dead', { errcode: 40001 }, null],
    ['of a restricted account', { errcode: 50002 }, null],
    ['while WeChat is busy', { errcode: -1, times: 3 }, null],
    ['that is lost', { reset: true }, null],
    ['that never comes', { hang: true }, null],
    ['under status 500', { status: 500, body: 'down' }, null],
    ['that is HTML', { body: '<title>502</title>' }, null],
    ['that is a list', { body: '[]' }, null],
    ['that is cut off', { body: '{"openid":"o' }, null],
    ['that is too large', { body: JSON.stringify({ openid, filler: 'x'.repeat(300_000) }) }, null],
    ['of nobody', body({ nickname: '小明' }), null],
    ['of somebody else', info({ openid: 'oSomebodyElse' }), null],
    ['with another unionid', info({ unionid: 'oAnotherUnionId' }), null],
    ['whose unionid is rubbish', info({ unionid: "o' OR 1=1" }), '小明'],
    ['with types that nobody knows', info({ sex: '1', privilege: null, headimgurl: 7, city: {} }), '小明'],
    ['whose nickname is no text', info({ nickname: { a: 1 } }), null],
    ['whose nickname has 5,000 characters', info({ nickname: '明'.repeat(5_000) }), '明'.repeat(64)],
    ["whose picture's address has 3,000 characters", info({ headimgurl: longAddress }), '小明'],
  ])('a login goes on with a profile %s', async (_what, fault, nickname) => {
    await world.fault(EXCHANGE, body({ ...token, openid, unionid: 'oTheUnionId', refresh_token: '微' }));
    await world.fault(USERINFO, fault);
    const browser = new Browser();
    const location = await world.websiteCallback(browser, person);
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.status).toBe(200);
    expect(reply.body.identity).toEqual({ appId: WEBSITE, openId: openid, unionId: 'oTheUnionId' });
    expect(reply.body.user.nickname).toBe(nickname);
    await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: reply.body.accessToken });
  });

  test('an answer of an earlier login on returnTo is replaced', async () => {
    const stale = `${SHOP}/welcome?error=LOGIN_DENIED&request_id=old&loginCode=old`;
    const good = await world.websiteCallback(new Browser(), person, { returnTo: stale });
    expect([...good.searchParams.keys()]).toEqual(['loginCode']);
    expect(good.searchParams.get('loginCode')).not.toBe('old');
    await world.fault(EXCHANGE, { errcode: 40029 });
    const bad = await world.websiteCallback(new Browser(), person, { returnTo: stale });
    expect(new URL(refusalOf(bad)).search).toBe('?error=WECHAT_CODE_INVALID');
  });

  test('a profile of nothing but the openid is enough, and the token may lack the unionid', async () => {
    const openid = person.openIds.wx5a4db0c0de000002;
    await world.fault(EXCHANGE, body({ access_token: 't', openid, unionid: '' }));
    await world.fault(
      USERINFO,
      body({ openid, nickname: '', headimgurl: '', unionid: person.unionId, new_key: 1 }),
    );
    const browser = new Browser();
    const location = await world.websiteCallback(browser, person);
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.body.identity.unionId).toBe(person.unionId);
    expect(reply.body.user.nickname).toBeNull();
  });
});

describe('a returnTo that the operator did not allow', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ RETURN_URLS: `${SHOP},https://docs.example.com/app` });
  });
  afterAll(() => world.stop());

  test.each([
    'javascript:alert(1)',
    'data:text/html,hello',
    '//evil.example.com',
    '/welcome',
    'welcome',
    '',
    'https://',
    'https://shop.example.com.evil.com/',
    'https://shop.example.comevil.com/',
    'https://shop.example.com@evil.com/',
    'https://user@shop.example.com/',
    'https://user:pass@shop.example.com/',
    'https://shop.example.com\\@evil.com/',
    'https:\\\\shop.example.com/',
    'https://evil.com\\.shop.example.com/',
    'https://shop.example.com/\u0000',
    'https://shop.example.com/\r\nSet-Cookie: a=b',
    'https://shop.exam\tple.com/',
    ' https://shop.example.com/',
    'http://shop.example.com/',
    'https://shop.example.com:8443/',
    'https://evil.com/?https://shop.example.com/',
    'https://evil.com/#https://shop.example.com/',
    'https://docs.example.com/',
    'https://docs.example.com/application',
    'https://docs.example.com/app/../private',
    'https://docs.example.com/app/%2e%2e/private',
    'https://docs.example.com/app%2f..%2fprivate',
    'https://docs.example.com/app/..%2Fprivate',
    'https://docs.example.com/app/..%5cprivate',
    'https://docs.example.com/APP',
    `https://shop.example.com/${'a'.repeat(2048)}`,
  ])('is an error page, never a redirect: %j', async (returnTo) => {
    for (const path of ['v1/web-qr-login/authorize', 'login']) {
      const reply = await call(`${world.url}/${path}?returnTo=${encodeURIComponent(returnTo)}`);
      expect(reply.status).toBe(400);
      expect(reply.headers.get('location')).toBeNull();
      expect(reply.headers.getSetCookie()).toEqual([]);
      expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
      expect(reply.text).toMatch(/RETURN_URL_FORBIDDEN|VALIDATION_FAILED/);
      expect(withoutSwitch(reply.text)).not.toContain('evil');
      expect(hostsOfLinks(reply.text, world.url)).toEqual([new URL(world.url).host]);
    }
  });

  test.each([
    'returnTo=https%3A%2F%2Fshop.example.com&returnTo=https%3A%2F%2Fevil.com',
    'returnTo[]=https',
    'x=1',
  ])('is an error page where there is not exactly one: %s', async (query) => {
    const reply = await call(`${world.url}/v1/web-qr-login/authorize?${query}`);
    expect(reply.status).toBe(400);
    expect(reply.headers.get('location')).toBeNull();
  });

  test.each([
    'https://shop.example.com',
    'https://shop.example.com/any/path?x=%2f..#top',
    'HTTPS://SHOP.example.com:443/',
    'https://docs.example.com/app',
    'https://docs.example.com/app/?page=1',
    'https://docs.example.com/app/page',
  ])('is not this: %s', async (returnTo) => {
    const qrPage = await world.authorize(new Browser(), { returnTo });
    expect(qrPage.pathname).toBe('/connect/qrconnect');
  });

  test('is checked first: no state is created, and none of its text is echoed', async () => {
    const reply = await call(
      `${world.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent('"><script>x')}`,
    );
    expect(reply.text).not.toContain('<script>x');
    expect(() => locationOf(reply)).toThrow('no redirect');
  });
});
