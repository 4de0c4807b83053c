import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose';
import { AvatarWorker } from '../../src/user/avatar-worker.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { type Begun, PARTNER_CALLBACK, PartnerApp, type PartnerTokensReply } from '../harness/partner-app.js';
import { MINI_PROGRAM, type Person, World } from '../harness/world.js';

/**
 * The modules of the OpenID conformance suite, one test each, by their names; docs/openid-conformance.md is the table.
 * The requests carry PKCE, which this service demands and the suite does not send.
 */

const BYE = 'https://partner.example.com/bye';
const SCOPES = ['openid', 'profile', 'phone', 'offline_access'];

type Extra = Readonly<Record<string, string | null>>;

/** A login that succeeded. */
interface LoggedIn {
  readonly begun: Begun;
  readonly location: URL;
  readonly tokens: PartnerTokensReply;
  readonly claims: Readonly<Record<string, unknown>>;
}

let world: World;
let partner: PartnerApp;
let issuer: string;
beforeAll(async () => {
  world = await World.start(API_KEYS);
  issuer = `${world.url}/oidc`;
  partner = await PartnerApp.register(world, {
    scopes: SCOPES,
    authMethod: 'client_secret_post',
    postLogoutRedirectUris: [BYE],
  });
});
afterAll(() => world.stop());

/** A login of a new person, or of the person that a browser knows, with every check of an ID token (Core 3.1.3.7). */
async function logIn(
  extra: Extra = {},
  browser = new Browser(),
  person?: Person,
  app = partner,
): Promise<LoggedIn> {
  const begun = app.begin(extra, browser);
  const location = await app.authorize(person ?? (await world.person()), begun);
  expect(location.searchParams.get('state')).toBe(begun.state);
  expect(location.searchParams.get('iss')).toBe(issuer);
  const { status, body: tokens } = await app.exchange(location, begun);
  expect(status).toBe(200);
  const { payload, protectedHeader } = await jwtVerify(
    tokens.id_token,
    createRemoteJWKSet(new URL(`${issuer}/jwks`)),
    { issuer, audience: app.id, requiredClaims: ['sub', 'iat', 'exp'] },
  );
  expect(protectedHeader.alg).toBe('RS256');
  expect(payload.nonce).toBe(extra.nonce === null ? undefined : begun.nonce);
  return { begun, location, tokens, claims: payload };
}

/** Where a request arrives: the path of a page of this service, an error, or `code`. */
async function arrive(extra: Extra, browser = new Browser()): Promise<string> {
  const { location, url, page } = await partner.follow(browser, partner.begin(extra, browser).url.href);
  if (location === null) return page.status === 200 ? new URL(url).pathname : `${page.status} ${page.text}`;
  return location.searchParams.get('error') ?? (location.searchParams.has('code') ? 'code' : location.href);
}

const discovery = async () =>
  (await call<Readonly<Record<string, unknown>>>(`${issuer}/.well-known/openid-configuration`)).body;

describe('Basic OP', () => {
  test('oidcc-server: the code flow gives an ID token and access to userinfo', async () => {
    const { tokens, claims } = await logIn();
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) });
    expect((await partner.userinfo(tokens.access_token)).body.sub).toBe(claims.sub);
  });

  test('oidcc-response-type-missing: a request without response_type is refused', async () => {
    expect(await arrive({ response_type: null })).toBe('invalid_request');
  });

  test('oidcc-idtoken-signature: an ID token names the key that signed it', async () => {
    const { tokens } = await logIn();
    const { kid, alg } = decodeProtectedHeader(tokens.id_token);
    const { body } = await call<{ keys: { kid: string; kty: string; alg: string }[] }>(`${issuer}/jwks`);
    expect(alg).toBe('RS256');
    expect(body.keys.filter((key) => key.kid === kid)).toEqual([
      expect.objectContaining({ kty: 'RSA', alg }),
    ]);
  });

  test('oidcc-idtoken-unsigned: no ID token is unsigned', async () => {
    expect((await discovery()).id_token_signing_alg_values_supported).toEqual(['RS256']);
  });

  test.each<[string, (token: string) => Promise<Reply>]>([
    ['oidcc-userinfo-get', (token) => call(`${issuer}/userinfo`, { token })],
    ['oidcc-userinfo-post-header', (token) => call(`${issuer}/userinfo`, { token, method: 'POST' })],
    [
      'oidcc-userinfo-post-body',
      (token) =>
        call(`${issuer}/userinfo`, {
          body: new URLSearchParams({ access_token: token }).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
    ],
  ])('%s: userinfo takes the access token', async (_module, userinfo) => {
    const { tokens, claims } = await logIn();
    const reply = await userinfo(tokens.access_token);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(reply.body.sub).toBe(claims.sub);
  });

  test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow: a nonce may be absent', async () => {
    await logIn({ nonce: null });
  });

  test.each<[string, string, readonly string[]]>([
    ['oidcc-scope-profile', 'openid profile', ['name', 'nickname', 'picture', 'sub']],
    ['oidcc-scope-email', 'openid email', ['sub']],
    ['oidcc-scope-address', 'openid address', ['sub']],
    ['oidcc-scope-phone', 'openid phone', ['phone_number', 'phone_number_verified', 'sub']],
    [
      'oidcc-scope-all',
      'openid profile email address phone',
      ['name', 'nickname', 'phone_number', 'phone_number_verified', 'picture', 'sub'],
    ],
    ['oidcc-ensure-other-scope-order-succeeds', 'profile openid', ['name', 'nickname', 'picture', 'sub']],
  ])('%s: the scopes "%s" give the claims that this service has', async (_module, scope, expected) => {
    const person = await world.person();
    await world.websiteLogin(person);
    await world.service().app.get(AvatarWorker, { strict: false }).runDue();
    const { accessToken } = await world.miniProgramLogin(person);
    const code = await world.control('phone-code', { person: person.id, appId: MINI_PROGRAM });
    await call(`${world.url}/v1/mini-program/phone-number`, { token: accessToken, json: code });
    const { tokens } = await logIn({ scope }, new Browser(), person);
    expect(Object.keys((await partner.userinfo(tokens.access_token)).body).sort()).toEqual(expected);
    // A logout carries the ID token in a URL: it has name and picture, and no phone number.
    const told = Object.keys(decodeJwt(tokens.id_token)).filter((name) => /name|phone|picture/.test(name));
    expect(told.sort()).toEqual(expected.filter((name) => /name|picture/.test(name)));
  });

  test.each<[string, Extra]>([
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-login-hint', { login_hint: 'somebody@example.com' }],
    ['oidcc-ui-locales', { ui_locales: 'se zh-CN' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
    ['oidcc-ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }],
  ])('%s: a login with this parameter succeeds', async (_module, extra) => {
    await logIn(extra);
  });

  test('oidcc-prompt-login: a person who is known logs in again, later', async () => {
    const person = await world.person();
    const first = await loggedInAnHourAgo(person);
    expect(await arrive({ prompt: 'login' }, first.begun.browser)).toBe('/login');
    const second = await logIn({ prompt: 'login' }, first.begun.browser, person);
    expect(Number(second.claims.auth_time)).toBeGreaterThan(Number(first.claims.auth_time));
  });

  test('oidcc-prompt-none-not-logged-in: nobody is shown a page', async () => {
    expect(await arrive({ prompt: 'none' })).toBe('login_required');
  });

  test('oidcc-prompt-none-logged-in: a person who is known is the same person, of the same login', async () => {
    const first = await logIn({ max_age: '10000' });
    const second = await logIn({ prompt: 'none', max_age: '10000' }, first.begun.browser);
    expect(second.claims.sub).toBe(first.claims.sub);
    expect(second.claims.auth_time).toBe(first.claims.auth_time);
  });

  test('oidcc-max-age-1: a login that is older than max_age is repeated', async () => {
    const person = await world.person();
    const first = await loggedInAnHourAgo(person);
    expect(await arrive({ max_age: '1' }, first.begun.browser)).toBe('/login');
    const second = await logIn({ max_age: '1' }, first.begun.browser, person);
    expect(Number(second.claims.auth_time)).toBeGreaterThan(Number(first.claims.auth_time));
  });

  test('oidcc-max-age-10000: a login that is younger than max_age is enough', async () => {
    const first = await loggedInAnHourAgo(await world.person());
    expect(await arrive({ max_age: '10000' }, first.begun.browser)).toBe('code');
    const second = await logIn({ max_age: '10000' }, first.begun.browser);
    expect(second.claims.auth_time).toBe(first.claims.auth_time);
  });

  test('oidcc-id-token-hint: the person of the hint is logged in, and nobody else', async () => {
    const first = await logIn();
    const other = await logIn();
    const hint = { prompt: 'none', id_token_hint: first.tokens.id_token };
    expect((await logIn(hint, first.begun.browser)).claims.sub).toBe(first.claims.sub);
    expect(await arrive(hint, other.begun.browser)).toBe('login_required');
  });

  test('oidcc-codereuse: a code works once', async () => {
    const { location, begun } = await logIn();
    expect((await partner.exchange(location, begun)).body.error).toBe('invalid_grant');
  });

  test('oidcc-codereuse-30seconds: a code that is used again half a minute later ends its tokens', async () => {
    const { location, begun, tokens } = await logIn();
    expect((await partner.userinfo(tokens.access_token)).status).toBe(200);
    await world.pass(30);
    expect((await partner.exchange(location, begun)).body.error).toBe('invalid_grant');
    expect((await partner.userinfo(tokens.access_token)).status).toBe(401);
  });

  test('oidcc-ensure-registered-redirect-uri: no other address gets a code', async () => {
    expect(await arrive({ redirect_uri: `${PARTNER_CALLBACK}/other` })).toMatch(
      /^400 .*invalid_redirect_uri/s,
    );
  });

  test('oidcc-ensure-post-request-succeeds: an authorization request may be a form', async () => {
    const begun = partner.begin();
    const reply = await begun.browser.visit(`${issuer}/auth`, {
      body: begun.url.searchParams.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(reply.status).toBe(303);
    const location = await partner.authorize(await world.person(), { ...begun, url: locationOf(reply) });
    expect((await partner.exchange(location, begun)).status).toBe(200);
  });

  test('oidcc-server-client-secret-post: the secret may be in the form', async () => {
    expect((await discovery()).token_endpoint_auth_methods_supported).toContain('client_secret_post');
    await logIn();
  });

  test('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: no request is fetched', async () => {
    expect((await discovery()).request_uri_parameter_supported).not.toBe(true);
    expect(await arrive({ request_uri: 'https://partner.example.com/request' })).toBe(
      'request_uri_not_supported',
    );
  });

  test('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: no request is a JWT', async () => {
    expect((await discovery()).request_parameter_supported).not.toBe(true);
    expect(await arrive({ request: unsigned({ nonce: 'of-the-object' }) })).toBe('request_not_supported');
  });

  test('oidcc-claims-essential: the parameter claims changes nothing', async () => {
    expect((await discovery()).claims_parameter_supported).toBe(false);
    const { tokens } = await logIn({ scope: 'openid', claims: '{"userinfo":{"name":{"essential":true}}}' });
    const userinfo = await partner.userinfo(tokens.access_token);
    expect(Object.keys(userinfo.body)).toEqual(['sub']);
  });

  test('oidcc-ensure-request-object-with-redirect-uri: a request object redirects nobody', async () => {
    const request = unsigned({ redirect_uri: 'https://evil.example.com' });
    expect(await arrive({ request })).toBe('request_not_supported');
  });

  test('oidcc-refresh-token: it gets new tokens of the same person, for the client that it was made for', async () => {
    const other = await PartnerApp.register(world, { scopes: SCOPES });
    const { tokens, claims } = await logIn({ scope: 'openid offline_access', prompt: 'consent' });
    expect((await discovery()).grant_types_supported).toContain('refresh_token');
    expect((await other.refresh(tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
    const { body } = await partner.refresh(tokens.refresh_token ?? '');
    const renewed = decodeJwt(body.id_token);
    for (const name of ['iss', 'sub', 'aud', 'auth_time']) expect(renewed[name]).toEqual(claims[name]);
    expect((await partner.userinfo(body.access_token)).status).toBe(200);
  });

  test('oidcc-ensure-request-with-valid-pkce-succeeds: a login needs its verifier', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    expect((await partner.exchange(location, partner.begin())).body.error).toBe('invalid_grant');
    await logIn();
  });
});

describe('Config OP', () => {
  test('oidcc-discovery-endpoint-verification: the configuration says what this service can', async () => {
    const reply = await call(`${issuer}/.well-known/openid-configuration`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(reply.body).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: expect.arrayContaining(['public', 'pairwise']),
      grant_types_supported: expect.arrayContaining(['authorization_code']),
      id_token_signing_alg_values_supported: expect.arrayContaining(['RS256']),
      scopes_supported: expect.arrayContaining(['openid']),
      claims_supported: expect.arrayContaining(['sub', 'name', 'phone_number']),
      code_challenge_methods_supported: ['S256'],
    });
  });

  test('oidcc-discovery-endpoint-verification: the key set has public keys alone, each with an id', async () => {
    const { body } = await call<{ keys: Readonly<Record<string, unknown>>[] }>(`${issuer}/jwks`);
    expect(body.keys.length).toBeGreaterThan(0);
    for (const key of body.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    }
    expect(new Set(body.keys.map(({ kid }) => kid)).size).toBe(body.keys.length);
  });
});

describe('RP-Initiated Logout OP', () => {
  /** Where a logout with these parameters leads: the partner, `asks`, or an error page. */
  async function logOut(
    { begun: { browser } }: LoggedIn,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> {
    const url = `${issuer}/logout?${new URLSearchParams(parameters).toString()}`;
    const { page } = await partner.follow(browser, url);
    if (page.status !== 200) return `${page.status} ${page.text}`;
    const { location, url: at } = await partner.logOut(browser, url);
    expect(await arrive({ prompt: 'none' }, browser)).toBe('login_required');
    return location?.href ?? new URL(at).pathname;
  }
  const SUCCESS = '/oidc/logout/success';

  test('oidcc-rp-initiated-logout-discovery-endpoint-verification: the endpoint is in the configuration', async () => {
    expect((await discovery()).end_session_endpoint).toBe(`${issuer}/logout`);
  });

  test('oidcc-rp-initiated-logout: the person is logged out, and returns with the state', async () => {
    const login = await logIn();
    const to = { id_token_hint: login.tokens.id_token, post_logout_redirect_uri: BYE, state: 'abc' };
    expect(await logOut(login, to)).toBe(`${BYE}?state=abc`);
  });

  test('oidcc-rp-initiated-logout-no-state: the person returns without a state', async () => {
    const login = await logIn();
    const to = { id_token_hint: login.tokens.id_token, post_logout_redirect_uri: BYE };
    expect(await logOut(login, to)).toBe(BYE);
  });

  test.each([
    ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'https://evil.example.com/bye'],
    ['oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', `${BYE}?foo=bar`],
  ])('%s: an address that is not registered gets an error page', async (_module, address) => {
    const login = await logIn();
    const to = { id_token_hint: login.tokens.id_token, post_logout_redirect_uri: address, state: 'abc' };
    expect(await logOut(login, to)).toMatch(/^400 .*post_logout_redirect_uri/s);
    expect(await arrive({ prompt: 'none' }, login.begun.browser)).toBe('code');
  });

  test('oidcc-rp-initiated-logout-modified-id-token-hint: a hint without a signature gets an error page', async () => {
    const login = await logIn();
    const hint = unsigned(decodeJwt(login.tokens.id_token));
    const to = { id_token_hint: hint, post_logout_redirect_uri: BYE };
    expect(await logOut(login, to)).toMatch(/^400 .*id_token_hint/s);
  });

  test('oidcc-rp-initiated-logout-bad-id-token-hint: a hint of another key gets an error page', async () => {
    const login = await logIn();
    const { privateKey } = await generateKeyPair('RS256');
    const { kid = '' } = decodeProtectedHeader(login.tokens.id_token);
    const hint = await new SignJWT(decodeJwt(login.tokens.id_token))
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(privateKey);
    const to = { id_token_hint: hint, post_logout_redirect_uri: BYE };
    expect(await logOut(login, to)).toMatch(/^400 .*id_token_hint/s);
  });

  test('oidcc-rp-initiated-logout-no-id-token-hint: without a hint nobody returns to a partner', async () => {
    const login = await logIn();
    expect(await logOut(login, { post_logout_redirect_uri: BYE, state: 'abc' })).not.toContain('https:');
  });

  test('the client_id does in the place of a hint', async () => {
    const to = { client_id: partner.id, post_logout_redirect_uri: BYE };
    expect(await logOut(await logIn(), to)).toBe(BYE);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['oidcc-rp-initiated-logout-no-params', {}],
    ['oidcc-rp-initiated-logout-only-state', { state: 'abc' }],
  ])('%s: the person is asked, and sees that it is done', async (_module, to) => {
    expect(await logOut(await logIn(), to)).toBe(SUCCESS);
  });

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: the person is asked, and sees that it is done', async () => {
    const login = await logIn();
    expect(await logOut(login, { id_token_hint: login.tokens.id_token, state: 'abc' })).toBe(SUCCESS);
  });
});

/** A login an hour ago, by the clocks of the service and of the library. */
async function loggedInAnHourAgo(person: Person): Promise<LoggedIn> {
  world.clock.advance(-3600);
  try {
    return await logIn({ max_age: '10000' }, new Browser(), person);
  } finally {
    world.clock.advance(3600);
  }
}

function unsigned(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
