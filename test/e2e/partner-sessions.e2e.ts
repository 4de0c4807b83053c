import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { type Begun, PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { type Person, World } from '../harness/world.js';

const OFFLINE = { scope: 'openid profile offline_access', prompt: 'consent' };

describe('who is known in the browser of a login for a partner app', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, { scopes: ['openid', 'profile', 'phone'] });
  });
  afterAll(() => world.stop());

  /** Logs a person in for the partner. @returns the browser, and the user's id */
  async function known(person: Person): Promise<{ browser: Browser; begun: Begun; userId: string }> {
    const begun = partner.begin();
    await partner.authorize(person, begun);
    const { user } = await world.miniProgramLogin(person);
    return { browser: begun.browser, begun, userId: user.id };
  }

  /** Where another request of this browser arrives: `code`, or the path of a page of ours. */
  async function again(browser: Browser, extra: Record<string, string> = {}): Promise<string> {
    const { url } = partner.begin(extra, browser);
    const at = await partner.follow(browser, url.href);
    if (at.location === null) return new URL(at.url).pathname;
    return at.location.searchParams.get('error') ?? (at.location.searchParams.has('code') ? 'code' : '?');
  }

  test('is asked to log in again after SSO_TTL', async () => {
    const { browser } = await known(await world.person());
    expect(await again(browser)).toBe('code');
    await world.pass(8 * 3600 + 1);
    expect(await again(browser)).toBe('/login');
  });

  test('is asked to log in again once disabled, and refused then', async () => {
    const person = await world.person();
    const { browser, userId } = await known(person);
    await callWithKey(`${world.url}/v1/admin/users/${userId}/disable`, ADMIN_KEY, { method: 'POST' });
    await world.pass(5);
    expect(await again(browser)).toBe('/login');
  });

  test('is asked to log in again once all sessions were ended', async () => {
    const { browser, userId } = await known(await world.person());
    await callWithKey(`${world.url}/v1/admin/users/${userId}/sessions`, ADMIN_KEY, { method: 'DELETE' });
    await world.pass(5);
    expect(await again(browser)).toBe('/login');
  });

  test('is asked to log in again after deleting the account', async () => {
    const person = await world.person();
    const { browser } = await known(person);
    const { accessToken } = await world.miniProgramLogin(person);
    expect((await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: accessToken })).status).toBe(
      204,
    );
    await world.pass(5);
    expect(await again(browser)).toBe('/login');
  });

  test('logs in anew where the request says so: prompt=login, and max_age that has passed', async () => {
    const { browser } = await known(await world.person());
    expect(await again(browser, { prompt: 'login' })).toBe('/login');
    expect(await again(browser, { max_age: '3600' })).toBe('code');
    expect(await again(browser, { max_age: '0' })).toBe('/login');
  });

  test('is not shown a page where the request forbids it: prompt=none', async () => {
    const { browser } = await known(await world.person());
    expect(await again(browser, { prompt: 'none' })).toBe('code');
    expect(await again(browser, { prompt: 'none', scope: 'openid phone' })).toBe('consent_required');
    expect(await again(new Browser(), { prompt: 'none' })).toBe('login_required');
  });

  test('may change to another WeChat account on the consent page', async () => {
    const { browser } = await known(await world.person({ nickname: '小明' }));
    const other = await world.person({ nickname: '小红' });
    const begun = partner.begin({ prompt: 'consent' }, browser);
    const atConsent = await partner.follow(browser, begun.url.href);
    const atLogin = await partner.decide(browser, atConsent, 'another');
    expect(new URL(atLogin.url).pathname).toBe('/login');
    const atOther = await partner.logIn(browser, atLogin, other);
    expect(atOther.page.text).toContain('小红');
    const { location } = await partner.decide(browser, atOther);
    expect(location?.searchParams.get('state')).toBe(begun.state);
  });

  test('changes to another WeChat account by prompt=login, without another question', async () => {
    const { browser } = await known(await world.person({ nickname: '小明' }));
    const begun = partner.begin({ prompt: 'login' }, browser);
    const atLogin = await partner.follow(browser, begun.url.href);
    const atOther = await partner.logIn(browser, atLogin, await world.person({ nickname: '小红' }));
    expect(atOther.page.text).toContain('小红');
    const { location } = await partner.decide(browser, atOther);
    expect(location?.searchParams.get('code')).toBeTruthy();
    expect(await again(browser)).toBe('code');
  });

  test('gets a refresh token for the partner also after changing to another WeChat account', async () => {
    const app = await PartnerApp.register(world, { scopes: ['openid', 'offline_access'] });
    const begun = app.begin({ scope: 'openid offline_access', prompt: 'consent' });
    const atLogin = await app.follow(begun.browser, begun.url.href);
    const atConsent = await app.logIn(begun.browser, atLogin, await world.person());
    const again = await app.decide(begun.browser, atConsent, 'another');
    const atOther = await app.logIn(begun.browser, again, await world.person());
    const { location } = await app.decide(begun.browser, atOther);
    const { body } = await app.exchange(location ?? new URL(PARTNER_CALLBACK), begun);
    expect(body.refresh_token).toBeTruthy();
  });

  test('is nobody else than the person of id_token_hint, also after a login', async () => {
    const person = await world.person();
    const { id_token: hint } = await partner.logInFor(person);
    const logIn = async (who: Person) => {
      const { browser, url } = partner.begin({ id_token_hint: hint });
      const { location } = await partner.logIn(browser, await partner.follow(browser, url.href), who);
      return location?.searchParams;
    };
    expect((await logIn(await world.person()))?.get('error')).toBe('login_required');
    expect((await logIn(person))?.get('code')).toBeTruthy();
  });

  test('is not shown by name to the next person at the computer after logging out', async () => {
    const { browser } = await known(await world.person({ nickname: '小明' }));
    const begun = partner.begin({ prompt: 'consent' }, browser);
    const atConsent = await partner.follow(browser, begun.url.href);
    expect(atConsent.page.text).toContain('小明');
    const account = await browser.visit(`${world.url}/account`, { headers: { accept: 'text/html' } });
    const token = /name="token" value="([^"]+)"/.exec(account.text)?.[1] ?? '';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ token }).toString();
    expect((await browser.visit(`${world.url}/account/logout`, { body, headers })).status).toBe(303);
    const reloaded = await partner.follow(browser, atConsent.url);
    expect(new URL(reloaded.url).pathname).toBe('/login');
  });

  test('grants nothing after logging out in another tab, and is asked to log in', async () => {
    const person = await world.person();
    const { browser, userId } = await known(person);
    const begun = partner.begin({ prompt: 'consent' }, browser);
    const atConsent = await partner.follow(browser, begun.url.href);
    await callWithKey(`${world.url}/v1/admin/users/${userId}/sessions`, ADMIN_KEY, { method: 'DELETE' });
    await world.pass(5);
    const next = await partner.decide(browser, atConsent);
    expect(new URL(next.url).pathname).toBe('/login');
  });
});

describe('a partner app', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, {
      scopes: ['openid', 'profile', 'phone', 'offline_access'],
      postLogoutRedirectUris: ['https://partner.example.com/bye'],
    });
  });
  afterAll(() => world.stop());

  test('refreshes its tokens; a retry within a minute gets the same successor', async () => {
    const { refresh_token: first = '' } = await partner.logInFor(await world.person(), OFFLINE);
    const second = await partner.refresh(first);
    expect(second.status).toBe(200);
    const retry = await partner.refresh(first);
    expect(retry.body.refresh_token).toBe(second.body.refresh_token);
    const third = await partner.refresh(second.body.refresh_token ?? '');
    expect(third.status).toBe(200);
  });

  test('loses its tokens where a refresh token is used again later', async () => {
    const { refresh_token: first = '' } = await partner.logInFor(await world.person(), OFFLINE);
    const second = await partner.refresh(first);
    await world.pass(61);
    expect((await partner.refresh(first)).body.error).toBe('invalid_grant');
    expect((await partner.refresh(second.body.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect((await partner.userinfo(second.body.access_token)).status).toBe(401);
  });

  test('loses its tokens where the last but one refresh token is used again', async () => {
    const { refresh_token: first = '' } = await partner.logInFor(await world.person(), OFFLINE);
    const second = await partner.refresh(first);
    const third = await partner.refresh(second.body.refresh_token ?? '');
    expect((await partner.refresh(first)).body.error).toBe('invalid_grant');
    expect((await partner.refresh(third.body.refresh_token ?? '')).body.error).toBe('invalid_grant');
  });

  test('gets concurrent refreshes of one token the same successor', async () => {
    const { refresh_token: first = '' } = await partner.logInFor(await world.person(), OFFLINE);
    const replies = await Promise.all(Array.from({ length: 6 }, () => partner.refresh(first)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(new Set(replies.map(({ body }) => body.refresh_token)).size).toBe(1);
  });

  test('gets no refresh token without offline_access and consent', async () => {
    const tokens = await partner.logInFor(await world.person(), { scope: 'openid offline_access' });
    expect(tokens.refresh_token).toBeUndefined();
  });

  test('loses access within 5 s where the person withdraws the consent', async () => {
    const person = await world.person();
    const tokens = await partner.logInFor(person, OFFLINE);
    const { accessToken } = await world.miniProgramLogin(person);
    const grants = await call<{ items: { id: string; partner: { id: string } }[] }>(
      `${world.url}/v1/users/me/grants`,
      { token: accessToken },
    );
    expect(grants.body.items.map((grant) => grant.partner.id)).toEqual([partner.id]);
    const url = `${world.url}/v1/users/me/grants/${grants.body.items[0]?.id ?? ''}`;
    expect((await call(url, { method: 'DELETE', token: accessToken })).status).toBe(204);
    await world.pass(5);
    expect((await partner.refresh(tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect((await partner.userinfo(tokens.access_token)).status).toBe(401);
    const introspection = await partner.form('introspect', { token: tokens.access_token });
    expect(introspection.body).toEqual({ active: false });
  });

  test('loses access where the account is disabled', async () => {
    const person = await world.person();
    const tokens = await partner.logInFor(person, OFFLINE);
    const { user } = await world.miniProgramLogin(person);
    await callWithKey(`${world.url}/v1/admin/users/${user.id}/disable`, ADMIN_KEY, { method: 'POST' });
    await world.pass(5);
    expect((await partner.userinfo(tokens.access_token)).status).toBe(401);
    expect((await partner.refresh(tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
  });

  test('loses everything where the operator deletes it while its people are logged in', async () => {
    const gone = await PartnerApp.register(world, { scopes: ['openid', 'offline_access'] });
    const begun = gone.begin({ scope: 'openid offline_access', prompt: 'consent' });
    const location = await gone.authorize(await world.person(), begun);
    const tokens = await gone.exchange(location, begun);
    const open = gone.begin({ scope: 'openid', prompt: 'consent' }, begun.browser);
    const atConsent = await gone.follow(open.browser, open.url.href);
    const deleted = await callWithKey(`${world.url}/v1/admin/partners/${gone.id}`, ADMIN_KEY, {
      method: 'DELETE',
    });
    expect(deleted.status).toBe(204);
    expect((await gone.userinfo(tokens.body.access_token)).status).toBe(401);
    expect((await gone.refresh(tokens.body.refresh_token ?? '')).status).toBe(401);
    await expect(gone.decide(open.browser, atConsent)).rejects.toThrow('AUTHORIZATION_EXPIRED');
    const { location: nowhere, page } = await gone.follow(new Browser(), gone.begin().url.href);
    expect(nowhere).toBeNull();
    expect(page.status).toBe(400);
  });

  test('knows a person by the same sub at each login, and another partner by another one', async () => {
    const person = await world.person();
    const other = await PartnerApp.register(world);
    const subs = [
      await partner.logInFor(person),
      await partner.logInFor(person),
      await other.logInFor(person),
    ].map((tokens) => decodeJwt(tokens.id_token).sub);
    expect(subs[0]).toBe(subs[1]);
    expect(subs[2]).not.toBe(subs[0]);
  });

  test('knows a person by the same sub after two users became one', async () => {
    const person = await world.person({ withUnionId: false });
    const before = await partner.logInFor(person, OFFLINE);
    // The unionid that shows up later belongs to a user who is older.
    const older = await world.person();
    await world.miniProgramLogin(older);
    await world.control(`people/${person.id}`, { unionId: older.unionId }, 'PATCH');
    const after = await partner.logInFor(person);
    expect(decodeJwt(after.id_token).sub).toBe(decodeJwt(before.id_token).sub);
    expect((await partner.refresh(before.refresh_token ?? '')).status).toBe(200);
  });

  test('pushes its request; the request_uri works once', async () => {
    const begun = partner.begin();
    const pushed = await partner.form<{ request_uri: string }>(
      'par',
      Object.fromEntries(begun.url.searchParams),
    );
    expect(pushed.status).toBe(201);
    const query = new URLSearchParams({ client_id: partner.id, request_uri: pushed.body.request_uri });
    begun.url.search = query.toString();
    const location = await partner.authorize(await world.person(), begun);
    expect((await partner.exchange(location, begun)).status).toBe(200);
    const { location: second, page } = await partner.follow(begun.browser, begun.url.href);
    expect(second?.searchParams.get('error') ?? page.text).toContain('invalid_request_uri');
  });

  test('revokes its tokens and reads only its own', async () => {
    const other = await PartnerApp.register(world);
    const tokens = await partner.logInFor(await world.person(), OFFLINE);
    expect((await other.form('introspect', { token: tokens.access_token })).body).toEqual({ active: false });
    await other.form('revoke', { token: tokens.access_token });
    const active = await partner.form<{ active: boolean; sub: string }>('introspect', {
      token: tokens.access_token,
    });
    expect(active.body).toMatchObject({ active: true, sub: decodeJwt(tokens.id_token).sub });
    expect((await partner.form('revoke', { token: tokens.refresh_token ?? '' })).status).toBe(200);
    expect((await partner.refresh(tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
  });

  test('logs a person out; the browser is asked first, and nobody is known in it afterwards', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const tokens = await partner.exchange(location, begun);
    const query = new URLSearchParams({
      id_token_hint: tokens.body.id_token,
      post_logout_redirect_uri: 'https://partner.example.com/bye',
      state: 'abc',
    });
    const page = await begun.browser.visit(`${world.url}/oidc/logout?${query.toString()}`, {
      headers: { accept: 'text/html' },
    });
    expect(page.status).toBe(200);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const xsrf = /name="xsrf" value="([0-9a-f]+)"/.exec(page.text)?.[1] ?? '';
    const done = await begun.browser.visit(`${world.url}/oidc/logout/confirm`, {
      body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(locationOf(done).href).toBe('https://partner.example.com/bye?state=abc');
    const next = partner.begin({}, begun.browser);
    const at = await partner.follow(next.browser, next.url.href);
    expect(new URL(at.url).pathname).toBe('/login');
  });

  test('logs a person out by an ID token whose key has retired', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const { body } = await partner.exchange(location, begun);
    const json = { purpose: 'partner', now: true };
    const rotated = await callWithKey(`${world.url}/v1/admin/signing-keys/rotate`, ADMIN_KEY, { json });
    expect(rotated.status).toBe(200);
    await world.pass(5);
    const logout = (extra: Record<string, string>) => {
      const to = {
        id_token_hint: body.id_token,
        post_logout_redirect_uri: 'https://partner.example.com/bye',
      };
      return `${world.url}/oidc/logout?${new URLSearchParams({ ...to, ...extra }).toString()}`;
    };
    const other = await PartnerApp.register(world);
    const headers = { accept: 'text/html' };
    const refused = await begun.browser.visit(logout({ client_id: other.id }), { headers });
    expect(refused.status).toBe(400);
    const done = await partner.logOut(begun.browser, logout({ client_id: partner.id, state: 'abc' }));
    expect(done.location?.href).toBe('https://partner.example.com/bye?state=abc');
  });

  test('keeps the refresh token of a device where the person logs out, or another one is revoked, elsewhere', async () => {
    const person = await world.person();
    const { refresh_token: phone = '' } = await partner.logInFor(person, OFFLINE);
    const tablet = await partner.logInFor(person, OFFLINE);
    const begun = partner.begin();
    await partner.exchange(await partner.authorize(person, begun), begun);
    await partner.logOut(begun.browser, `${world.url}/oidc/logout`);
    const laptop = await partner.logInFor(person, OFFLINE);
    const { body: later } = await partner.refresh(phone);
    expect(later.refresh_token).toBeTruthy();

    const { body: refreshed } = await partner.refresh(tablet.refresh_token ?? '');
    await partner.form('revoke', { token: refreshed.refresh_token ?? '' });
    for (const gone of [tablet, refreshed]) {
      expect((await partner.refresh(gone.refresh_token ?? '')).body.error).toBe('invalid_grant');
      expect((await partner.userinfo(gone.access_token)).status).toBe(401);
    }
    await partner.form('revoke', { token: laptop.access_token });
    expect((await partner.refresh(laptop.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect((await partner.userinfo(later.access_token)).status).toBe(200);
    expect((await partner.refresh(later.refresh_token ?? '')).status).toBe(200);
  });

  test('cannot lead a person who logs out to an address that is not registered', async () => {
    const query = new URLSearchParams({
      client_id: partner.id,
      post_logout_redirect_uri: 'https://evil.example.com',
    });
    const reply = await call(`${world.url}/oidc/logout?${query.toString()}`, {
      headers: { accept: 'text/html' },
    });
    expect(reply.status).toBe(400);
    expect(reply.headers.get('location')).toBeNull();
  });

  describe('that the operator changes', () => {
    const change = async (app: PartnerApp, json: object) => {
      const url = `${world.url}/v1/admin/partners/${app.id}`;
      expect((await callWithKey(url, ADMIN_KEY, { method: 'PATCH', json })).status).toBe(200);
    };

    /** A login up to the consent page. */
    const atConsent = async (app: PartnerApp, extra: Record<string, string> = {}) => {
      const begun = app.begin(extra);
      const atLogin = await app.follow(begun.browser, begun.url.href);
      return { begun, at: await app.logIn(begun.browser, atLogin, await world.person()) };
    };

    test('gets no code at a redirect URI that was removed while a person read the consent page', async () => {
      const app = await PartnerApp.register(world);
      const { begun, at } = await atConsent(app);
      await change(app, { redirectUris: ['https://partner.example.com/new'] });
      const { location, page } = await app.decide(begun.browser, at);
      expect(location).toBeNull();
      expect(page.text).toContain('invalid_redirect_uri');
    });

    test('gets no scope that was taken back: neither by a login that has begun, nor by its tokens', async () => {
      const app = await PartnerApp.register(world, { scopes: ['openid', 'profile', 'offline_access'] });
      const tokens = await app.logInFor(await world.person({ nickname: '小明' }), OFFLINE);
      const { begun, at } = await atConsent(app);
      await change(app, { scopes: ['openid', 'offline_access'] });
      const { location } = await app.decide(begun.browser, at);
      expect(location?.searchParams.get('error')).toBe('invalid_scope');
      const { sub } = decodeJwt(tokens.id_token);
      expect((await app.userinfo(tokens.access_token)).body).toEqual({ sub });
      const { body: refreshed } = await app.refresh(tokens.refresh_token ?? '');
      expect(refreshed.scope).toBe('openid offline_access');
      expect(decodeJwt(refreshed.id_token).name).toBeUndefined();
      await change(app, { scopes: ['openid', 'profile'] });
      expect((await app.refresh(refreshed.refresh_token ?? '')).body.error).toBe('invalid_grant');
      expect((await app.userinfo(tokens.access_token)).body.name).toBe('小明');
    });

    test('asks people for consent once it is not the own app of the operator any more', async () => {
      const app = await PartnerApp.register(world, { firstParty: true });
      const tokens = await app.logInFor(await world.person());
      const begun = app.begin();
      await app.authorize(await world.person(), begun);
      await change(app, { firstParty: false });
      expect((await app.userinfo(tokens.access_token)).status).toBe(401);
      const { browser, url } = app.begin({}, begun.browser);
      const at = await app.follow(browser, url.href);
      const { location } = await app.decide(browser, at);
      expect(location?.searchParams.get('code')).toBeTruthy();
      const again = app.begin({}, browser);
      expect(locationOf(await browser.visit(again.url.href)).searchParams.get('code')).toBeTruthy();
    });
  });

  test('of the operator asks nobody for consent', async () => {
    const own = await PartnerApp.register(world, { firstParty: true });
    const begun = own.begin();
    const atLogin = await own.follow(begun.browser, begun.url.href);
    const { location } = await own.logIn(begun.browser, atLogin, await world.person());
    expect(location?.href.startsWith(PARTNER_CALLBACK)).toBe(true);
    expect((await own.exchange(location ?? new URL(PARTNER_CALLBACK), begun)).status).toBe(200);
  });
});

test('a person who is disabled on the consent page gets no page of an error, but access_denied', async () => {
  const world = await World.start({ ...API_KEYS, SSO_TTL: '0' });
  try {
    const partner = await PartnerApp.register(world);
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const begun = partner.begin();
    const atLogin = await partner.follow(begun.browser, begun.url.href);
    const at = await partner.logIn(begun.browser, atLogin, person);
    await callWithKey(`${world.url}/v1/admin/users/${user.id}/disable`, ADMIN_KEY, { method: 'POST' });
    const { location } = await partner.decide(begun.browser, at);
    expect(location?.searchParams.get('error')).toBe('access_denied');
  } finally {
    await world.stop();
  }
});
