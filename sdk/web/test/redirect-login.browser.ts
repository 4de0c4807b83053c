import { describe, expect, test } from '@jest/globals';
import { context, expectFailedRequests, stands, tab } from '../../../test/browser/browser-tab.js';
import { Browser } from '../../../test/harness/browser.js';
import { OFFICIAL_ACCOUNT, WECHAT_USER_AGENT } from '../../../test/harness/wechat-browser.js';
import {
  countCalls,
  expectLoggedIn,
  inMiniProgram,
  openShop,
  otherSite,
  person,
  returnFromWeChat,
  sameSite,
  uuidOn,
  world,
} from './sdk-page.js';

describe('a login by redirect', () => {
  test.each([
    ['another site', () => otherSite],
    ['the same site', () => sameSite],
  ])('through the hosted page works from %s, and leaves no trace in the address', async (_where, site) => {
    const page = await openShop();
    await page.goto(`${site()}/?page=2#reviews`);
    await page.evaluate('auth.loginWithRedirect()');
    await stands(page, 'pending');
    await inMiniProgram('scan', 'confirm');
    await page.waitForURL(/loginCode=/);
    const { value } = await page.evaluate<{ value: { user: { id: string } } }>(
      'outcome(auth.handleCallback())',
    );
    expect(page.url()).toBe(`${site()}/?page=2#reviews`);
    expect(await page.evaluate('auth.getUser()')).toMatchObject({ id: value.user.id });
    expect(await page.evaluate('changes')).toEqual([['logged-in', value.user.id, undefined]]);
    // The refresh token alone, and nothing of the login.
    expect(await page.evaluate('JSON.stringify(Object.values(sessionStorage))')).toMatch(/^\["[\w.-]+"\]$/);
    await page.reload();
    expect(await page.evaluate('[auth.status, auth.user]')).toEqual(['unknown', null]);
    expect(await page.evaluate('auth.getUser()')).toMatchObject({ id: value.user.id });
    expect(await page.evaluate('auth.status')).toBe('logged-in');
  });

  test('through the hosted page takes one tap the next time, and with prompt=login another scan', async () => {
    const page = await openShop();
    await page.evaluate('auth.loginWithRedirect()');
    await stands(page, 'pending');
    await inMiniProgram('scan', 'confirm');
    await page.waitForURL(/loginCode=/);
    const before = await page.evaluate('auth.handleCallback().then(({ user }) => user.id)');
    await page.evaluate('auth.loginWithRedirect()');
    await page.getByRole('button', { name: 'Continue as' }).click();
    await page.waitForURL(/loginCode=/);
    expect(await page.evaluate('auth.handleCallback().then(({ user }) => user.id)')).toBe(before);
    await page.evaluate("auth.loginWithRedirect({ prompt: 'login' })");
    await stands(page, 'pending');
  });

  test('is redeemed once, however often and by however many instances it is ended', async () => {
    const page = await openShop();
    await returnFromWeChat(page);
    const calls = countCalls('/v1/web-qr-login/token');
    const ids = await page.evaluate<string[]>(`(async () => {
      const second = WeChatAuth.createAuth({ baseUrl: '${world.url}' });
      const logins = await Promise.all([auth.handleCallback(), second.handleCallback(), auth.handleCallback()]);
      return [...logins, await second.getUser()].map((each) => (each.user ?? each).id);
    })()`);
    expect(new Set(ids).size).toBe(1);
    expect(calls()).toBe(1);
    expect(await page.evaluate('auth.handleCallback()')).toBeNull();
    await page.reload();
    expect(await page.evaluate('auth.handleCallback()')).toBeNull();
    await expectLoggedIn(page);
    expect(calls()).toBe(1);
  });

  test('takes the address from a router that has changed the one of the page', async () => {
    const page = await openShop();
    await returnFromWeChat(page);
    const address = JSON.stringify(page.url());
    await page.evaluate("history.replaceState(null, '', '/')");
    const login = await page.evaluate(`auth.handleCallback(${address})`);
    expect(login).toMatchObject({ user: { nickname: person.nickname }, isNewUser: true });
    expect(await page.evaluate(`auth.handleCallback(${address})`)).toEqual(login);
  });

  test('finds its verifier, although another login was begun after it in the same tab', async () => {
    const page = await openShop();
    await page.evaluate("auth.loginWithRedirect({ page: 'wechat' })");
    const uuid = await uuidOn(page);
    const first = page.url();
    await page.goBack();
    await page.evaluate("auth.loginWithRedirect({ page: 'wechat' })");
    await uuidOn(page);
    await page.goto(first);
    expect(await uuidOn(page)).not.toBe(uuid);
    const again = await uuidOn(page);
    await world.control('scan', { uuid: again, person: person.id });
    await world.control('allow', { uuid: again });
    await page.waitForURL(/loginCode=/);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      value: { user: { nickname: person.nickname } },
    });
  });

  test('that was refused is an error with its code and request id, for each that asks at once', async () => {
    await world.control('settings', { denyRedirects: true });
    const page = await openShop();
    await page.evaluate("auth.loginWithRedirect({ page: 'wechat' })");
    const uuid = await uuidOn(page);
    await world.control('scan', { uuid, person: person.id });
    await world.control('deny', { uuid });
    await page.waitForURL(/error=/);
    const outcomes = await page.evaluate<unknown[]>(
      'Promise.all([auth.handleCallback(), auth.handleCallback()].map(outcome))',
    );
    expect(outcomes[0]).toMatchObject({
      name: 'AuthError',
      code: 'LOGIN_DENIED',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(page.url()).toBe(`${otherSite}/`);
    expect(await page.evaluate('auth.handleCallback()')).toBeNull();
    await world.control('settings', { denyRedirects: false });
  });

  test('of another kind is left to those that began it', async () => {
    const page = await openShop();
    await page.goto(`${otherSite}/?error=access_denied&state=1`);
    expect(await page.evaluate('auth.handleCallback()')).toBeNull();
    expect(page.url()).toBe(`${otherSite}/?error=access_denied&state=1`);
  });
});

describe('a loginCode that somebody else has planted', () => {
  /** A loginCode of an attacker's own login, as the service gives it. */
  async function loginCodeOfAttacker(): Promise<string> {
    const attacker = await world.person({ nickname: 'Mallory' });
    const location = await world.websiteCallback(new Browser(), attacker, { returnTo: `${otherSite}/` });
    return location.searchParams.get('loginCode') ?? '';
  }

  test('logs nobody in: this tab has begun no login', async () => {
    const page = await openShop();
    const calls = countCalls('/v1/web-qr-login/token');
    await page.goto(`${otherSite}/?loginCode=${await loginCodeOfAttacker()}`);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({ code: 'STATE_INVALID' });
    expect(page.url()).toBe(`${otherSite}/`);
    expect(await page.evaluate('auth.getUser()')).toBeNull();
    expect(calls()).toBe(0);
  });

  test('logs nobody in while a login is under way, and that goes on', async () => {
    const page = await openShop();
    await returnFromWeChat(page);
    const own = page.url();
    const planted = new URL(own);
    planted.searchParams.set('loginCode', await loginCodeOfAttacker());
    await page.goto(planted.href);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      code: 'LOGIN_CODE_INVALID',
    });
    expect(await page.evaluate('auth.getUser()')).toBeNull();
    await page.goto(own);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      value: { user: { nickname: person.nickname } },
    });
    expectFailedRequests();
  });
});

describe('a page inside WeChat', () => {
  test('logs in by the official account: with one tap, and the next time at once', async () => {
    const page = await openShop({ userAgent: WECHAT_USER_AGENT });
    const wechat = `${world.sandbox.url}/`;
    await context.addCookies([{ name: 'sandbox_person', value: person.id, url: wechat }]);
    await page.addInitScript(
      `if (location.href.startsWith('${wechat}')) localStorage.setItem('sandbox.person', '${person.id}')`,
    );
    await page.evaluate(`auth.loginInWeChat({ appId: '${OFFICIAL_ACCOUNT}' })`);
    await page.getByRole('link', { name: 'Continue with WeChat' }).click();
    await page.getByRole('button', { name: /^(同意|Allow)$/ }).click();
    await page.waitForURL(/loginCode=/);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      value: { identity: { appId: OFFICIAL_ACCOUNT } },
    });
    await page.evaluate('auth.logout()');
    await page.evaluate('auth.loginInWeChat()');
    await page.waitForURL(/loginCode=/);
    // To go back would log in again.
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      value: { isNewUser: false },
    });
    await expectLoggedIn(page);
  });

  test('in a web view of the mini program logs in by a ticket', async () => {
    const { accessToken } = await world.miniProgramLogin(person);
    const returnTo = `${otherSite}/?from=mini program`;
    const reply = await fetch(`${world.url}/v1/mini-program/web-view-tickets`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ code: await world.wxLogin(person), returnTo: encodeURI(returnTo) }),
    });
    const { ticket } = (await reply.json()) as { ticket: string };
    const page = await openShop({ userAgent: `${WECHAT_USER_AGENT} miniProgram/wx1` });
    await page.evaluate(
      `auth.loginWithRedirect({ ticket: '${ticket}', returnTo: '${encodeURI(returnTo)}' })`,
    );
    await page.waitForURL(/loginCode=/);
    expect(await page.evaluate('outcome(auth.handleCallback())')).toMatchObject({
      value: { isNewUser: false },
    });
  });

  test('is told where it is not inside WeChat', async () => {
    const page = await openShop();
    expect(await page.evaluate('outcome(auth.loginInWeChat())')).toMatchObject({ code: 'NOT_IN_WECHAT' });
    expect(page.url()).toBe(`${otherSite}/`);
  });
});

test('a browser without session storage is told before it leaves the page', async () => {
  const page = await tab();
  await page.addInitScript(
    "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
  );
  await page.goto(otherSite);
  expect(await page.evaluate('outcome(auth.loginWithRedirect())')).toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  });
  expect(page.url()).toBe(`${otherSite}/`);
});
