import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { listening } from '../harness/listening.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

describe('a login for a partner app resists', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, { scopes: ['openid', 'profile', 'offline_access'] });
  });
  afterAll(() => world.stop());

  /** A login up to the consent page. */
  async function atConsent(browser = new Browser()) {
    const begun = partner.begin({}, browser);
    const atLogin = await partner.follow(browser, begun.url.href);
    return { begun, at: await partner.logIn(browser, atLogin, await world.person()) };
  }

  test.each([
    'https://evil.example.com/callback',
    `${PARTNER_CALLBACK}/`,
    `${PARTNER_CALLBACK}?next=https://evil.example.com`,
    `${PARTNER_CALLBACK}#x`,
    'https://partner.example.com.evil.example.com/callback',
    'https://partner.example.com@evil.example.com/callback',
    'http://partner.example.com/callback',
    '//evil.example.com',
  ])('an open redirect: %s gets an error page', async (redirectUri) => {
    const { browser, url } = partner.begin({ redirect_uri: redirectUri });
    const { location, page } = await partner.follow(browser, url.href);
    expect(location).toBeNull();
    expect(page.status).toBe(400);
    expect(page.text).toContain('invalid_redirect_uri');
  });

  test('a PKCE downgrade: no challenge, and a plain one, are refused', async () => {
    const downgrades: Readonly<Record<string, string | null>>[] = [
      { code_challenge: null, code_challenge_method: null },
      { code_challenge_method: 'plain' },
      { code_challenge_method: null },
    ];
    for (const extra of downgrades) {
      const { browser, url } = partner.begin(extra);
      const { location } = await partner.follow(browser, url.href);
      expect(location?.searchParams.get('error')).toBe('invalid_request');
    }
  });

  test('an injected code: another verifier gets nothing', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const reply = await partner.exchange(location, partner.begin());
    expect(reply.status).toBe(400);
    expect(reply.body.error).toBe('invalid_grant');
  });

  test('a code of another partner', async () => {
    const other = await PartnerApp.register(world);
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    expect((await other.exchange(location, begun)).body.error).toBe('invalid_grant');
    expect((await partner.exchange(location, begun)).status).toBe(200);
  });

  test('a replayed code: it works once, and the second use ends the tokens of the first', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const first = await partner.exchange(location, begun);
    expect((await partner.userinfo(first.body.access_token)).status).toBe(200);
    expect((await partner.exchange(location, begun)).body.error).toBe('invalid_grant');
    expect((await partner.userinfo(first.body.access_token)).status).toBe(401);
  });

  test('concurrent exchanges of one code: exactly one gets tokens', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const replies = await Promise.all(Array.from({ length: 8 }, () => partner.exchange(location, begun)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
  });

  test('a mix-up: every answer names the issuer', async () => {
    const { browser, url } = partner.begin({ prompt: 'none' });
    const { location } = await partner.follow(browser, url.href);
    expect(location?.searchParams.get('error')).toBe('login_required');
    expect(location?.searchParams.get('iss')).toBe(`${world.url}/oidc`);
  });

  test('a request_uri to an inner address: it is not fetched', async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end('{}');
    });
    const inner = await listening(server);
    const { browser, url } = partner.begin({ request_uri: `http://127.0.0.1:${inner.port}/request` });
    const { location, page } = await partner.follow(browser, url.href);
    expect(location?.searchParams.get('error') ?? page.text).toContain('request');
    const { browser: second, url: byObject } = partner.begin({ request: 'eyJhbGciOiJub25lIn0.e30.' });
    const answer = await partner.follow(second, byObject.href);
    expect(answer.location?.searchParams.get('error')).toBe('request_not_supported');
    await inner.close();
    expect(requests).toBe(0);
  });

  test('a forged consent: no token, a token of another login, a post from another site', async () => {
    const victim = await atConsent();
    const attacker = await atConsent();
    const foreign = /name="token" value="([^"]+)"/.exec(attacker.at.page.text)?.[1] ?? '';
    const own = /name="token" value="([^"]+)"/.exec(victim.at.page.text)?.[1] ?? '';
    const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      victim.begun.browser.visit<{ code: string }>(victim.at.url, {
        body: new URLSearchParams({ decision: 'allow', ...fields }).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          ...headers,
        },
      });
    const before = await world.count('partner_grants');
    expect((await post({})).body.code).toBe('VALIDATION_FAILED');
    expect((await post({ token: foreign })).body.code).toBe('FORBIDDEN');
    expect((await post({ token: own }, { 'sec-fetch-site': 'cross-site' })).body.code).toBe('FORBIDDEN');
    expect((await post({ token: own }, { 'sec-fetch-site': 'same-site' })).body.code).toBe('FORBIDDEN');
    expect(await world.count('partner_grants')).toBe(before);
    expect((await post({ token: own })).status).toBe(303);
  });

  test('clickjacking: no page may frame the consent page', async () => {
    const { at } = await atConsent();
    expect(at.page.headers.get('x-frame-options')).toBe('DENY');
    expect(at.page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(at.page.headers.get('content-security-policy')).toContain(
      "form-action 'self' https://partner.example.com",
    );
  });

  test("somebody else's interaction: its id opens nothing in another browser", async () => {
    const { at } = await atConsent();
    const stranger = await new Browser().visit<{ code: string }>(at.url, {
      headers: { accept: 'application/json' },
    });
    expect(stranger.body.code).toBe('AUTHORIZATION_EXPIRED');
    // With an interaction of one's own, the id of another one opens nothing either.
    const own = await atConsent();
    const cookie = own.begun.browser.cookie(world.url, 'wechat-auth-interaction') ?? '';
    const crossed = new Browser();
    crossed.plant(world.url, 'wechat-auth-interaction', cookie);
    const reply = await crossed.visit<{ code: string }>(at.url, { headers: { accept: 'application/json' } });
    expect(reply.body.code).toBe('AUTHORIZATION_EXPIRED');
  });

  test('tokens of the wrong kind: a partner token opens no route of ours, and ours no route of partners', async () => {
    const person = await world.person();
    const ours = await world.miniProgramLogin(person);
    const theirs = await partner.logInFor(person);
    for (const token of [theirs.access_token, theirs.id_token]) {
      const reply = await call<{ code: string }>(`${world.url}/v1/users/me`, { token });
      expect(reply.status).toBe(401);
    }
    for (const token of [ours.accessToken, theirs.id_token]) {
      expect((await partner.userinfo(token)).status).toBe(401);
    }
  });

  test('a wrong secret, and no secret', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const fields = {
      grant_type: 'authorization_code',
      code: location.searchParams.get('code') ?? '',
      redirect_uri: PARTNER_CALLBACK,
      code_verifier: begun.verifier,
    };
    const wrong = { id: partner.id, secret: `${partner.secret?.slice(0, -1) ?? ''}x` };
    expect((await partner.token(fields, world.url, wrong)).status).toBe(401);
    expect((await partner.token(fields, world.url, { id: partner.id, secret: undefined })).status).toBe(401);
    expect((await partner.token(fields)).status).toBe(200);
  });

  test('a look into the database: it holds no secret, no code and no refresh token', async () => {
    const begun = partner.begin({ scope: 'openid offline_access', prompt: 'consent' });
    const location = await partner.authorize(await world.person(), begun);
    const tokens = await partner.exchange(location, begun);
    const stored = JSON.stringify([
      await world.backend.rows('SELECT * FROM partners'),
      await world.backend.rows('SELECT * FROM partner_tokens'),
      await world.backend.rows('SELECT * FROM events'),
    ]);
    for (const secret of [partner.secret, location.searchParams.get('code'), tokens.body.refresh_token]) {
      expect(secret).toBeTruthy();
      expect(stored).not.toContain(secret);
    }
    expect(world.log()).not.toContain(partner.secret);
    expect(world.log()).not.toContain(tokens.body.refresh_token);
  });

  test('a logout by a link: whoever is known is asked, also without a login for a partner', async () => {
    const browser = new Browser();
    const account = `${world.url}/account`;
    const back = await world.websiteCallback(browser, await world.person(), { returnTo: account });
    await browser.visit(back.href);
    const { page } = await partner.follow(browser, `${world.url}/oidc/logout`);
    expect(page.text).toContain('name="logout" value="yes"');
    expect(page.text).not.toContain('<script');
    expect((await browser.visit(account)).status).toBe(200);
    const done = await partner.logOut(browser, `${world.url}/oidc/logout`);
    expect(new URL(done.url).pathname).toBe('/oidc/logout/success');
    expect(locationOf(await browser.visit(account)).pathname).toBe('/login');
  });

  test('a store that is filled by pushed requests: they share the room of what anybody may begin', async () => {
    const app = await PartnerApp.register(world, { authMethod: 'none' });
    const store = world.service().app.get(EphemeralStore, { strict: false });
    const begun: string[] = [];
    const begin = store.begin.bind(store);
    store.begin = (key, value, ttl) => {
      begun.push(key);
      return begin(key, value, ttl);
    };
    try {
      const request = Object.fromEntries(app.begin().url.searchParams);
      expect((await app.form('par', request)).status).toBe(201);
    } finally {
      store.begin = begin;
    }
    expect(begun).toEqual([expect.stringMatching(/^partner-pushed-request:/)]);
  });

  test('an assertion that lives for years: its id would be kept as long', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwks = { keys: [await exportJWK(publicKey)] };
    const { id } = await PartnerApp.register(world, { authMethod: 'private_key_jwt', jwks });
    const introspect = async (exp: number) => {
      const assertion = await new SignJWT({ jti: String(exp) })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(`${world.url}/oidc`)
        .setExpirationTime(exp)
        .sign(privateKey);
      const body = new URLSearchParams({
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        token: 'x',
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return (await call(`${world.url}/oidc/introspect`, { body: body.toString(), headers })).status;
    };
    const now = Math.floor(world.clock.now() / 1000);
    expect(await introspect(now + 3500)).toBe(200);
    for (const exp of [now + 3700, Number.MAX_SAFE_INTEGER, 1e300]) expect(await introspect(exp)).toBe(401);
  });

  test('a logout by somebody else: the form needs the secret of the page', async () => {
    const begun = partner.begin();
    await partner.authorize(await world.person(), begun);
    const forged = await begun.browser.visit(`${world.url}/oidc/logout/confirm`, {
      body: 'logout=yes',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(forged.status).toBe(400);
    const again = partner.begin({ prompt: 'none' }, begun.browser);
    expect(locationOf(await begun.browser.visit(again.url.href)).searchParams.get('code')).toBeTruthy();
  });
});
