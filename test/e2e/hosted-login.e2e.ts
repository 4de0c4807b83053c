import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { INSTANCES } from '../harness/backend.js';
import { Browser, OWN_PAGE } from '../harness/browser.js';
import { HostedPage, LOGIN_COOKIE, logOut } from '../harness/hosted-page.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { pkce } from '../harness/pkce.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, type Person, SHOP, type TokenReply, World } from '../harness/world.js';

const FORUM = 'https://forum.example.com';
const EIGHT_HOURS = 8 * 3_600;

describe('a person who has logged in on the hosted page', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ RETURN_URLS: `${SHOP},${FORUM}`, ...API_KEYS }, INSTANCES);
  });
  afterAll(() => world.stop());

  const loggedIn = async (): Promise<{ page: HostedPage; person: Person; tokens: TokenReply }> => {
    const person = await world.person();
    const page = new HostedPage(world);
    return { page, person, tokens: await page.login(person) };
  };

  test('needs one tap for a second site', async () => {
    const { page, tokens } = await loggedIn();
    const shown = await page.open({ returnTo: `${FORUM}/in` });
    expect(shown.text).toContain('以「小明 🌱」的身份继续');
    expect(shown.text).toContain('prompt=login');
    const returned = await page.tap({ returnTo: `${FORUM}/in` });
    expect(`${returned.origin}${returned.pathname}`).toBe(`${FORUM}/in`);
    const second = await page.redeem(returned);
    expect(second.user.id).toBe(tokens.user.id);
    expect(second.identity).toEqual(tokens.identity);
    expect(second.isNewUser).toBe(false);
    expect((await world.verify(second.accessToken)).status).toBe(200);
    expect(await page.knows()).toBe(true);
  });

  test('continues with the codeChallenge of the site, and only its verifier redeems', async () => {
    const { page } = await loggedIn();
    const { verifier, challenge } = pkce();
    const returned = await page.tap({ returnTo: `${FORUM}/in`, codeChallenge: challenge });
    const loginCode = returned.searchParams.get('loginCode');
    expect((await world.redeem(page.browser, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const reply = await world.redeem(new Browser(), loginCode, { codeVerifier: verifier });
    expect(reply.status).toBe(200);
    await logOut(world, reply.body);
    expect(await page.knows()).toBe(false);
  });

  test('is known after a scan that the script of the page reports, once the code is redeemed', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const page = new HostedPage(world);
    const attempt = await world.attempt(page.browser, {}, world.url, OWN_PAGE);
    const ticket = await world.ticketOf(attempt);
    await world.scan(accessToken, ticket);
    await world.scan(accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
    const { loginCode = '' } = (await world.status(page.browser, attempt.id)).body;
    expect((await page.report(loginCode)).status).toBe(204);
    expect(await page.knows()).toBe(false);
    expect((await world.redeem(page.browser, loginCode)).status).toBe(200);
    expect(await page.knows()).toBe(true);
  });

  test('is known after a silent login inside WeChat', async () => {
    const person = await world.person();
    const browser = new WeChatBrowser(world, person);
    await browser.login();
    const begun = await browser.visit(`${world.url}/login?returnTo=${SHOP}/welcome`);
    const returned = await browser.land(begun.headers.get('location') ?? '');
    const page = new HostedPage(world, browser);
    expect((await world.redeem(browser, returned.searchParams.get('loginCode'))).status).toBe(200);
    expect(browser.cookie(world.url, LOGIN_COOKIE)).toMatch(/^[0-9a-f]{64}$/);
    // WeChat's browser logs in silently: one redirect is less than one tap.
    expect((await page.open()).status).toBe(302);
  });

  test('keeps the language of the page', async () => {
    const { page } = await loggedIn();
    expect((await page.open({ returnTo: FORUM, ui_locales: 'en' })).text).toContain('Continue as 小明 🌱');
    expect((await page.tap({ ui_locales: 'en' })).searchParams.get('ui_locales')).toBe('en');
    const form = { ...(await page.fields({ returnTo: FORUM, ui_locales: 'en' })), token: 'old' };
    const again = await page.submit('continue', form);
    expect(again.headers.get('location')).toContain('ui_locales=en');
  });

  test('is unknown in another browser', async () => {
    await loggedIn();
    expect(await new HostedPage(world).knows()).toBe(false);
  });

  test('is unknown if the loginCode is not redeemed', async () => {
    const page = new HostedPage(world);
    await page.scan(await world.person());
    expect(page.browser.cookie(world.url, LOGIN_COOKIE)).toBeDefined();
    expect(await page.knows()).toBe(false);
    await world.pass(61);
    expect(await page.knows()).toBe(false);
  });

  test('is asked to scan again with prompt=login, and never offered anything else', async () => {
    const { page } = await loggedIn();
    expect(await page.knows({ returnTo: SHOP, prompt: 'login' })).toBe(false);
    expect((await page.open({ prompt: 'none' })).status).toBe(400);
  });

  test('is not offered to continue in the answer of a login or in a web view', async () => {
    const { page } = await loggedIn();
    expect(await page.knows({ error: 'LOGIN_DENIED' })).toBe(false);
    const headers = { 'user-agent': 'Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.50 miniProgram' };
    const shown = await page.browser.visit(`${world.url}/login?returnTo=${SHOP}`, { headers });
    expect(shown.text).not.toContain('login/continue');
  });

  test('is known for SSO_TTL from the scan, however often they continue', async () => {
    const { page } = await loggedIn();
    await world.pass(EIGHT_HOURS - 10);
    expect((await page.redeem(await page.tap())).user.nickname).toBe('小明 🌱');
    expect(await page.knows()).toBe(true);
    await world.pass(11);
    expect(await page.knows()).toBe(false);
  });

  describe('is asked to scan again', () => {
    const ends: readonly (readonly [
      string,
      (at: { person: Person; tokens: TokenReply; second: TokenReply }) => Promise<unknown>,
    ])[] = [
      ['after the logout of the first site', ({ tokens }) => logOut(world, tokens)],
      ['after the logout of the second site', ({ second }) => logOut(world, second)],
      [
        'after they have ended all sessions',
        ({ tokens }) =>
          call(`${world.url}/v1/users/me/sessions`, { method: 'DELETE', token: tokens.accessToken }),
      ],
      [
        'after an operator has ended their sessions',
        ({ tokens }) =>
          callWithKey(`${world.url}/v1/admin/users/${tokens.user.id}/sessions`, ADMIN_KEY, {
            method: 'DELETE',
          }),
      ],
      [
        'after an operator has disabled the account',
        ({ tokens }) =>
          callWithKey(`${world.url}/v1/admin/users/${tokens.user.id}/disable`, ADMIN_KEY, { method: 'POST' }),
      ],
      [
        'after the account was deleted',
        ({ tokens }) => call(`${world.url}/v1/users/me`, { method: 'DELETE', token: tokens.accessToken }),
      ],
      [
        'after the WeChat account was unlinked',
        async ({ tokens, person }) => {
          const json = {
            code: await world.wxLogin(await world.person()),
            proof: await world.websiteProof(person),
          };
          const token = tokens.accessToken;
          await call(`${world.url}/v1/users/me/identities/mini-program`, { token, json });
          const [row] = await world.backend.rows(
            `SELECT id FROM wechat_identities WHERE open_id = '${tokens.identity.openId}'`,
          );
          return call(`${world.url}/v1/users/me/identities/${String(row?.id)}`, { method: 'DELETE', token });
        },
      ],
    ];

    test.each(ends)('%s', async (_when, end) => {
      const { page, person, tokens } = await loggedIn();
      const second = await page.redeem(await page.tap({ returnTo: FORUM }));
      const other = new HostedPage(world, page.browser, world.service(INSTANCES - 1).url);
      expect(await page.knows()).toBe(true);
      expect(await other.knows()).toBe(true);
      const form = await page.fields();
      await end({ person, tokens, second });
      world.clock.advance(6);
      expect(await page.knows()).toBe(false);
      expect(await other.knows()).toBe(false);
      // The page may still be open in a tab.
      const reply = await page.submit('continue', form);
      expect({ status: reply.status, location: reply.headers.get('location') }).toEqual({
        status: 303,
        location: `${world.url}/login?returnTo=${encodeURIComponent(`${SHOP}/welcome`)}`,
      });
    });
  });

  test('is asked to scan again if they log out between the tap and the redemption', async () => {
    const { page, tokens } = await loggedIn();
    const returned = await page.tap();
    await logOut(world, tokens);
    const before = await world.count('sessions');
    const reply = await world.redeem(page.browser, returned.searchParams.get('loginCode'));
    expect(reply.body.code).toBe('LOGIN_CODE_INVALID');
    expect(await world.count('sessions')).toBe(before);
  });

  test('is forgotten by the button for shared computers; the sessions go on', async () => {
    const { page, tokens } = await loggedIn();
    const before = page.browser.cookie(world.url, LOGIN_COOKIE) ?? '';
    const reply = await page.submit('forget', await page.fields());
    expect(reply.status).toBe(303);
    expect(page.browser.cookie(world.url, LOGIN_COOKIE)).toBeUndefined();
    expect(await page.knows()).toBe(false);
    page.browser.plant(world.url, LOGIN_COOKIE, before);
    expect(await page.knows()).toBe(false);
    expect((await world.verify(tokens.accessToken)).status).toBe(200);
  });

  test('continues in two tabs at once, and the logout of either site ends the login', async () => {
    const store = world.service().app.get(EphemeralStore, { strict: false });
    for (const tab of [0, 1]) {
      const { page } = await loggedIn();
      const answers = await Promise.all([page.tap(), page.tap({ returnTo: FORUM })]);
      const restore = writingTogether(store);
      const opened = await Promise.all(answers.map((answer) => page.redeem(answer))).finally(restore);
      expect(await page.knows()).toBe(true);
      const other = opened[tab];
      if (other) await logOut(world, other);
      world.clock.advance(6);
      expect(await page.knows()).toBe(false);
    }
  });

  test('stays known when MAX_SESSIONS ends a session of the login', async () => {
    const { page, tokens } = await loggedIn();
    for (let site = 0; site < 20; site++) await page.redeem(await page.tap());
    expect((await world.refresh(tokens.refreshToken)).body.code).toBe('SESSION_ENDED');
    expect(await page.knows()).toBe(true);
    await logOut(world, await page.redeem(await page.tap()));
    expect(await page.knows()).toBe(false);
  });

  test('continues as the surviving user right after a merge', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const page = new HostedPage(world);
    const tokens = await page.login(person);
    expect(tokens.user.id).not.toBe(older.user.id);
    // The checks of its session are cached for 5 s.
    expect(await page.knows()).toBe(true);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    expect((await page.redeem(await page.tap())).user.id).toBe(older.user.id);
  });

  test('has a session that says so: in its event, in the export, and to routes that need a recent login', async () => {
    const { page } = await loggedIn();
    await world.pass(11 * 60);
    const { accessToken: token, user } = await page.redeem(await page.tap());
    const { body } = await callWithKey<{ items: { type: string; details: object }[] }>(
      `${world.url}/v1/admin/events?userId=${user.id}&type=login.succeeded`,
      ADMIN_KEY,
    );
    expect(body.items.map(({ details }) => 'sso' in details)).toEqual([true, false]);
    const refused = await call(`${world.url}/v1/users/me`, { method: 'DELETE', token });
    expect(refused.body.code).toBe('REAUTHENTICATION_REQUIRED');
    const exported = await call<{ sessions: { authenticatedAt: string | null; createdAt: string }[] }>(
      `${world.url}/v1/users/me/export`,
      { token },
    );
    const [newest, first] = exported.body.sessions;
    expect(first?.authenticatedAt).toBeNull();
    const sinceLogin = Date.parse(first?.createdAt ?? '') - Date.parse(newest?.authenticatedAt ?? '');
    expect(sinceLogin).toBeGreaterThanOrEqual(0);
    expect(sinceLogin).toBeLessThan(5_000);
  });

  test('does not prove with a tap that the owner uses WeChat', async () => {
    const { page, tokens } = await loggedIn();
    const returned = await page.tap();
    const reply = await page.browser.visit(`${world.url}/v1/users/me/identities/mini-program`, {
      token: tokens.accessToken,
      json: {
        code: await world.wxLogin(await world.person()),
        proof: { loginCode: returned.searchParams.get('loginCode') },
      },
    });
    expect(reply.body.code).toBe('OWNER_PROOF_REQUIRED');
  });

  describe('at a site that names an app', () => {
    const atMiniProgram = { returnTo: SHOP, appId: MINI_PROGRAM };

    test('continues with their identity of that app', async () => {
      const person = await world.person();
      const { identity } = await world.miniProgramLogin(person);
      const page = new HostedPage(world);
      await page.login(person);
      expect((await page.redeem(await page.tap(atMiniProgram))).identity).toEqual(identity);
    });

    test('is asked to scan if they have none', async () => {
      const { page } = await loggedIn();
      expect(await page.knows(atMiniProgram)).toBe(false);
      const form = { ...(await page.fields()), appId: MINI_PROGRAM };
      const reply = await page.submit('continue', form);
      expect(reply.headers.get('location')).toContain(`appId=${MINI_PROGRAM}`);
      expect(reply.headers.get('location')).not.toContain('loginCode');
    });
  });
});

describe('the login of the hosted pages', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const cookieOf = ({ browser }: HostedPage): string | undefined => browser.cookie(world.url, LOGIN_COOKIE);

  /** A scan that the mini program has confirmed. @returns the loginCode that the browser reads */
  async function confirmed(browser: Browser, headers: Readonly<Record<string, string>>): Promise<string> {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const attempt = await world.attempt(browser, {}, world.url, headers);
    const ticket = await world.ticketOf(attempt);
    await world.scan(accessToken, ticket);
    await world.scan(accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
    return (await world.status(browser, attempt.id)).body.loginCode ?? '';
  }

  test('does not begin in a browser that has somebody else’s loginCode', async () => {
    const loginCode = await confirmed(new Browser(), OWN_PAGE);
    const thief = new HostedPage(world);
    await thief.open();
    await world.attempt(thief.browser);
    const reply = await thief.report(loginCode);
    expect({ status: reply.status, code: reply.body.code }).toEqual({
      status: 401,
      code: 'LOGIN_CODE_INVALID',
    });
    expect(cookieOf(thief)).toBeUndefined();
  });

  test.each([
    ['without any header of a browser', {}],
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of another origin of the same site', { 'sec-fetch-site': 'same-site' }],
    ['of another origin in an old browser', { origin: SHOP }],
  ])('does not begin for an attempt or a login %s', async (_which, headers) => {
    const page = new HostedPage(world);
    const loginCode = await confirmed(page.browser, headers);
    expect((await page.report(loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const qrPage = await world.authorize(page.browser, {}, world.url, headers);
    const callback = await world.scanAndAllow(qrPage, await world.person());
    expect((await page.browser.visit(callback.href)).status).toBe(302);
    expect(cookieOf(page)).toBeUndefined();
  });

  test('does not begin in a browser that brings the callback of another', async () => {
    const attacker = new HostedPage(world);
    const codeChallenge = pkce().challenge;
    const qrPage = await world.authorize(attacker.browser, { codeChallenge }, world.url, OWN_PAGE);
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const victim = new HostedPage(world);
    await world.attempt(victim.browser);
    expect((await victim.browser.visit(callback.href)).headers.get('location')).toContain('loginCode=');
    expect(cookieOf(victim)).toBeUndefined();
  });

  test('has a fresh cookie each time: one that was planted, or was there before, is worth nothing', async () => {
    const [planted, person] = ['ab'.repeat(32), await world.person()];
    const page = new HostedPage(world);
    page.browser.plant(world.url, LOGIN_COOKIE, planted);
    await page.login(person);
    const first = cookieOf(page) ?? '';
    await page.login(person);
    const second = cookieOf(page);
    expect(new Set([planted, first, second]).size).toBe(3);
    for (const old of [planted, first]) {
      const elsewhere = new HostedPage(world);
      elsewhere.browser.plant(world.url, LOGIN_COOKIE, old);
      expect(await elsewhere.knows()).toBe(false);
    }
    expect(await page.knows()).toBe(true);
  });

  test('belongs to the person who logged in last', async () => {
    const page = new HostedPage(world);
    await page.login(await world.person({ nickname: '小红' }));
    await page.login(await world.person({ nickname: '小刚' }), {});
    const { text } = await page.open();
    expect(text).toContain('小刚');
    expect(text).not.toContain('小红');
  });

  describe('does not follow a forged form', () => {
    test.each([
      ['of another site', { 'sec-fetch-site': 'cross-site' }],
      ['of another origin of the same site', { 'sec-fetch-site': 'same-site' }],
      ['of another origin in an old browser', { origin: SHOP }],
    ])('%s', async (_which, headers) => {
      const page = new HostedPage(world);
      await page.login(await world.person());
      const form = await page.fields();
      for (const action of ['continue', 'forget'] as const) {
        const reply = await page.submit(action, form, headers);
        expect({ status: reply.status, location: reply.headers.get('location') }).toEqual({
          status: 403,
          location: null,
        });
      }
      expect((await page.report('ab'.repeat(32), headers)).body.code).toBe('FORBIDDEN');
      expect(await page.knows()).toBe(true);
    });

    test('without the token of the page', async () => {
      const page = new HostedPage(world);
      await page.login(await world.person());
      expect((await page.submit('continue', { returnTo: SHOP }, {})).status).toBe(400);
      const stranger = new HostedPage(world);
      await stranger.login(await world.person());
      const { token = '' } = await stranger.fields();
      for (const action of ['continue', 'forget'] as const) {
        const reply = await page.submit(action, { returnTo: SHOP, token }, { origin: 'null' });
        expect(reply.headers.get('location')).not.toContain('loginCode');
      }
      expect(await page.knows()).toBe(true);
    });

    test('that leads elsewhere', async () => {
      const page = new HostedPage(world);
      await page.login(await world.person());
      const form = { ...(await page.fields()), returnTo: 'https://evil.example.com/' };
      const reply = await page.submit('continue', form);
      expect({ status: reply.status, location: reply.headers.get('location') }).toEqual({
        status: 400,
        location: null,
      });
      expect(reply.text).toContain('RETURN_URL_FORBIDDEN');
    });
  });

  test('takes no form as a report, and no JSON that is none', async () => {
    const page = new HostedPage(world);
    const reply = await page.browser.visit(`${world.url}/login/session`, {
      body: 'loginCode=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...OWN_PAGE },
    });
    expect(reply.status).toBe(415);
  });

  test('may be shown in no frame, and its forms may end at any website', async () => {
    const page = new HostedPage(world);
    await page.login(await world.person());
    const policy = (await page.open()).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain(`form-action 'self' ${SHOP} https: http:`);
    const before = (await new HostedPage(world).open()).headers.get('content-security-policy');
    expect(before).toContain("form-action 'none'");
  });

  test('is left out while the store is unavailable, and the login goes on', async () => {
    const store = world.service().app.get(EphemeralStore, { strict: false });
    const page = new HostedPage(world);
    await page.login(await world.person({ nickname: '小红' }));
    const restore = ['get', 'set', 'delete'].map((name) => failing(store, name as 'get'));
    try {
      expect(await page.knows()).toBe(false);
      expect((await page.login(await world.person({ nickname: '小刚' }))).user.nickname).toBe('小刚');
    } finally {
      for (const each of restore) each();
    }
    expect(cookieOf(page)).toBeUndefined();
    expect(await page.knows()).toBe(false);
  });
});

test('a login names its first session and the newest 19 others', async () => {
  const world = await World.start({ MAX_SESSIONS: '100' });
  try {
    const page = new HostedPage(world);
    const first = await page.login(await world.person());
    const others: TokenReply[] = [];
    for (let site = 0; site < 20; site++) others.push(await page.redeem(await page.tap()));
    const [dropped] = others;
    if (dropped) await logOut(world, dropped);
    expect(await page.knows()).toBe(true);
    await logOut(world, first);
    expect(await page.knows()).toBe(false);
  } finally {
    await world.stop();
  }
});

test('SSO_TTL=0 knows nobody and sets no cookie', async () => {
  const world = await World.start({ SSO_TTL: '0' });
  try {
    const page = new HostedPage(world);
    await page.login(await world.person());
    page.browser.plant(world.url, LOGIN_COOKIE, 'ab'.repeat(32));
    expect(await page.knows()).toBe(false);
    const { text } = await page.open();
    expect(text).toContain('"remembers":false');
  } finally {
    await world.stop();
  }
});

test('under https the cookie is bound to this host and never sent over http', async () => {
  const world = await World.start({ PUBLIC_URL: 'https://auth.example.com' });
  try {
    const browser = new Browser();
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const attempt = await world.attempt(browser, {}, world.url, OWN_PAGE);
    const picture = attempt.qrImageUrl?.replace('https://auth.example.com', world.url) ?? '';
    const ticket = await world.ticketOf({ ...attempt, qrImageUrl: picture });
    await world.scan(accessToken, ticket);
    await world.scan(accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
    const { loginCode = '' } = (await world.status(browser, attempt.id)).body;
    const reply = await new HostedPage(world, browser).report(loginCode);
    expect(reply.headers.get('set-cookie')).toMatch(
      /^__Host-wechat-auth-login=[0-9a-f]{64}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  } finally {
    await world.stop();
  }
});

/** Makes a method of the store fail for hosted logins. @returns restores it */
function failing(store: EphemeralStore, name: 'get'): () => void {
  const original = store[name].bind(store);
  store[name] = (key: string, ...rest: []) =>
    key.startsWith('hosted-login:')
      ? Promise.reject(new AppError('STORE_UNAVAILABLE'))
      : original(key, ...rest);
  return () => {
    store[name] = original;
  };
}

/** Holds back the first write of a hosted login until a second one has read the same state. @returns undoes it */
function writingTogether(store: EphemeralStore): () => void {
  const own = { replace: store.replace.bind(store), set: store.set.bind(store) };
  const restore = (): void => void Object.assign(store, own);
  let meet = (): void => undefined;
  const second = new Promise<void>((resolve) => (meet = resolve));
  let writes = 0;
  const hold = async (key: string): Promise<void> => {
    if (!key.startsWith('hosted-login:')) return;
    writes += 1;
    if (writes === 2) {
      // The store in memory calls its own methods.
      restore();
      meet();
    }
    await second;
  };
  store.replace = (...write) => hold(write[0]).then(() => own.replace(...write));
  store.set = (...write) => hold(write[0]).then(() => own.set(...write));
  return restore;
}
