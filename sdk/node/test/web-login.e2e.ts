import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../../../test/harness/browser.js';
import { API_KEYS, SERVICE_KEY } from '../../../test/harness/operator.js';
import { type Person, SHOP, WEBSITE, World } from '../../../test/harness/world.js';
import { createWebLogin, type SessionStore, type WebLogin, type WebLoginOptions } from '../src/index.js';
import { codeOf, thrownBy } from './errors.js';
import { FaultyProxy } from './faulty-proxy.js';

const RETURN_TO = `${SHOP}/back`;

describe('the login of a website through its back end', () => {
  let world: World;
  let network: FaultyProxy;
  let person: Person;
  let shop: WebLogin;
  let browser: Browser;
  let session: Record<string, unknown>;

  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, RATE_LIMITS: 'off' });
    network = await FaultyProxy.listen(world.url);
    person = await world.person();
  });
  afterAll(async () => {
    await network.close();
    await world.stop();
  });
  beforeEach(() => {
    network.plan();
    shop = create();
    browser = new Browser();
    session = {};
  });

  const create = (options: Partial<WebLoginOptions> = {}): WebLogin =>
    createWebLogin({ baseUrl: world.url, internalUrl: network.url, returnTo: RETURN_TO, ...options });
  /** The browser follows the URL, the person allows the login, and the browser comes back. */
  const comeBack = async (url: string): Promise<URL> => {
    const callback = await world.scanAndAllow(locationOf(await browser.visit(url)), person);
    return locationOf(await browser.visit(callback.href));
  };

  test('in two calls: the person is logged in, and goes where they wanted to', async () => {
    const back = await comeBack(await shop.beginLogin(session, { next: '/orders?page=2#last' }));
    expect(back.href.startsWith(`${RETURN_TO}?`)).toBe(true);
    const { user, accessToken, refreshToken, next } = await shop.finishLogin(session, back);
    expect(user.nickname).toBe(person.nickname);
    expect(next).toBe('/orders?page=2#last');
    expect((await world.verify(accessToken)).status).toBe(200);
    expect((await world.refresh(refreshToken)).status).toBe(200);
  });

  test('the URL of the request may be given in any form that frameworks have', async () => {
    const forms: ((url: URL) => Parameters<WebLogin['finishLogin']>[1])[] = [
      (url) => url,
      (url) => url.href,
      (url) => `${url.pathname}${url.search}`,
      (url) => url.search,
      (url) => url.searchParams,
      (url) => Object.fromEntries(url.searchParams),
      (url) => Object.assign(Object.create(null) as object, Object.fromEntries(url.searchParams)),
      (url) => ({ loginCode: url.searchParams.get('loginCode') }),
    ];
    for (const form of forms) {
      const back = await comeBack(await shop.beginLogin(session));
      expect((await shop.finishLogin(session, form(back))).next).toBe('/');
    }
  });

  test.each<[string, () => SessionStore]>([
    ['a plain object', () => ({})],
    ['a Map', () => new Map()],
    ['an asynchronous store of strings', () => asynchronousStore()],
    ['a session with get and set, whose delete ends it', () => sessionWithDelete()],
  ])('the verifier may be kept in %s', async (_, store) => {
    const kept = store();
    const back = await comeBack(await shop.beginLogin(kept));
    expect((await shop.finishLogin(kept, back)).user.nickname).toBe(person.nickname);
    expect(await codeOf(shop.finishLogin(kept, back))).toBe('STATE_INVALID');
  });

  test('a session survives being stored as JSON, and fits into a cookie', async () => {
    const urls: string[] = [];
    for (let tab = 0; tab < 8; tab++) {
      const next = `/${'x'.repeat(300)}`;
      urls.push(await shop.beginLogin(session, { next }));
      session = JSON.parse(JSON.stringify(session)) as Record<string, unknown>;
      expect(JSON.stringify(session).length).toBeLessThan(2_700);
    }
    await shop.finishLogin(session, await comeBack(urls.at(-1) ?? ''));
  });

  test('two tabs of a browser: each login is finished by its own verifier, in any order', async () => {
    const first = await comeBack(await shop.beginLogin(session, { next: '/first' }));
    const second = await comeBack(await shop.beginLogin(session, { next: '/second' }));
    expect((await shop.finishLogin(session, second)).next).toBe('/second');
    expect((await shop.finishLogin(session, first)).next).toBe('/first');
    expect(network.requests).toHaveLength(2);
  });

  test('five logins may be under way; of more the oldest is forgotten', async () => {
    const urls: string[] = [];
    for (let tab = 0; tab < 6; tab++) urls.push(await shop.beginLogin(session));
    const [oldest = '', second = ''] = urls;
    expect(await codeOf(shop.finishLogin(session, await comeBack(oldest)))).toBe('STATE_INVALID');
    await shop.finishLogin(session, await comeBack(second));
  });

  test('a login works once', async () => {
    const back = await comeBack(await shop.beginLogin(session));
    const results = await Promise.all([1, 2, 3].map(() => codeOf(shop.finishLogin(session, back))));
    expect(results.filter((code) => code === null)).toHaveLength(1);
    expect(await codeOf(shop.finishLogin(session, back))).toBe('STATE_INVALID');
  });

  test("somebody else's login is not finished in this session (login CSRF)", async () => {
    const theirs = {};
    const foreign = await comeBack(await shop.beginLogin(theirs));
    expect(await codeOf(shop.finishLogin(session, foreign))).toBe('STATE_INVALID');
    expect(await codeOf(shop.finishLogin(session, {}))).toBe('LOGIN_FAILED');
    expect(network.requests).toHaveLength(0);
    const own = new URL(await shop.beginLogin(session));
    const { searchParams } = new URL(own.searchParams.get('returnTo') ?? '');
    for (const loginId of [searchParams.get('loginId'), undefined]) {
      const mixed = { loginCode: foreign.searchParams.get('loginCode'), loginId };
      expect(await codeOf(shop.finishLogin(session, mixed))).toBe('LOGIN_CODE_INVALID');
    }
    // The attempts have used up neither login.
    await shop.finishLogin(theirs, foreign);
    await shop.finishLogin(session, await comeBack(own.href));
  });

  test('a login that the person refused is an error with the code and the request id', async () => {
    const qrPage = locationOf(await browser.visit(await shop.beginLogin(session)));
    const callback = new URL(qrPage.searchParams.get('redirect_uri') ?? '');
    callback.searchParams.set('state', qrPage.searchParams.get('state') ?? '');
    const back = locationOf(await browser.visit(callback.href));
    const error = await thrownBy(shop.finishLogin(session, back));
    expect(error).toMatchObject({
      code: 'LOGIN_DENIED',
      requestId: back.searchParams.get('request_id'),
      advice: { en: expect.any(String) as unknown },
    });
    expect(network.requests).toHaveLength(0);
  });

  test('a query that somebody made up is no text for the page', async () => {
    const made = { error: '<script>', request_id: '"><script>' };
    const error = await thrownBy(shop.finishLogin(session, made));
    expect(error).toMatchObject({ code: 'LOGIN_FAILED', requestId: undefined });
    for (const query of [{ loginCode: ['a', 'b'] }, { loginCode: { a: 1 } }, { loginCode: '' }, 'http://[']) {
      expect(await codeOf(shop.finishLogin(session, query))).toBe('LOGIN_FAILED');
    }
  });

  test('while the service cannot be reached the login stays, and loading the page again finishes it', async () => {
    const impatient = create({ retries: 0 });
    const back = await comeBack(await impatient.beginLogin(session));
    network.plan(
      { status: 503, headers: { 'retry-after': '5' }, body: '{"code":"DATABASE_UNAVAILABLE"}' },
      'cut',
    );
    expect(await thrownBy(impatient.finishLogin(session, back))).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      retryable: true,
      retryAfter: 5,
    });
    expect(await codeOf(impatient.finishLogin(session, back))).toBe('SERVICE_UNREACHABLE');
    expect((await impatient.finishLogin(session, back)).user.nickname).toBe(person.nickname);
  });

  test('while the session cannot be written the login stays, and no session of wechat-auth is opened', async () => {
    const values = new Map<string, string>();
    let isDown = false;
    const store = {
      get: (key: string) => Promise.resolve(values.get(key)),
      set: (key: string, value: string) =>
        isDown ? Promise.reject(new Error('the store is down')) : Promise.resolve(values.set(key, value)),
    };
    const back = await comeBack(await shop.beginLogin(store, { next: '/orders' }));
    const before = await world.count('sessions');
    isDown = true;
    await expect(shop.beginLogin(store)).rejects.toThrow('the store is down');
    await expect(shop.finishLogin(store, back)).rejects.toThrow('the store is down');
    expect(await world.count('sessions')).toBe(before);
    isDown = false;
    expect((await shop.finishLogin(store, back)).next).toBe('/orders');
  });

  test('the key of a service goes along, and neither it nor the verifier into an error', async () => {
    const withKey = create({ apiKey: SERVICE_KEY, retries: 0 });
    const back = await comeBack(await withKey.beginLogin(session));
    network.plan('cut');
    const error = await thrownBy(withKey.finishLogin(session, back));
    const shown = `${String(error)} ${JSON.stringify(error)}`;
    const verifier = /"codeVerifier\\?":\\?"([\w-]+)/.exec(JSON.stringify(session))?.[1] ?? '';
    for (const secret of [SERVICE_KEY, verifier, back.searchParams.get('loginCode') ?? '']) {
      expect(secret.length).toBeGreaterThan(16);
      expect(shown).not.toContain(secret);
    }
    await withKey.finishLogin(session, back);
    expect(network.requests[1]?.headers['x-api-key']).toBe(SERVICE_KEY);
  });

  test('the hosted page, another app and another returnTo', async () => {
    const url = new URL(await create({ page: 'hosted', appId: WEBSITE }).beginLogin(session));
    expect([url.origin, url.pathname]).toEqual([world.url, '/login']);
    expect(url.searchParams.get('appId')).toBe(WEBSITE);
    expect((await browser.visit(url.href)).status).toBe(200);
    const fresh = new URL(await create({ page: 'hosted' }).beginLogin(session, { prompt: 'login' }));
    expect(fresh.searchParams.get('prompt')).toBe('login');
    expect((await browser.visit(fresh.href)).status).toBe(200);
    const other = new URL(
      await shop.beginLogin(session, { returnTo: `${SHOP}/de/back?lang=de`, appId: WEBSITE }),
    );
    const returnTo = new URL(other.searchParams.get('returnTo') ?? '');
    expect(returnTo.pathname).toBe('/de/back');
    expect(returnTo.searchParams.get('lang')).toBe('de');
    const back = await comeBack(other.href);
    expect(back.searchParams.get('lang')).toBe('de');
    await shop.finishLogin(session, back);
  });

  test('no session, or options that cannot work, are faults of the caller', async () => {
    expect(await codeOf(shop.beginLogin(undefined as unknown as object))).toBe('OPTIONS_INVALID');
    expect(await codeOf(shop.finishLogin(null as unknown as object, {}))).toBe('OPTIONS_INVALID');
    for (const options of [{ returnTo: '/back' }, { baseUrl: 'x' }, { page: 'other' }, { apiKey: '' }]) {
      expect(() => create(options as Partial<WebLoginOptions>)).toThrow(/OPTIONS_INVALID/);
    }
  });
});

function asynchronousStore(): SessionStore {
  const values = new Map<string, string>();
  return {
    get: async (key: string) => Promise.resolve(values.get(key) ?? null),
    set: async (key: string, value: string) => {
      if (typeof value !== 'string') throw new Error('only strings');
      await Promise.resolve();
      values.set(key, value);
    },
  };
}

/** As @fastify/secure-session: `delete` takes no key. */
function sessionWithDelete(): SessionStore {
  let values: Record<string, unknown> = {};
  return {
    get: (key: string) => values[key],
    set: (key: string, value: unknown) => void (values[key] = value),
    delete: () => void (values = {}),
  };
}
