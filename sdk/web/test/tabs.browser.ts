import { describe, expect, test } from '@jest/globals';
import { context, expectFailedRequests } from '../../../test/browser/browser-tab.js';
import type { Page } from '../../../test/browser/chromium.js';
import {
  anotherTab,
  becomes,
  countCalls,
  expectLoggedIn,
  logIn,
  openShop,
  otherSite,
  showShop,
  world,
} from './sdk-page.js';

const REFRESH = '/v1/auth/refresh';
const WITHOUT_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined });";
/** What a page does that was frozen while other tabs talked, and whose browser forgot what they said. */
const DEAF = "if (location.search.startsWith('?deaf')) window.BroadcastChannel = class { postMessage() {} };";
/** A page that hears other tabs before it can read what they have stored: a browser passes on the two separately. */
const LATE = `if (location.search.startsWith('?late')) {
  const { getItem } = Storage.prototype;
  Storage.prototype.getItem = function (key) { return window.isStored ? getItem.call(this, key) : null; };
}`;

/** Opens a copy of a tab, with a copy of its session storage. */
async function duplicate(page: Page, url = otherSite): Promise<Page> {
  const opened = context.waitForEvent('page');
  await page.evaluate(`void window.open('${url}')`);
  const copy = await opened;
  await becomes(copy, 'window.outcome');
  return copy;
}

/** Makes all access tokens expire, and the refresh tokens that are replaced by then lose their grace. */
const expire = (): Promise<void> => world.pass(16 * 60);

const statuses = (tabs: readonly Page[]): Promise<unknown[]> =>
  Promise.all(tabs.map((each) => each.evaluate('auth.status')));

describe('five tabs', () => {
  test.each([
    ['by Web Locks', ''],
    ['without Web Locks', WITHOUT_LOCKS],
  ])('refresh once for all of them, %s', async (_how, before) => {
    showShop('storage: localStorage', before);
    const first = await openShop();
    await logIn(first);
    const tabs = [first];
    while (tabs.length < 5) tabs.push(await anotherTab());
    const calls = countCalls(REFRESH);
    await expire();
    await Promise.all(tabs.map((each) => expectLoggedIn(each)));
    expect(calls()).toBe(1);
    const tokens = await Promise.all(tabs.map((each) => each.evaluate('auth.getAccessToken()')));
    expect(new Set(tokens).size).toBe(1);
    expect(calls()).toBe(1);
    expectFailedRequests();
  });

  test('of which one was frozen with the lock refresh once for the other four', async () => {
    showShop('storage: localStorage');
    const first = await openShop();
    await context.clock.install();
    await logIn(first);
    const session = await first.evaluate<string>('Object.values(localStorage).join().match(/[\\w-]{36}/)[0]');
    const frozen = await anotherTab();
    const name = `wechat-auth:${world.url}:${session}`;
    await frozen.evaluate(`new Promise((isHeld) =>
      void navigator.locks.request('${name}', () => (isHeld(), new Promise(() => undefined))))`);
    const tabs = [first];
    while (tabs.length < 4) tabs.push(await anotherTab());
    await Promise.all(tabs.map((each) => each.evaluate('auth.getUser()')));
    const calls = countCalls(REFRESH);
    await expire();
    await Promise.all(tabs.map((each) => each.evaluate('void (window.asked = outcome(auth.getUser()))')));
    await Promise.all(
      tabs.map((each) =>
        becomes(each, `navigator.locks.query().then(({ pending }) => pending.length === 4)`),
      ),
    );
    await context.clock.fastForward(15_000);
    for (const each of tabs) expect(await each.evaluate('asked')).toMatchObject({ value: {} });
    expect(calls()).toBe(1);
    expectFailedRequests();
  });

  test('are logged in and out together where the storage is theirs', async () => {
    showShop('storage: localStorage');
    const first = await openShop();
    const second = await anotherTab();
    expect(await second.evaluate('auth.getUser()')).toBeNull();
    const { user } = await logIn(first);
    await becomes(second, "auth.status === 'logged-in'");
    expect(await second.evaluate('auth.user')).toEqual(user);
    await second.evaluate('auth.logout()');
    await becomes(first, "auth.status === 'logged-out'");
    expect(await first.evaluate('localStorage.length + sessionStorage.length')).toBe(1);
    expect(await first.evaluate('changes.at(-1)')).toEqual(['logged-out', undefined, undefined]);
  });
});

test('a tab that hears of a login before it can read it is logged in when it can', async () => {
  showShop('storage: localStorage', LATE);
  const first = await openShop();
  const late = await anotherTab(`${otherSite}/?late`);
  await late.evaluate(`auth.getUser(), void (new BroadcastChannel('wechat-auth:${world.url}').onmessage =
    ({ data }) => { if (data.tokens) window.isHeard = true; })`);
  const { user } = await logIn(first);
  await becomes(late, 'window.isHeard');
  expect(await late.evaluate('auth.status')).toBe('logged-out');
  await late.evaluate("isStored = true, void dispatchEvent(new Event('storage'))");
  await becomes(late, "auth.status === 'logged-in'");
  expect(await late.evaluate('auth.user')).toEqual(user);
});

describe('a duplicated tab', () => {
  test('and its original never use a refresh token that the other has replaced', async () => {
    const original = await openShop();
    await logIn(original);
    const copy = await duplicate(original);
    const calls = countCalls(REFRESH);
    for (const each of [copy, original, copy]) {
      await expire();
      await expectLoggedIn(each);
    }
    await original.reload();
    await copy.close();
    await expire();
    await expectLoggedIn(original);
    expect(calls()).toBe(4);
    expectFailedRequests();
  });

  test('whose newer tokens nobody has any more is logged out, which is no theft', async () => {
    showShop('', DEAF);
    const original = await openShop({}, `${otherSite}/?deaf`);
    await logIn(original);
    const copy = await duplicate(original);
    const calls = countCalls(REFRESH);
    await expire();
    await expectLoggedIn(copy);
    await expire();
    expect(await original.evaluate('auth.getUser()')).toBeNull();
    expect(await original.evaluate('changes.at(-1)')).toEqual(['logged-out', undefined, 'SESSION_ENDED']);
    expect(calls()).toBe(1);
    await expectLoggedIn(copy);
    expectFailedRequests();
  });

  test('shares by the storage where tabs cannot talk', async () => {
    showShop('storage: localStorage', DEAF);
    const deaf = await openShop({}, `${otherSite}/?deaf`);
    await logIn(deaf);
    const other = await anotherTab();
    await expire();
    await expectLoggedIn(other);
    await expire();
    await expectLoggedIn(deaf);
    await deaf.evaluate('auth.logout()');
    await becomes(other, "auth.status === 'logged-out'");
    expectFailedRequests();
  });
});

test('a page that comes back from the cache of the browser finds the login that was made meanwhile', async () => {
  const page = await openShop();
  expect(await page.evaluate('auth.getUser()')).toBeNull();
  const other = await anotherTab();
  const { user } = await logIn(other);
  const kept = await other.evaluate<[string, string][]>('Object.entries(sessionStorage)');
  // As it is when the login was made in this tab, after this page.
  await page.evaluate(
    `for (const [name, value] of ${JSON.stringify(kept)}) sessionStorage.setItem(name, value)`,
  );
  await page.evaluate("dispatchEvent(new Event('pageshow'))");
  await becomes(page, "auth.status !== 'logged-out'");
  expect(await page.evaluate('auth.getUser()')).toMatchObject({ id: user.id });
});

describe('a logout', () => {
  test('ends the sessions of all tabs, and nothing refreshes after it', async () => {
    const first = await openShop();
    await logIn(first);
    const copy = await duplicate(first);
    await expectLoggedIn(copy);
    const own = await anotherTab();
    await logIn(own);
    const tabs = [first, copy, own];
    const stored = await Promise.all(
      tabs.map((each) =>
        each.evaluate<string>("sessionStorage.getItem('wechat-auth:' + " + JSON.stringify(world.url) + ')'),
      ),
    );
    const calls = countCalls(REFRESH);
    const ended = own.waitForResponse(`${world.url}/v1/auth/logout`);
    await copy.evaluate('auth.logout()');
    await Promise.all(tabs.map((each) => becomes(each, "auth.status === 'logged-out'")));
    await ended;
    for (const token of stored)
      expect((await world.refresh(token)).body).toMatchObject({ code: 'SESSION_ENDED' });
    expect(await Promise.all(tabs.map((each) => each.evaluate('auth.getAccessToken()')))).toEqual([
      null,
      null,
      null,
    ]);
    await first.reload();
    expect(await first.evaluate('auth.getUser()')).toBeNull();
    expect(calls()).toBe(0);
  });

  test('takes effect here at once, also without a network and during a refresh', async () => {
    const page = await openShop();
    await logIn(page);
    await expire();
    const sent = page.waitForRequest((request) => request.url().endsWith(REFRESH));
    let goOn = (): void => undefined;
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    await page.route(/refresh$/, async (route) => {
      await mayGoOn;
      await route.continue();
    });
    await page.evaluate('void (window.asked = outcome(auth.getUser()))');
    await sent;
    const left = page.evaluate('auth.logout()');
    await becomes(page, "auth.status === 'logged-out'");
    goOn();
    await left;
    expect(await page.evaluate('asked')).toEqual({ value: null });
    expect(await page.evaluate('[auth.status, sessionStorage.length]')).toEqual(['logged-out', 0]);
    await page.unroute(/refresh$/);
    await logIn(page);
    await context.setOffline(true);
    await page.evaluate('auth.logout()');
    expect(await page.evaluate('auth.status')).toBe('logged-out');
    expectFailedRequests();
  });
});

test('a session that has ended elsewhere ends in all tabs, after one refresh', async () => {
  showShop('storage: localStorage');
  const first = await openShop();
  await logIn(first);
  const second = await anotherTab();
  await expectLoggedIn(second);
  const token = await first.evaluate<string>('auth.getAccessToken()');
  await fetch(`${world.url}/v1/auth/logout`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const calls = countCalls(REFRESH);
  expect(await first.evaluate('auth.getUser()')).toBeNull();
  await becomes(second, "auth.status === 'logged-out'");
  expect(await first.evaluate('changes.at(-1)')).toEqual(['logged-out', undefined, 'SESSION_ENDED']);
  expect(await Promise.all([first, second].map((each) => each.evaluate('auth.getUser()')))).toEqual([
    null,
    null,
  ]);
  expect(calls()).toBe(1);
  expect(await statuses([first, second])).toEqual(['logged-out', 'logged-out']);
  expectFailedRequests();
});

describe('a storage', () => {
  const REFUSES = '() => { throw new Error("QuotaExceededError") }';
  test.each([
    ['that throws', `storage: { getItem: ${REFUSES}, setItem: ${REFUSES}, removeItem: ${REFUSES} }`],
    ['that forgets', 'storage: { getItem: () => undefined, setItem() {}, removeItem() {} }'],
    ['that keeps an old token', "storage: { getItem: () => 'an.1.old', setItem() {}, removeItem() {} }"],
    ['that there is not', 'storage: null'],
  ])('%s leaves the login in memory', async (_how, options) => {
    showShop(options);
    const page = await openShop();
    await logIn(page);
    for (let turn = 0; turn < 2; turn++) {
      await expire();
      await expectLoggedIn(page);
    }
    await page.reload();
    expect(await page.evaluate('auth.getUser()')).toBeNull();
    expectFailedRequests();
  });

  test('that is full loses the refresh token rather than keeping an old one', async () => {
    const page = await openShop();
    await logIn(page);
    await page.evaluate(
      'void (Storage.prototype.setItem = () => { throw new Error("QuotaExceededError"); })',
    );
    await expire();
    await expectLoggedIn(page);
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await expire();
    await expectLoggedIn(page);
    expectFailedRequests();
  });
});
