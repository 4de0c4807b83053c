import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { SHOP, World } from '../harness/world.js';

const EXCHANGE = '/sns/oauth2/access_token';
const STATE_INVALID = `${SHOP}/welcome?error=STATE_INVALID`;

describe('the state of a website login', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  /** A browser in front of its callback. */
  async function scanned(): Promise<{ browser: Browser; callback: string }> {
    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser), await world.person());
    return { browser, callback: callback.href };
  }

  function expectErrorPage(reply: Reply<unknown>): void {
    expect(reply.status).toBe(400);
    expect(reply.headers.get('location')).toBeNull();
    expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
    expect(reply.text).toContain('STATE_INVALID');
    // The way on: a new login.
    expect(reply.text).toContain(`<a class="button" href="${world.url}/login">`);
  }

  test.each([
    ['no query at all', ''],
    ['no state', '?code=081iIL'],
    ['an unknown state', `?code=081iIL&state=${'a'.repeat(64)}`],
    ['an empty state', '?code=081iIL&state='],
    ['a state with signs', '?code=081iIL&state=%3Cscript%3E'],
    ['a state of 129 characters', `?code=081iIL&state=${'a'.repeat(129)}`],
    ['a state as an object', '?code=081iIL&state[$ne]=a'],
  ])('with %s shows an error page and redirects nowhere', async (_what, query) => {
    const calls = await world.callsOf(EXCHANGE);
    expectErrorPage(await call(`${world.url}/v1/web-qr-login/callback${query}`));
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
  });

  test('given twice shows an error page, even where one of them is good', async () => {
    const { browser, callback } = await scanned();
    const reply = await browser.visit(`${callback}&state=${'b'.repeat(64)}`);
    expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
    expect(locationOf(await browser.visit(callback)).searchParams.has('loginCode')).toBe(true);
  });

  test('with two codes goes on with neither', async () => {
    const { browser, callback } = await scanned();
    const calls = await world.callsOf(EXCHANGE);
    const reply = await browser.visit(`${callback}&code=another`);
    expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
  });

  test('brought by another browser is refused, and the first browser can still finish', async () => {
    const { browser, callback } = await scanned();
    const stranger = new Browser();
    await world.authorize(stranger);
    for (const other of [stranger, new Browser()]) {
      expect(refusalOf(locationOf(await other.visit(callback)))).toBe(STATE_INVALID);
    }
    const location = locationOf(await browser.visit(callback));
    expect((await world.redeem(browser, location.searchParams.get('loginCode'))).status).toBe(200);
  });

  test('brought by another browser after the login is refused too', async () => {
    const { browser, callback } = await scanned();
    await browser.visit(callback);
    expect(refusalOf(locationOf(await new Browser().visit(callback)))).toBe(STATE_INVALID);
  });

  test('repeated by its browser lands where the first one did, for 60 s', async () => {
    const { browser, callback } = await scanned();
    const first = (await browser.visit(callback)).headers.get('location');
    expect(first).toContain('loginCode=');
    const calls = await world.callsOf(EXCHANGE);
    await world.pass(55);
    expect((await browser.visit(callback)).headers.get('location')).toBe(first);
    await world.pass(6);
    expect(refusalOf(locationOf(await browser.visit(callback)))).toBe(STATE_INVALID);
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
  });

  test('repeated after an error lands on the same error', async () => {
    const { browser, callback } = await scanned();
    await world.fault(EXCHANGE, { errcode: 40029 });
    const first = locationOf(await browser.visit(callback)).href;
    expect(refusalOf(first)).toBe(`${SHOP}/welcome?error=WECHAT_CODE_INVALID`);
    expect((await browser.visit(callback)).headers.get('location')).toBe(first);
  });

  test('brought ten times at once lands in one place by one exchange at WeChat', async () => {
    const { browser, callback } = await scanned();
    const calls = await world.callsOf(EXCHANGE);
    await world.fault(EXCHANGE, { delayMs: 300 });
    const replies = await Promise.all(Array.from({ length: 10 }, () => browser.visit(callback)));
    const locations = new Set(replies.map((reply) => reply.headers.get('location')));
    expect(locations.size).toBe(1);
    expect([...locations][0]).toContain('loginCode=');
    expect(await world.callsOf(EXCHANGE)).toBe(calls + 1);
  });

  test('with another code, before or after the login, is refused', async () => {
    const { browser, callback } = await scanned();
    await browser.visit(callback);
    const other = new URL(callback);
    other.searchParams.set('code', (await scanned()).callback);
    expect(refusalOf(locationOf(await browser.visit(other.href)))).toBe(STATE_INVALID);
    other.searchParams.delete('code');
    expect(refusalOf(locationOf(await browser.visit(other.href)))).toBe(STATE_INVALID);
  });

  test('lives 10 minutes', async () => {
    const [early, late] = [new Browser(), new Browser()];
    const pages = [await world.authorize(early), await world.authorize(late)];
    await world.pass(9 * 60 + 30);
    const callbackOf = (page: URL | undefined): string =>
      `${world.url}/v1/web-qr-login/callback?state=${page?.searchParams.get('state') ?? ''}`;
    expect((await early.visit(callbackOf(pages[0]))).headers.get('location')).toContain('LOGIN_DENIED');
    await world.pass(31);
    expectErrorPage(await late.visit(callbackOf(pages[1])));
  });
});
