import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { hostsOfLinks, withoutSwitch } from '../harness/page-html.js';
import { call } from '../harness/http.js';
import { pkce } from '../harness/pkce.js';
import { OFFICIAL_ACCOUNT, WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, type Person, SHOP, World } from '../harness/world.js';

const EXCHANGE = '/sns/oauth2/access_token';
const USERINFO = '/sns/userinfo';
const WELCOME = `${SHOP}/welcome`;

/** WeChat's reply for a snapshot user. */
const SNAPSHOT = {
  body: JSON.stringify({
    access_token: '59_token',
    openid: 'oMadeUp',
    scope: 'snsapi_base',
    is_snapshotuser: 1,
  }),
};

let world: World;
beforeAll(async () => {
  world = await World.start({
    RETURN_URLS: `${SHOP},https://staging.shop.example.com,https://brands.example.com/tea,https://brands.example.com/wine/`,
  });
});
beforeEach(() => world.control('faults', undefined, 'DELETE'));
afterAll(() => world.stop());

async function browserOf(traits: Readonly<Record<string, unknown>> = {}): Promise<WeChatBrowser> {
  return new WeChatBrowser(world, await world.person(traits));
}

/** A user whom the official account knows, in a new browser. */
async function known(traits: Readonly<Record<string, unknown>> = {}): Promise<WeChatBrowser> {
  const first = await browserOf(traits);
  await first.login();
  return new WeChatBrowser(world, first.person);
}

/** How many users, identities and sessions there are. */
function everybody(): Promise<number[]> {
  return Promise.all(
    ['users', 'wechat_identities', 'sessions', 'union_ids'].map((table) => world.count(table)),
  );
}

function attemptIn(browser: Browser, asked: Readonly<Record<string, unknown>> = {}) {
  return world.attempt(browser, { method: 'in-wechat', ...asked });
}

describe('a page inside WeChat begins', () => {
  test.each(['authorize', 'an attempt', 'the login page'])(
    'by %s, at the silent page, with the parameters in the order that WeChat wants',
    async (way) => {
      const browser = await browserOf();
      const href = {
        authorize: async () => {
          const query = new URLSearchParams({ returnTo: WELCOME, appId: OFFICIAL_ACCOUNT });
          const reply = await browser.visit(`${world.url}/v1/web-qr-login/authorize?${query.toString()}`);
          expect(reply.status).toBe(302);
          return reply.headers.get('location');
        },
        'an attempt': async () => (await attemptIn(browser)).authorizeUrl,
        'the login page': async () => {
          const reply = await browser.visit(`${world.url}/login?returnTo=${encodeURIComponent(WELCOME)}`);
          expect(reply.status).toBe(302);
          return reply.headers.get('location');
        },
      }[way];
      const [before, state, after] = ((await href?.()) ?? '').split(/(?<=&state=)([^#]*)/);
      const callback = encodeURIComponent(`${world.url}/v1/web-qr-login/callback`);
      expect(before).toBe(
        `${world.sandbox.url}/connect/oauth2/authorize?appid=${OFFICIAL_ACCOUNT}&redirect_uri=${callback}` +
          '&response_type=code&scope=snsapi_base&state=',
      );
      expect(state).toMatch(/^[a-zA-Z0-9]{32,128}$/);
      expect(after).toBe('#wechat_redirect');
    },
  );

  test('by the login page without a returnTo returns to that page, which does not begin another login', async () => {
    const browser = await known();
    const location = await browser.land(locationOf(await browser.visit(`${world.url}/login`)));
    expect(location.origin + location.pathname).toBe(`${world.url}/login`);
    expect([...location.searchParams.keys()]).toEqual(['loginCode']);
    expect((await browser.visit(location.href)).status).toBe(200);
    expect((await browser.visit(`${world.url}/login?error=WECHAT_BUSY`)).status).toBe(200);
    expect((await world.redeem(browser, location.searchParams.get('loginCode'))).status).toBe(200);
    const stranger = await browserOf();
    const page = await stranger.land(locationOf(await stranger.visit(`${world.url}/login`)));
    const landed = await stranger.consent(page);
    expect(landed.origin + landed.pathname).toBe(`${world.url}/login`);
    expect((await world.redeem(stranger, landed.searchParams.get('loginCode'))).body.isNewUser).toBe(true);
  });

  test('with an attempt that holds nothing for a frame or a scan', async () => {
    const attempt = await attemptIn(new Browser());
    expect(Object.keys(attempt).sort()).toEqual(['authorizeUrl', 'expiresAt', 'id', 'method', 'secret']);
    const state = new URL(attempt.authorizeUrl ?? '').searchParams.get('state');
    expect(new Set([state, attempt.id, attempt.secret]).size).toBe(3);
  });

  test('with a new state each time, and none for an official account that is not ours', async () => {
    const browser = await browserOf();
    const states = [await browser.authorize(), await browser.authorize()].map((page) =>
      page.searchParams.get('state'),
    );
    expect(new Set(states).size).toBe(2);
    for (const appId of [MINI_PROGRAM, 'wx0000000000000000']) {
      const reply = await browser.visit(
        `${world.url}/v1/web-qr-login/authorize?appId=${appId}&returnTo=${encodeURIComponent(WELCOME)}`,
      );
      expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
      const json = { method: 'in-wechat', appId, returnTo: WELCOME };
      expect((await call(`${world.url}/v1/web-qr-login/attempts`, { json })).body.code).toBe('APP_UNKNOWN');
    }
  });

  test('only for WeChat itself: another browser is sent there too, and WeChat tells it to open WeChat', async () => {
    await world.control('settings', { requireWeChatBrowser: true });
    const page = await world.authorize(new Browser(), { appId: OFFICIAL_ACCOUNT });
    expect((await call(page.href)).text).toContain('请在微信客户端打开链接');
    const browser = await known();
    expect((await browser.callback()).searchParams.has('loginCode')).toBe(true);
    await world.control('settings', { requireWeChatBrowser: false });
  });
});

describe('a user whom the official account knows', () => {
  test('is logged in silently, as the same user, and WeChat is asked for nothing but the openid', async () => {
    const first = await browserOf();
    const { user } = await first.login();
    const browser = new WeChatBrowser(world, first.person);
    const [before, calls] = [await everybody(), await world.callsOf(USERINFO)];
    const location = await browser.land(await browser.authorize());
    expect(location.origin + location.pathname).toBe(WELCOME);
    expect([...location.searchParams.keys()]).toEqual(['loginCode']);
    expect(await everybody()).toEqual(before);
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.body).toMatchObject({
      isNewUser: false,
      user: { id: user.id, nickname: first.person.nickname },
      identity: {
        appId: OFFICIAL_ACCOUNT,
        openId: first.person.openIds[OFFICIAL_ACCOUNT],
        unionId: first.person.unionId,
      },
    });
    expect(await world.callsOf(USERINFO)).toBe(calls);
  });

  test('remains the same user: a disabled account returns with ACCOUNT_DISABLED', async () => {
    const first = await browserOf();
    const { user } = await first.login();
    await world.backend.write(`UPDATE users SET status = 'disabled' WHERE id = '${user.id}'`);
    const browser = new WeChatBrowser(world, first.person);
    expect(refusalOf(await browser.land(await browser.authorize()))).toBe(
      `${WELCOME}?error=ACCOUNT_DISABLED`,
    );
  });

  test('by a loginCode that another browser cannot redeem', async () => {
    const browser = await known();
    const location = await browser.land(await browser.authorize());
    const loginCode = location.searchParams.get('loginCode');
    expect((await world.redeem(new Browser(), loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
    expect((await world.redeem(browser, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
  });
});

describe('a new user', () => {
  test('leaves no trace, and gets the login page with all parameters of the site', async () => {
    const browser = await browserOf();
    const { challenge, verifier } = pkce();
    const returnTo = `${WELCOME}?from=home&tag=%E5%BE%AE%E4%BF%A1#top`;
    const [before, calls] = [await everybody(), await world.callsOf(USERINFO)];
    const location = await browser.land(await browser.authorize({ returnTo, codeChallenge: challenge }));
    expect(await everybody()).toEqual(before);
    expect(await world.callsOf(USERINFO)).toBe(calls);
    expect(location.origin + location.pathname).toBe(`${world.url}/login`);
    const { consent, ...kept } = Object.fromEntries(location.searchParams);
    expect(consent).toMatch(/^[a-zA-Z0-9]{32,128}$/);
    expect(kept).toEqual({ returnTo, appId: OFFICIAL_ACCOUNT, codeChallenge: challenge });

    const landed = await browser.consent(location);
    expect(landed.hash).toBe('#top');
    expect([...landed.searchParams.keys()]).toEqual(['from', 'tag', 'loginCode']);
    const loginCode = landed.searchParams.get('loginCode');
    expect((await world.redeem(browser, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const reply = await world.redeem(new Browser(), loginCode, { codeVerifier: verifier });
    expect(reply.body).toMatchObject({ isNewUser: true, user: { nickname: browser.person.nickname } });
  });

  test('is asked by a button that leads to snsapi_userinfo with a state of its own', async () => {
    const browser = await browserOf();
    const silent = await browser.authorize();
    const page = await browser.consentPage(await browser.land(silent));
    const callback = encodeURIComponent(`${world.url}/v1/web-qr-login/callback`);
    expect(page?.href.split('&state=')[0]).toBe(
      `${world.sandbox.url}/connect/oauth2/authorize?appid=${OFFICIAL_ACCOUNT}&redirect_uri=${callback}` +
        '&response_type=code&scope=snsapi_userinfo',
    );
    expect(page?.hash).toBe('#wechat_redirect');
    expect(page?.searchParams.get('state')).not.toBe(silent.searchParams.get('state'));
  });

  test('with a mini program and a website identity is the same user by the unionid', async () => {
    const person = await world.person();
    const mini = await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    const users = await world.count('users');
    const reply = await new WeChatBrowser(world, person).login();
    expect(reply).toMatchObject({
      isNewUser: false,
      user: { id: mini.user.id },
      identity: { appId: OFFICIAL_ACCOUNT, unionId: person.unionId },
    });
    expect(await world.count('users')).toBe(users);
  });

  test('stores no refresh token of WeChat, so the profile is still read by that of the website', async () => {
    const person = await world.person();
    const website = await world.websiteLogin(person);
    world.clock.advance(1);
    await new WeChatBrowser(world, person).login();
    const stored = await world.backend.rows(
      `SELECT refresh_token FROM wechat_identities WHERE open_id = '${person.openIds[OFFICIAL_ACCOUNT]}'`,
    );
    expect(stored).toEqual([{ refresh_token: null }]);
    const sync = { method: 'POST', json: {}, token: website.accessToken };
    expect((await call(`${world.url}/v1/users/me/profile/sync`, sync)).status).toBe(200);
  });

  test('without a unionid is a user of this official account, silently from the second time on', async () => {
    const first = await browserOf({ withUnionId: false });
    const { user, isNewUser, identity } = await first.login();
    expect([isNewUser, identity.unionId]).toEqual([true, null]);
    const browser = new WeChatBrowser(world, first.person);
    const location = await browser.land(await browser.authorize());
    const again = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(again.body).toMatchObject({ isNewUser: false, user: { id: user.id } });
  });

  test('whose known unionid WeChat returns silently is logged in without a question', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const openid = person.openIds[OFFICIAL_ACCOUNT];
    const told = { access_token: '59_token', openid, unionid: person.unionId, scope: 'snsapi_base' };
    await world.fault(EXCHANGE, { body: JSON.stringify(told) });
    const browser = new WeChatBrowser(world, person);
    const location = await browser.land(await browser.authorize());
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.body).toMatchObject({ isNewUser: false, user: { id: user.id } });
  });

  test('twenty times at once becomes one user', async () => {
    const person = await world.person();
    const users = await world.count('users');
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => new WeChatBrowser(world, person).login()),
    );
    expect(new Set(replies.map(({ user }) => user.id)).size).toBe(1);
    expect(await world.count('users')).toBe(users + 1);
  });

  test('is named as WeChat says, but never 微信用户, and never over a name that is there', async () => {
    const nameless = await browserOf({ nickname: '微信用户' });
    expect((await nameless.login()).user.nickname).toBeNull();
    const person = await world.person({ nickname: '小红' });
    const { accessToken } = await world.miniProgramLogin(person);
    await call(`${world.url}/v1/users/me`, {
      method: 'PATCH',
      token: accessToken,
      json: { nickname: '红红' },
    });
    expect((await new WeChatBrowser(world, person).login()).user.nickname).toBe('红红');
    const mini = await world.person({ nickname: '小刚' });
    await world.miniProgramLogin(mini);
    expect((await new WeChatBrowser(world, mini).login()).user.nickname).toBe('小刚');
  });
});

describe('the state of a consent', () => {
  /** A new user on the page with the button. */
  async function asked(
    query: Readonly<Record<string, string>> = {},
  ): Promise<{ browser: WeChatBrowser; page: URL }> {
    const browser = await browserOf();
    return { browser, page: await browser.land(await browser.authorize(query)) };
  }

  test('is good for one use: back on the page the login begins anew', async () => {
    const { browser, page } = await asked();
    const button = await browser.consentPage(page);
    expect((await browser.land(button ?? '')).searchParams.has('loginCode')).toBe(true);
    expect(await browser.consentPage(page)).toBeNull();
    expect(refusalOf(await browser.land(button ?? ''))).toBe(`${WELCOME}?error=STATE_INVALID`);
  });

  test('is a new one for each login, and the same for a repeated callback', async () => {
    const browser = await browserOf();
    const callback = await browser.pass(await browser.authorize());
    const first = (await browser.visit(callback.href)).headers.get('location');
    expect((await browser.visit(callback.href)).headers.get('location')).toBe(first);
    expect(refusalOf(locationOf(await new Browser().visit(callback.href)))).toBe(
      `${WELCOME}?error=STATE_INVALID`,
    );
    expect((await browser.land(await browser.authorize())).href).not.toBe(first);
  });

  test('lives 10 minutes', async () => {
    const [early, late] = [await asked(), await asked()];
    const button = await late.browser.consentPage(late.page);
    await world.pass(9 * 60 + 30);
    expect((await early.browser.consent(early.page)).searchParams.has('loginCode')).toBe(true);
    const callback = await late.browser.pass(button ?? '');
    await world.pass(31);
    expect(await late.browser.consentPage(late.page)).toBeNull();
    const reply = await late.browser.visit(callback.href);
    expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
    expect(reply.text).toContain('STATE_INVALID');
  });

  test('is of the browser that began: another one is shown no way on, and ends at STATE_INVALID', async () => {
    const { browser, page } = await asked();
    const other = new WeChatBrowser(world, await world.person());
    await other.authorize();
    expect(await other.consentPage(page)).toBeNull();
    const button = await browser.consentPage(page);
    const callback = await browser.pass(button ?? '');
    const users = await world.count('users');
    expect(refusalOf(locationOf(await other.visit(callback.href)))).toBe(`${WELCOME}?error=STATE_INVALID`);
    expect(await world.count('users')).toBe(users);
    expect(locationOf(await browser.visit(callback.href)).searchParams.has('loginCode')).toBe(true);
  });

  test('of a challenge may be finished in another browser, and its loginCode needs the verifier', async () => {
    const { challenge, verifier } = pkce();
    const { page } = await asked({ codeChallenge: challenge });
    const other = await browserOf();
    const location = await other.consent(page);
    const loginCode = location.searchParams.get('loginCode');
    expect((await world.redeem(other, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    expect((await world.redeem(new Browser(), loginCode, { codeVerifier: verifier })).status).toBe(200);
  });

  test.each(['x', '', 'a'.repeat(64), '%00', 'a%22%3E%3Cscript%3E'])(
    'that was made up leads nowhere: %j',
    async (consent) => {
      const browser = await browserOf();
      const reply = await browser.visit(`${world.url}/login?consent=${consent}&appId=${OFFICIAL_ACCOUNT}`);
      expect(reply.status).toBe(200);
      expect(reply.text).not.toContain('/connect/oauth2/authorize');
      expect(reply.text).not.toContain('"><script>');
    },
  );

  test('is not the state of a silent login, nor of a website: their pages have no such button', async () => {
    const browser = await browserOf();
    const website = await world.authorize(browser);
    const silent = await browser.authorize();
    for (const page of [website, silent]) {
      const consent = page.searchParams.get('state') ?? '';
      const loginPage = `${world.url}/login?consent=${consent}&returnTo=${encodeURIComponent(WELCOME)}`;
      expect(await browser.consentPage(loginPage)).toBeNull();
    }
  });
});

describe('a snapshot page', () => {
  test('creates no user, neither silently nor with consent, and the full page logs in', async () => {
    const browser = await browserOf();
    const before = await everybody();
    await world.fault(EXCHANGE, SNAPSHOT);
    const silent = await browser.land(await browser.authorize());
    expect(silent.origin + silent.pathname).toBe(`${world.url}/login`);
    expect(silent.searchParams.get('error')).toBe('WECHAT_SNAPSHOT_USER');
    expect(silent.searchParams.get('returnTo')).toBe(WELCOME);

    await world.control('settings', { snapshotUser: true });
    const asked = await browser.consent(silent);
    expect(asked.searchParams.get('error')).toBe('WECHAT_SNAPSHOT_USER');
    expect(asked.searchParams.get('consent')).not.toBe(silent.searchParams.get('consent'));
    expect(await everybody()).toEqual(before);

    await world.control('settings', { snapshotUser: false });
    const location = await browser.consent(asked);
    const reply = await world.redeem(browser, location.searchParams.get('loginCode'));
    expect(reply.body).toMatchObject({
      isNewUser: true,
      identity: { openId: browser.person.openIds[OFFICIAL_ACCOUNT], unionId: browser.person.unionId },
    });
  });

  test('logs nobody in by a known openid either', async () => {
    const browser = await known();
    const openid = browser.person.openIds[OFFICIAL_ACCOUNT];
    const told = { access_token: '59_token', openid, unionid: browser.person.unionId, is_snapshotuser: 1 };
    await world.fault(EXCHANGE, { body: JSON.stringify(told) });
    const location = await browser.land(await browser.authorize());
    expect(location.searchParams.get('error')).toBe('WECHAT_SNAPSHOT_USER');
    expect(location.searchParams.has('loginCode')).toBe(false);
  });

  test.each(['"1"', 'true', '[1]'])('said in another way (%s) is no login either', async (flag) => {
    const browser = await browserOf();
    const before = await everybody();
    const page = await browser.consentPage(await browser.land(await browser.authorize()));
    await world.fault(EXCHANGE, {
      body: `{"access_token":"t","openid":"oMadeUp","is_snapshotuser":${flag}}`,
    });
    expect(refusalOf(await browser.land(page ?? ''))).toBe(`${WELCOME}?error=WECHAT_BAD_REPLY`);
    expect(await everybody()).toEqual(before);
  });
});

describe('an attempt inside WeChat', () => {
  const statusOf = async (browser: Browser, id: string) => (await world.status(browser, id)).body;

  test('of a known user is confirmed by the callback, once', async () => {
    const browser = await known();
    const attempt = await attemptIn(browser);
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'pending' });
    const location = await browser.land(attempt.authorizeUrl ?? '');
    const loginCode = location.searchParams.get('loginCode');
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'confirmed', loginCode });
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'confirmed' });
    expect((await world.redeem(browser, loginCode)).status).toBe(401);
  });

  test('of a new user waits for the consent', async () => {
    const browser = await browserOf();
    const attempt = await attemptIn(browser);
    const page = await browser.land(attempt.authorizeUrl ?? '');
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'pending' });
    const location = await browser.consent(page);
    const loginCode = location.searchParams.get('loginCode');
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'confirmed', loginCode });
    expect((await world.redeem(browser, loginCode)).body.isNewUser).toBe(true);
  });

  test('of a snapshot page waits too; one that failed at WeChat is over', async () => {
    const browser = await browserOf();
    const attempt = await attemptIn(browser);
    await world.fault(EXCHANGE, SNAPSHOT);
    await browser.land(attempt.authorizeUrl ?? '');
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'pending' });
    const failed = await attemptIn(browser);
    await world.fault(EXCHANGE, { errcode: 40029 });
    await browser.land(failed.authorizeUrl ?? '');
    expect(await statusOf(browser, failed.id)).toEqual({ status: 'expired' });
  });

  test('that was forgotten during a long consent does not keep the person from logging in', async () => {
    const browser = await browserOf();
    const attempt = await attemptIn(browser);
    let page = await browser.land(attempt.authorizeUrl ?? '');
    await world.control('settings', { snapshotUser: true });
    for (let wait = 0; wait < 3; wait++) {
      await world.pass(9 * 60);
      page = await browser.consent(page);
    }
    await world.control('settings', { snapshotUser: false });
    const location = await browser.consent(page);
    expect((await world.redeem(browser, location.searchParams.get('loginCode'))).status).toBe(200);
  });

  test('of an attacker gives the attacker nothing when a victim opens its link: no cookie, no continuation', async () => {
    const stranger = new Browser();
    const attempt = await attemptIn(stranger);
    const victim = await known();
    const location = await victim.land(attempt.authorizeUrl ?? '');
    expect(refusalOf(location)).toBe(`${WELCOME}?error=STATE_INVALID`);
    expect(await statusOf(stranger, attempt.id)).toEqual({ status: 'pending' });
  });

  test('of a stranger with a challenge gives the stranger nothing either: the loginCode is with whom it is about', async () => {
    const stranger = new Browser();
    const { challenge } = pkce();
    const attempt = await attemptIn(stranger, { codeChallenge: challenge });
    const victim = await known();
    const location = await victim.land(attempt.authorizeUrl ?? '');
    expect(location.searchParams.has('loginCode')).toBe(true);
    expect(await statusOf(stranger, attempt.id)).toEqual({ status: 'confirmed' });
    const bySecret = await world.status(new Browser(), attempt.id, { 'x-attempt-secret': attempt.secret });
    expect(bySecret.body).toEqual({ status: 'confirmed' });
  });

  test('with a challenge tells its own browser', async () => {
    const browser = await known();
    const { challenge, verifier } = pkce();
    const attempt = await attemptIn(browser, { codeChallenge: challenge });
    const loginCode = (await browser.land(attempt.authorizeUrl ?? '')).searchParams.get('loginCode');
    expect(await statusOf(browser, attempt.id)).toEqual({ status: 'confirmed', loginCode });
    expect((await world.redeem(browser, loginCode, { codeVerifier: verifier })).status).toBe(200);
  });
});

describe('what goes wrong at WeChat returns to the page', () => {
  const body = (value: object): { body: string } => ({ body: JSON.stringify(value) });
  const openid = 'oSomebody';

  test.each([
    ['a code that WeChat does not accept', { errcode: 40029 }, 'WECHAT_CODE_INVALID'],
    ['a code that was used', { errcode: 40163 }, 'WECHAT_CODE_USED'],
    ['a restricted account', { errcode: 50002 }, 'WECHAT_USER_BLOCKED'],
    ['a scope that the account lacks', { errcode: 48001 }, 'WECHAT_CONFIGURATION'],
    ['a rate limit', { errcode: 45011 }, 'WECHAT_RATE_LIMITED'],
    ['a busy WeChat', { errcode: -1, times: 3 }, 'WECHAT_BUSY'],
    ['a broken connection', { reset: true }, 'WECHAT_UNAVAILABLE'],
    ['status 502', { status: 502, body: '' }, 'WECHAT_UNAVAILABLE'],
    ['HTML', { body: '<title>502</title>' }, 'WECHAT_BAD_REPLY'],
    ['no openid', body({ access_token: 't' }), 'WECHAT_BAD_REPLY'],
    ['a hostile openid', body({ access_token: 't', openid: "o' OR 1=1" }), 'WECHAT_BAD_REPLY'],
  ])('silently: %s', async (_what, fault, code) => {
    const browser = await known();
    const before = await everybody();
    await world.fault(EXCHANGE, fault);
    const callback = await browser.pass(await browser.authorize());
    const first = locationOf(await browser.visit(callback.href)).href;
    expect(refusalOf(first)).toBe(`${WELCOME}?error=${code}`);
    expect(locationOf(await browser.visit(callback.href)).href).toBe(first);
    expect(await everybody()).toEqual(before);
  });

  test.each([['a code that WeChat does not accept', EXCHANGE, { errcode: 40029 }, 'WECHAT_CODE_INVALID']])(
    'with consent: %s',
    async (_what, endpoint, fault, code) => {
      const browser = await browserOf();
      const before = await everybody();
      const page = await browser.consentPage(await browser.land(await browser.authorize()));
      await world.fault(endpoint, fault);
      expect(refusalOf(await browser.land(page ?? ''))).toBe(`${WELCOME}?error=${code}`);
      expect(await everybody()).toEqual(before);
    },
  );

  test.each([
    ['without permission', { errcode: 48001 }],
    ['that is lost', { reset: true }],
    ["that is somebody else's", body({ openid, nickname: '小明' })],
  ])('with consent a login goes on with a profile %s', async (_what, fault) => {
    const browser = await browserOf();
    const page = await browser.consentPage(await browser.land(await browser.authorize()));
    await world.fault(USERINFO, fault);
    const loginCode = (await browser.land(page ?? '')).searchParams.get('loginCode');
    const reply = await world.redeem(browser, loginCode);
    expect([reply.status, reply.body.user.nickname]).toEqual([200, null]);
  });

  test('a person who refuses is not sent back; a callback without a code is LOGIN_DENIED', async () => {
    const browser = await browserOf();
    const attempt = await attemptIn(browser);
    const page = await browser.consentPage(await browser.land(attempt.authorizeUrl ?? ''));
    const callback = `${world.url}/v1/web-qr-login/callback?state=${page?.searchParams.get('state') ?? ''}`;
    expect(refusalOf(locationOf(await browser.visit(callback)))).toBe(`${WELCOME}?error=LOGIN_DENIED`);
    expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'denied' });
  });

  test('a code of the silent page cannot stand in for one with consent', async () => {
    const browser = await browserOf();
    const page = await browser.consentPage(await browser.land(await browser.authorize()));
    const swapped = new URL(page ?? '');
    swapped.searchParams.set('scope', 'snsapi_base');
    const before = await everybody();
    expect(refusalOf(await browser.land(swapped))).toBe(`${WELCOME}?error=WECHAT_CONFIGURATION`);
    expect(await everybody()).toEqual(before);
  });
});

describe('a repeated callback inside WeChat', () => {
  test('lands where the first one did, for 60 s, and in no other browser', async () => {
    const browser = await known();
    const callback = (await browser.pass(await browser.authorize())).href;
    const first = (await browser.visit(callback)).headers.get('location');
    expect(first).toContain('loginCode=');
    const calls = await world.callsOf(EXCHANGE);
    await world.pass(55);
    expect((await browser.visit(callback)).headers.get('location')).toBe(first);
    const other = await browserOf();
    await other.authorize();
    expect(refusalOf(locationOf(await other.visit(callback)))).toBe(`${WELCOME}?error=STATE_INVALID`);
    await world.pass(6);
    expect(refusalOf(locationOf(await browser.visit(callback)))).toBe(`${WELCOME}?error=STATE_INVALID`);
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
  });

  test('ten times at once lands in one place by one exchange, also where it asks for consent', async () => {
    for (const browser of [await known(), await browserOf()]) {
      const callback = (await browser.pass(await browser.authorize())).href;
      const calls = await world.callsOf(EXCHANGE);
      await world.fault(EXCHANGE, { delayMs: 200 });
      const replies = await Promise.all(Array.from({ length: 10 }, () => browser.visit(callback)));
      expect(new Set(replies.map((reply) => reply.headers.get('location'))).size).toBe(1);
      expect(await world.callsOf(EXCHANGE)).toBe(calls + 1);
    }
  });
});

describe('a session that came in by an official account', () => {
  let person: Person;
  let token: string;
  let refreshToken: string;
  const asked = <Body>(path: string, method = 'GET') =>
    call<Body>(`${world.url}/v1/users/me${path}`, { token, method });

  beforeAll(async () => {
    const browser = await browserOf({ withUnionId: false });
    ({ person } = browser);
    ({ accessToken: token, refreshToken } = await browser.login());
  });

  test("is listed with its channel and WeChat's browser as the device", async () => {
    const { body } = await asked<{ items: object[] }>('/sessions');
    expect(body.items).toMatchObject([
      {
        current: true,
        appId: OFFICIAL_ACCOUNT,
        channel: 'official_account',
        device: { browser: expect.stringContaining('WeChat') },
      },
    ]);
    const { body: identities } = await asked<{ items: object[] }>('/identities');
    expect(identities.items).toMatchObject([
      { appId: OFFICIAL_ACCOUNT, appKind: 'official_account', openId: person.openIds[OFFICIAL_ACCOUNT] },
    ]);
  });

  test('can be refreshed, is exported, and has no rights of a mini program', async () => {
    const refreshed = await world.refresh(refreshToken);
    expect(refreshed.body.identity.appId).toBe(OFFICIAL_ACCOUNT);
    const { body } = await asked<{ identities: object[]; sessions: object[] }>('/export');
    expect(body.identities).toMatchObject([{ appKind: 'official_account' }]);
    expect(body.sessions).toMatchObject([{ channel: 'official_account' }]);
    const json = { code: await world.wxLogin(person), returnTo: WELCOME };
    const ticket = await call(`${world.url}/v1/mini-program/web-view-tickets`, { token, json });
    expect([ticket.status, ticket.body.code]).toEqual([403, 'MINI_PROGRAM_SESSION_REQUIRED']);
  });

  test('is recorded as a login of the official account', async () => {
    const rows = await world.backend.rows(
      `SELECT details FROM events WHERE type = 'login.succeeded' ORDER BY created_at DESC, id DESC`,
    );
    expect(rows.map(({ details }) => JSON.stringify(details))[0]).toContain('official_account');
  });

  test('ends when its WeChat account is unlinked, and the next visit is a new user', async () => {
    const { verifier, challenge } = pkce();
    const owner = await new WeChatBrowser(world, person).callback({ codeChallenge: challenge });
    const proof = { loginCode: owner.searchParams.get('loginCode'), codeVerifier: verifier };
    const json = { code: await world.wxLogin(person), proof };
    expect((await call(`${world.url}/v1/users/me/identities/mini-program`, { token, json })).status).toBe(
      201,
    );
    const { body } = await asked<{ items: { id: string; appId: string }[] }>('/identities');
    const own = body.items.find(({ appId }) => appId === OFFICIAL_ACCOUNT);
    expect((await asked(`/identities/${own?.id ?? ''}`, 'DELETE')).status).toBe(204);
    expect((await world.verify(token)).status).toBe(401);
    const browser = new WeChatBrowser(world, person);
    const location = await browser.land(await browser.authorize());
    expect(location.searchParams.has('consent')).toBe(true);
  });
});

describe('one callback for many sites and environments', () => {
  test.each([
    `${SHOP}/a`,
    'https://staging.shop.example.com/a?x=1',
    'https://brands.example.com/tea',
    'https://brands.example.com/tea/cup#hot',
    'https://brands.example.com/wine/red',
  ])('returns to %s', async (returnTo) => {
    const inWeChat = await known();
    const page = await inWeChat.authorize({ returnTo });
    expect(page.searchParams.get('redirect_uri')).toBe(`${world.url}/v1/web-qr-login/callback`);
    const atDesk = await world.websiteCallback(new Browser(), inWeChat.person, { returnTo });
    for (const location of [await inWeChat.land(page), atDesk]) {
      expect(location.searchParams.has('loginCode')).toBe(true);
      location.searchParams.delete('loginCode');
      expect(location.href).toBe(new URL(returnTo).href);
    }
  });

  test('keeps the sites of two logins in one browser apart', async () => {
    const browser = await known();
    const places = [`${SHOP}/a`, 'https://staging.shop.example.com/a'];
    const pages = [];
    for (const returnTo of places) pages.push(await browser.pass(await browser.authorize({ returnTo })));
    for (const [index, callback] of [...pages.entries()].reverse()) {
      const location = locationOf(await browser.visit(callback.href));
      expect(location.origin + location.pathname).toBe(places[index]);
    }
  });
});

describe('a returnTo that is not allowed', () => {
  test.each([
    'javascript:alert(1)',
    '//evil.example.com',
    '/welcome',
    '',
    'https://shop.example.com.evil.com/',
    'https://shop.example.com@evil.com/',
    'https://user:pass@shop.example.com/',
    'https://shop.example.com\\@evil.com/',
    'https://evil.com\\.shop.example.com/',
    'https://shop.example.com/\r\nSet-Cookie: a=b',
    'https://shop.exam\tple.com/',
    'http://shop.example.com/',
    'https://shop.example.com:8443/',
    'https://other.shop.example.com/',
    'https://brands.example.com/',
    'https://brands.example.com/teapot',
    'https://brands.example.com/tea/../coffee',
    'https://brands.example.com/tea/%2e%2e/coffee',
    'https://brands.example.com/tea%2f..%2fcoffee',
    `https://shop.example.com/${'a'.repeat(2048)}`,
  ])('begins nothing, by whatever way: %j', async (returnTo) => {
    const browser = new Browser();
    const query = new URLSearchParams({ returnTo, appId: OFFICIAL_ACCOUNT, ticket: 'f'.repeat(64) });
    const withoutTicket = new URLSearchParams({ returnTo, appId: OFFICIAL_ACCOUNT });
    for (const path of [
      `v1/web-qr-login/authorize?${withoutTicket.toString()}`,
      `v1/web-qr-login/authorize?${query.toString()}`,
      `login?${withoutTicket.toString()}`,
    ]) {
      const reply = await browser.visit(`${world.url}/${path}`, {
        headers: { 'user-agent': WECHAT_USER_AGENT },
      });
      expect(reply.status).toBe(400);
      expect(reply.headers.get('location')).toBeNull();
      expect(reply.headers.getSetCookie()).toEqual([]);
      expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
      expect(withoutSwitch(reply.text)).not.toContain('evil');
      expect(hostsOfLinks(reply.text, world.url)).toEqual([new URL(world.url).host]);
    }
    for (const method of ['website', 'mini-program', 'in-wechat']) {
      const reply = await call(`${world.url}/v1/web-qr-login/attempts`, { json: { method, returnTo } });
      expect(reply.status).toBe(400);
      expect(reply.body.code).toMatch(/RETURN_URL_FORBIDDEN|VALIDATION_FAILED/);
      expect(reply.headers.getSetCookie()).toEqual([]);
    }
  });

  test('is not checked at the end alone: a login keeps the one that it began with', async () => {
    const browser = await known();
    const callback = await browser.pass(await browser.authorize());
    callback.searchParams.set('returnTo', 'https://evil.example.com/');
    expect(locationOf(await browser.visit(callback.href)).origin).toBe(SHOP);
  });
});

test('no code, state, loginCode or openid of these logins is in a log', async () => {
  const browser = await browserOf();
  const silent = await browser.pass(await browser.authorize());
  const page = locationOf(await browser.visit(silent.href));
  const asked = await browser.pass((await browser.consentPage(page)) ?? '');
  const location = locationOf(await browser.visit(asked.href));
  const { accessToken } = (await world.redeem(browser, location.searchParams.get('loginCode'))).body;
  const secrets = [silent, asked].flatMap((url) => [
    url.searchParams.get('code'),
    url.searchParams.get('state'),
  ]);
  secrets.push(
    page.searchParams.get('consent'),
    location.searchParams.get('loginCode'),
    accessToken.split('.')[2] ?? '',
  );
  secrets.push(browser.person.openIds[OFFICIAL_ACCOUNT] ?? '');
  expect(world.log()).toContain('/v1/web-qr-login/callback');
  for (const secret of secrets) {
    expect(secret).toBeTruthy();
    expect(world.log().includes(secret ?? '')).toBe(false);
  }
});
