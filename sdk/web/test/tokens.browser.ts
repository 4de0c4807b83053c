import { describe, expect, test } from '@jest/globals';
import { expectFailedRequests, sites } from '../../../test/browser/browser-tab.js';
import { countCalls, expectLoggedIn, logIn, openShop, showShop, world } from './sdk-page.js';

const REFRESH = '/v1/auth/refresh';
const expire = (): Promise<void> => world.pass(16 * 60);

describe('a refresh', () => {
  test('whose answer was lost is repeated, and gets the same successor', async () => {
    const page = await openShop();
    await logIn(page);
    await expire();
    const calls = countCalls(REFRESH);
    await page.route(/refresh$/, async (route) => {
      if (route.request().method() !== 'POST' || calls() > 1) return route.fallback();
      await route.fetch();
      return route.abort();
    });
    await expectLoggedIn(page);
    expect(calls()).toBe(2);
    await expire();
    await expectLoggedIn(page);
    expectFailedRequests();
  });

  test('that the service puts off waits for Retry-After, and asks no more until then', async () => {
    const page = await openShop();
    await logIn(page);
    await expire();
    const calls = countCalls(REFRESH);
    let retryAfter = '1';
    await page.route(/refresh$/, async (route) => {
      if (route.request().method() !== 'POST' || (retryAfter === '1' && calls() > 1)) return route.fallback();
      const headers = {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after',
        'retry-after': retryAfter,
      };
      return route.fulfill({ status: 503, headers, json: { code: 'DATABASE_UNAVAILABLE', requestId: 'r1' } });
    });
    const begun = performance.now();
    await expectLoggedIn(page);
    expect(performance.now() - begun).toBeGreaterThan(1000);
    expect(calls()).toBe(2);
    retryAfter = '60';
    await expire();
    for (let turn = 0; turn < 2; turn++) {
      expect(await page.evaluate('outcome(auth.getUser())')).toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
        requestId: 'r1',
        advice: { en: expect.stringMatching(/later/) },
      });
    }
    expect(calls()).toBe(3);
    expect(await page.evaluate('auth.status')).toBe('logged-in');
    expectFailedRequests();
  });

  test('that is put off for a day is asked for again after a minute: a clock may be wrong', async () => {
    const page = await openShop();
    await page.clock.install();
    await logIn(page);
    await expire();
    await page.route(/refresh$/, (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      const headers = {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after',
        'retry-after': '86400',
      };
      return route.fulfill({ status: 503, headers });
    });
    const calls = countCalls(REFRESH);
    for (const seconds of [0, 59]) {
      await page.clock.fastForward(seconds * 1000);
      expect(await page.evaluate('outcome(auth.getUser())')).toMatchObject({ code: 'HTTP_503' });
      expect(calls()).toBe(1);
    }
    await page.unroute(/refresh$/);
    await page.clock.fastForward(2000);
    await expectLoggedIn(page);
    expectFailedRequests();
  });

  test('that a proxy refuses, such as one that wants a login of its own, leaves the session', async () => {
    const page = await openShop();
    await logIn(page);
    await expire();
    await page.route(/refresh$/, (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 401,
            headers: { 'access-control-allow-origin': '*' },
            body: 'Who are you?',
          })
        : route.fallback(),
    );
    expect(await page.evaluate('outcome(auth.getUser())')).toMatchObject({ code: 'HTTP_401' });
    expect(await page.evaluate('auth.status')).toBe('logged-in');
    await page.unroute(/refresh$/);
    await expectLoggedIn(page);
    expectFailedRequests();
  });

  test('that fails after another tab has refreshed is repeated with the token of that tab', async () => {
    showShop('storage: localStorage');
    const page = await openShop();
    await logIn(page);
    await expire();
    const former = await page.evaluate<string>(`localStorage.getItem('wechat-auth:${world.url}')`);
    const sent: string[] = [];
    await page.route(/refresh$/, async (route) => {
      const body = route.request().postData();
      if (body === null) return route.fallback();
      sent.push((JSON.parse(body) as { refreshToken: string }).refreshToken);
      if (sent.length > 1) return route.fallback();
      // What another tab does while this one is frozen, for longer than the service takes a replaced token.
      const { refreshToken } = (await world.refresh(former)).body;
      await world.pass(61);
      await page.evaluate(`localStorage.setItem('wechat-auth:${world.url}', '${refreshToken}')`);
      return route.abort();
    });
    await expectLoggedIn(page);
    expect(sent).toHaveLength(2);
    expect(sent[1]).not.toBe(former);
    expectFailedRequests();
  });

  test('comes before the token expires, once however the clock jumps; a token that is still good serves meanwhile', async () => {
    const page = await openShop();
    await logIn(page);
    const calls = countCalls(REFRESH);
    const jump = (minutes: number): Promise<unknown> =>
      page.evaluate(`void (window.now ??= Date.now, Date.now = () => now() + ${minutes * 60_000})`);
    const token = (): Promise<string> => page.evaluate('auth.getAccessToken()');
    const first = await token();
    await jump(13);
    expect(await token()).toBe(first);
    expect(calls()).toBe(0);
    await jump(14.5);
    await page.route(/refresh$/, (route) => route.abort());
    expect(await token()).toBe(first);
    await page.unroute(/refresh$/);
    const second = await token();
    expect(second).not.toBe(first);
    const sent = calls();
    for (const minutes of [-600, 0, 14.5]) {
      await jump(minutes);
      expect(await token()).toBe(second);
    }
    await jump(1e6);
    expect(await Promise.all([token(), token()])).not.toContain(second);
    expect(calls()).toBe(sent + 1);
    expectFailedRequests();
  });
});

test('fetch takes the token to the service and to the site’s own API, and to nobody else', async () => {
  const api = sites.origin('api');
  const stranger = sites.origin('stranger');
  showShop(`origins: ['${api}']`);
  const page = await openShop();
  await logIn(page);
  const seen: [string, string | undefined, string | null][] = [];
  await page.route(/(api|stranger)\.localhost/, async (route) => {
    const request = route.request();
    const headers = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*, authorization',
    };
    if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers });
    const { authorization } = request.headers();
    seen.push([new URL(request.url()).hostname, authorization?.slice(0, 9), request.postData()]);
    return route.fulfill({ status: seen.length === 1 ? 401 : 200, headers, body: 'fine' });
  });
  const calls = countCalls(REFRESH);
  const answers = await page.evaluate(`(async () => {
    const body = new URLSearchParams({ a: 1 });
    const one = await auth.fetch('${api}/orders', { method: 'POST', body });
    const two = await auth.fetch(new Request('${stranger}/'));
    return [one.status, await one.text(), two.status];
  })()`);
  expect(answers).toEqual([200, 'fine', 200]);
  expect(seen).toEqual([
    ['api.localhost', 'Bearer ey', 'a=1'],
    ['api.localhost', 'Bearer ey', 'a=1'],
    ['stranger.localhost', undefined, null],
  ]);
  expect(calls()).toBe(1);
  expectFailedRequests();
});
