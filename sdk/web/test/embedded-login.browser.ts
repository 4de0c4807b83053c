import { describe, expect, test } from '@jest/globals';
import { context, cover, expectFailedRequests } from '../../../test/browser/browser-tab.js';
import { barriersOn, type Page } from '../../../test/browser/chromium.js';
import { pkce } from '../../../test/harness/pkce.js';
import { MINI_PROGRAM } from '../../../test/harness/world.js';
import {
  becomes,
  countCalls,
  expectLoggedIn,
  inMiniProgram,
  openShop,
  otherSite,
  person,
  sameSite,
  scanAndAllow,
  uuidOn,
  world,
} from './sdk-page.js';

const ATTEMPTS = '/v1/web-qr-login/attempts';
const root = "document.querySelector('.wechat-auth')";

/** Begins a login in the page. @param options in JavaScript, besides the method */
async function embed(page: Page, method: 'mini-program' | 'website', options = ''): Promise<void> {
  await page.evaluate(`void (window.login = outcome(auth.loginEmbedded(place, {
    method: '${method}', signal: (window.abort = new AbortController()).signal, ${options}
  })))`);
  if (method === 'mini-program') await codeIsShown(page);
}

/** The code of a mini program is made when its picture is fetched. */
async function codeIsShown(page: Page): Promise<void> {
  await becomes(page, "document.querySelector('.wechat-auth img')?.naturalWidth > 0");
}

async function stands(page: Page, state: string): Promise<void> {
  await page.locator(`.wechat-auth[data-state=${state}]`).waitFor();
}

/** Waits until this person has logged in. */
async function expectLogin(page: Page): Promise<void> {
  await becomes(page, 'login');
  const openId = person.openIds[MINI_PROGRAM];
  expect(await page.evaluate('login')).toMatchObject({
    value: { identity: { appId: MINI_PROGRAM, openId } },
  });
}

/** What a screen reader says. */
const said = (page: Page): Promise<string> => page.getByRole('status').innerText();

describe('a code of the mini program on the page', () => {
  test.each([
    ['another site', () => otherSite],
    ['the same site', () => sameSite],
  ])('of %s logs in by Server-Sent Events, without a poll', async (_where, site) => {
    const page = await openShop({}, site());
    await embed(page, 'mini-program');
    expect(await said(page)).toBe('Scan with WeChat');
    expect(await barriersOn(page)).toEqual([]);
    const polls: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'GET' && /attempts\/\w+$/.test(request.url())) polls.push(request.url());
    });
    await inMiniProgram('scan');
    await stands(page, 'scanned');
    expect(await said(page)).toBe('Confirm on your phone');
    await inMiniProgram('confirm');
    await expectLogin(page);
    expect(await said(page)).toBe('Logged in');
    expect(await page.locator('.wechat-auth img').count()).toBe(0);
    expect(polls).toEqual([]);
    expect(await page.evaluate('auth.status')).toBe('logged-in');
    // It works without the cookie of the service: the browser has none, or has not sent it.
    expect(await context.cookies(world.url)).toEqual([]);
  });

  test('logs in by polling where a proxy holds streams back', async () => {
    const page = await openShop();
    await page.route(/\/events$/, () => undefined);
    await embed(page, 'mini-program');
    await inMiniProgram('scan', 'confirm');
    await expectLogin(page);
  });

  test('that was refused offers another one', async () => {
    const page = await openShop({ locale: 'zh-CN' });
    await embed(page, 'mini-program', "language: 'zh', texts: { again: '换一个' }");
    await inMiniProgram('scan', 'deny');
    await stands(page, 'denied');
    expect(await said(page)).toBe('你已取消登录');
    expect(await barriersOn(page)).toEqual([]);
    await page.getByRole('button', { name: '换一个' }).click();
    await stands(page, 'pending');
    expect(await page.evaluate(`${root}.contains(document.activeElement)`)).toBe(true);
    await codeIsShown(page);
    await inMiniProgram('scan', 'confirm');
    await expectLogin(page);
  });

  test('is renewed when it expires, once somebody looks at it', async () => {
    const page = await openShop();
    await embed(page, 'mini-program');
    const calls = countCalls(ATTEMPTS);
    await cover(page, true);
    await world.pass(301);
    await stands(page, 'expired');
    await stands(page, 'loading');
    expect(calls()).toBe(0);
    await cover(page, false);
    await stands(page, 'pending');
    expect(calls()).toBe(1);
  });

  test('asks for no further one while the page has removed its element', async () => {
    const page = await openShop();
    await page.clock.install();
    await embed(page, 'mini-program');
    await page.evaluate('window.place = place, place.remove()');
    const calls = countCalls(ATTEMPTS);
    await world.pass(301);
    await becomes(page, "place.firstChild.dataset.state === 'expired'");
    await page.clock.runFor(5000);
    expect(calls()).toBe(0);
    await page.evaluate('document.body.append(place)');
    await page.clock.runFor(2000);
    await stands(page, 'pending');
    expect(calls()).toBe(1);
  });

  test('that the service puts off for a month is asked about once a minute', async () => {
    const page = await openShop();
    await page.clock.install();
    let polls = 0;
    await page.route(/attempts\/\w+(\/events)?$/, (route) => {
      if (route.request().method() === 'OPTIONS') return route.fallback();
      if (!route.request().url().endsWith('events')) polls++;
      const headers = {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after',
        'retry-after': '3000000',
      };
      return route.fulfill({ status: 429, headers });
    });
    await embed(page, 'mini-program');
    const polled = (): Promise<unknown> =>
      page.waitForEvent(
        'requestfinished',
        (each) => !each.url().endsWith('events') && each.method() === 'GET',
      );
    const first = polled();
    await page.clock.runFor(1000);
    if (polls === 0) await first;
    await page.clock.runFor(58_000);
    expect(polls).toBe(1);
    const second = polled();
    await page.clock.runFor(3000);
    await second;
    expect(polls).toBe(2);
    expectFailedRequests();
  });

  test('tells that the network is gone, and goes on when it is back', async () => {
    const page = await openShop();
    await embed(page, 'mini-program');
    await context.setOffline(true);
    await stands(page, 'offline');
    expect(await said(page)).toBe('Reconnecting…');
    await inMiniProgram('scan');
    await context.setOffline(false);
    await stands(page, 'scanned');
    await inMiniProgram('confirm');
    await expectLogin(page);
    expectFailedRequests();
  });

  test('that WeChat does not give is shown as a failure with a button', async () => {
    await world.fault('/wxa/getwxacodeunlimit', { errcode: 45009, times: 9 });
    const page = await openShop();
    await page.evaluate(
      "void (window.login = outcome(auth.loginEmbedded(place, { method: 'mini-program' })))",
    );
    await stands(page, 'failed');
    expect(await said(page)).toMatch(/later/);
    await world.control('faults', undefined, 'DELETE');
    await world.pass(3600);
    await page.getByRole('button', { name: 'Scan again' }).click();
    await codeIsShown(page);
    expectFailedRequests();
  });

  test('goes to the back end that has the verifier', async () => {
    const page = await openShop();
    const { verifier, challenge } = pkce();
    await embed(page, 'mini-program', `codeChallenge: '${challenge}'`);
    await inMiniProgram('scan', 'confirm');
    await becomes(page, 'login');
    const { value } = await page.evaluate<{ value: { loginCode: string } }>('login');
    expect(await page.evaluate('auth.getUser()')).toBeNull();
    const reply = await fetch(`${world.url}/v1/web-qr-login/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...value, codeVerifier: verifier }),
    });
    expect(reply.status).toBe(200);
  });
});

describe('a login on the page', () => {
  test('leaves nothing behind when it is aborted, and begins nothing when that was before', async () => {
    const page = await openShop();
    const calls = countCalls(ATTEMPTS);
    // As React does in its strict mode.
    await page.evaluate(`(() => {
      const early = new AbortController();
      window.first = outcome(auth.loginEmbedded(place, { method: 'mini-program', signal: early.signal }));
      early.abort();
    })()`);
    await embed(page, 'mini-program');
    const stream = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
    await page.evaluate('abort.abort()');
    await stream;
    expect(await page.evaluate('Promise.all([first, login])')).toMatchObject([
      { code: 'ABORTED' },
      { code: 'ABORTED' },
    ]);
    expect(await page.locator('#place').innerHTML()).toBe('');
    expect(calls()).toBe(1);
  });

  test('gives way to a later one in the same element', async () => {
    const page = await openShop();
    await embed(page, 'mini-program');
    await page.evaluate('void (window.former = login)');
    await embed(page, 'mini-program');
    expect(await page.evaluate('former')).toMatchObject({ code: 'ABORTED' });
    expect(await page.locator('.wechat-auth').count()).toBe(1);
  });

  test('tells the site of its own faults', async () => {
    const page = await openShop();
    const login = (options: string): Promise<unknown> =>
      page.evaluate(`outcome(auth.loginEmbedded(place, { method: 'mini-program', ${options} }))`);
    expect(await login("returnTo: 'https://elsewhere.example'")).toMatchObject({
      code: 'RETURN_URL_FORBIDDEN',
    });
    expect(await login("appId: 'wx0000000000000000'")).toMatchObject({ code: 'APP_UNKNOWN' });
    expect(await page.locator('#place').innerHTML()).toBe('');
    expectFailedRequests();
  });
});

describe('WeChat’s own code in a frame', () => {
  const FRAME = '.wechat-auth iframe';

  test('logs in, with third-party cookies blocked', async () => {
    const page = await openShop();
    const devTools = await context.newCDPSession(page);
    await devTools.send('Network.enable');
    await devTools.send('Network.setCookieControls', { enableThirdPartyCookieRestriction: true });
    await page.reload();
    await embed(page, 'website');
    await scanAndAllow(page, FRAME);
    await becomes(page, 'login');
    expect(await page.evaluate('login')).toMatchObject({ value: { user: { nickname: person.nickname } } });
    expect(await page.locator(FRAME).count()).toBe(0);
    await expectLoggedIn(page);
  });

  test('may use the local network, and is heard only with its own attempt', async () => {
    const page = await openShop();
    await embed(page, 'website');
    await uuidOn(page, FRAME);
    expect(await page.locator(FRAME).getAttribute('allow')).toBe('local-network-access');
    const calls = countCalls('/v1/web-qr-login/token');
    await page.evaluate(`(() => {
      const data = { type: 'wechat-auth:login', attempt: 'x', loginCode: 'y' };
      postMessage(data, '*');
      const frame = document.createElement('iframe');
      document.body.append(frame);
      frame.contentWindow.eval('parent.postMessage(' + JSON.stringify(data) + ", '*')");
    })()`);
    await world.control('settings', { denyRedirects: true });
    const uuid = await uuidOn(page, FRAME);
    await world.control('scan', { uuid, person: person.id });
    await world.control('deny', { uuid });
    await stands(page, 'denied');
    await world.control('settings', { denyRedirects: false });
    expect(calls()).toBe(0);
  });
});
