import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { SHOP, WEBSITE, World } from '../harness/world.js';

const AUTHORIZE = `/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(`${SHOP}/welcome`)}`;
const EXCHANGE = '/sns/oauth2/access_token';

describe('a website login', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('begins at the QR page of WeChat, with the parameters in its order', async () => {
    const reply = await call(world.url + AUTHORIZE);
    expect(reply.status).toBe(302);
    const callback = encodeURIComponent(`${world.url}/v1/web-qr-login/callback`);
    const [before, state, after] = (reply.headers.get('location') ?? '').split(/(?<=&state=)([A-Za-z0-9]+)/);
    expect(before).toBe(
      `${world.sandbox.url}/connect/qrconnect?appid=${WEBSITE}&redirect_uri=${callback}` +
        '&response_type=code&scope=snsapi_login&state=',
    );
    expect(state).toMatch(/^[A-Za-z0-9]{32,128}$/);
    expect(after).toBe('#wechat_redirect');
    const other = locationOf(await call(world.url + AUTHORIZE));
    expect(other.searchParams.get('state')).not.toBe(state);
  });

  test('ends on returnTo with a loginCode that gives tokens, name and user', async () => {
    const person = await world.person({ nickname: '小明 👩‍👩‍👧‍👦 🌱' });
    const browser = new Browser();
    const location = await world.websiteCallback(browser, person, {
      returnTo: `${SHOP}/welcome?from=home#top`,
    });
    expect(location.origin + location.pathname).toBe(`${SHOP}/welcome`);
    expect([...location.searchParams.keys()]).toEqual(['from', 'loginCode']);
    expect(location.hash).toBe('#top');
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toMatchObject({
      tokenType: 'Bearer',
      isNewUser: true,
      user: { nickname: '小明 👩‍👩‍👧‍👦 🌱' },
      identity: { appId: WEBSITE, openId: person.openIds[WEBSITE], unionId: person.unionId },
    });
  });

  test('opens no session before the loginCode is redeemed', async () => {
    const sessions = await world.count('sessions');
    await world.websiteCallback(new Browser(), await world.person());
    expect(await world.count('sessions')).toBe(sessions);
  });

  test('stores the refresh token of WeChat with the session, sealed', async () => {
    const person = await world.person();
    const browser = new Browser();
    const stored = async () => {
      const rows = await world.backend.rows(
        `SELECT refresh_token FROM wechat_identities WHERE open_id = '${person.openIds[WEBSITE]}'`,
      );
      return rows.map(({ refresh_token: token }) => token);
    };
    const loginCode = (await world.websiteCallback(browser, person)).searchParams.get('loginCode');
    expect(await stored()).toEqual([null]);
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
    const [first] = await stored();
    expect(first).toMatch(/^v1\./);
    await world.websiteLogin(person);
    expect(await stored()).not.toEqual([first]);
  });

  test('never stores the name that WeChat gives everybody, and never overwrites one', async () => {
    const nameless = await world.person({ nickname: '微信用户' });
    expect((await world.websiteLogin(nameless)).user.nickname).toBeNull();
    const person = await world.person({ nickname: '小红' });
    await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { nickname: '微信用户' }, 'PATCH');
    expect((await world.websiteLogin(person)).user.nickname).toBe('小红');
  });

  test('cleans the name: no controls, no bidi overrides, at most 64 characters', async () => {
    const person = await world.person({ nickname: ` a\u0000b\u202Ec\n${'🌱'.repeat(80)}` });
    expect((await world.websiteLogin(person)).user.nickname).toBe(`abc${'🌱'.repeat(61)}`);
  });

  test('of a user who cancels returns with LOGIN_DENIED', async () => {
    const browser = new Browser();
    const qrPage = await world.authorize(browser);
    const state = qrPage.searchParams.get('state') ?? '';
    const calls = await world.callsOf(EXCHANGE);
    const reply = await browser.visit(`${world.url}/v1/web-qr-login/callback?state=${state}`);
    expect(reply.status).toBe(302);
    expect(refusalOf(locationOf(reply))).toBe(`${SHOP}/welcome?error=LOGIN_DENIED`);
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
  });

  test('of a disabled account returns with ACCOUNT_DISABLED', async () => {
    const person = await world.person();
    const { user } = await world.websiteLogin(person);
    await world.backend.write(`UPDATE users SET status = 'disabled' WHERE id = '${user.id}'`);
    const location = await world.websiteCallback(new Browser(), person);
    expect(new URL(refusalOf(location)).search).toBe('?error=ACCOUNT_DISABLED');
  });

  test('of an unknown website app is refused with a page', async () => {
    const reply = await call(`${world.url}${AUTHORIZE}&appId=wx0000000000000000`);
    expect(reply.status).toBe(400);
    expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
    expect(reply.text).toContain('APP_UNKNOWN');
  });

  test('asks for a page where a browser asks, and for JSON where a program asks', async () => {
    const url = `${world.url}/v1/web-qr-login/authorize?returnTo=javascript:alert(1)`;
    const page = await call(url, { headers: { accept: 'text/html,*/*', 'accept-language': 'en' } });
    expect(page.text).toContain('<html lang="en">');
    const problem = await call(url, { headers: { accept: 'application/json' } });
    expect(problem.body).toMatchObject({ status: 400, code: 'RETURN_URL_FORBIDDEN' });
  });
});

describe('the cookie that names a browser', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('is HttpOnly and SameSite=Lax; a second tab reuses it and extends it by a day', async () => {
    const browser = new Browser();
    const first = await browser.visit(world.url + AUTHORIZE);
    const [cookie, ...more] = first.headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie).toMatch(
      /^wechat-auth-browser=[0-9a-f]{64}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const second = await browser.visit(world.url + AUTHORIZE);
    // A login that begins in the cookie's last minute comes back after it.
    expect(second.headers.getSetCookie()).toEqual([cookie]);
    const person = await world.person();
    for (const tab of [first, second]) {
      const callback = await world.scanAndAllow(locationOf(tab), person);
      const location = locationOf(await browser.visit(callback.href));
      expect((await world.redeem(browser, location.searchParams.get('loginCode'))).status).toBe(200);
    }
  });

  test('of a form that we never gave is replaced', async () => {
    const reply = await call(world.url + AUTHORIZE, { headers: { cookie: 'wechat-auth-browser=planted' } });
    expect(reply.headers.getSetCookie()).toHaveLength(1);
  });

  test('is not set where a codeChallenge binds the login', async () => {
    const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
    const reply = await call(`${world.url}${AUTHORIZE}&codeChallenge=${challenge}`);
    expect(reply.headers.getSetCookie()).toEqual([]);
  });

  test('is __Host- and Secure where PUBLIC_URL is https, whatever the Host header says', async () => {
    const secure = await World.start({ PUBLIC_URL: 'https://login.example.com' });
    try {
      const reply = await call(secure.url + AUTHORIZE, {
        headers: { 'x-forwarded-host': 'evil.example.com' },
      });
      const [cookie] = reply.headers.getSetCookie();
      expect(cookie).toMatch(/^__Host-wechat-auth-browser=[0-9a-f]{64}; /);
      expect(cookie?.split('; ').slice(1).sort()).toEqual([
        'HttpOnly',
        'Max-Age=86400',
        'Path=/',
        'SameSite=Lax',
        'Secure',
      ]);
      expect(locationOf(reply).searchParams.get('redirect_uri')).toBe(
        'https://login.example.com/v1/web-qr-login/callback',
      );
    } finally {
      await secure.stop();
    }
  });
});
