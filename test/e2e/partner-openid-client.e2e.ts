import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';
import { Browser } from '../harness/browser.js';
import { listening } from '../harness/listening.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { type Person, World } from '../harness/world.js';

const BYE = 'https://partner.example.com/bye';
const SETTINGS = {
  scopes: ['openid', 'profile', 'phone', 'offline_access'],
  postLogoutRedirectUris: [BYE],
};

/** Openid-client 6, as its documentation uses it. */
describe('openid-client', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  /** Configures the library by discovery. */
  async function configure(
    { id }: PartnerApp,
    authentication: client.ClientAuth,
  ): Promise<client.Configuration> {
    const issuer = new URL(`${world.url}/oidc`);
    return client.discovery(issuer, id, undefined, authentication, {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is the library's switch for plain http
      execute: [client.allowInsecureRequests],
    });
  }

  interface LogIn {
    readonly person?: Person;
    readonly browser?: Browser;
    readonly scope?: string;
    readonly isPushed?: boolean;
  }

  /** A login by PKCE, `state` and `nonce`, each checked by the library. */
  async function logIn(
    partner: PartnerApp,
    config: client.Configuration,
    { person, browser = new Browser(), scope = 'openid profile email', isPushed = false }: LogIn = {},
  ) {
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const parameters = {
      redirect_uri: PARTNER_CALLBACK,
      scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(scope.includes('offline_access') && { prompt: 'consent' }),
    };
    const url = isPushed
      ? await client.buildAuthorizationUrlWithPAR(config, parameters)
      : client.buildAuthorizationUrl(config, parameters);
    const begun = { browser, url, verifier, state, nonce };
    const location = await partner.authorize(person ?? (await world.person()), begun);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    return client.authorizationCodeGrant(config, location, { ...checks, idTokenExpected: true });
  }

  /** What a login, userinfo and introspection give. */
  async function expectLogin(
    partner: PartnerApp,
    config: client.Configuration,
    options: LogIn = {},
  ): Promise<void> {
    const person = await world.person({ nickname: '小红', avatarUrl: '' });
    const tokens = await logIn(partner, config, { person, ...options });
    const { sub = '' } = tokens.claims() ?? {};
    const claims = await client.fetchUserInfo(config, tokens.access_token, sub);
    expect(claims).toEqual({ sub, name: '小红', nickname: '小红' });
  }

  test('logs in with client_secret_basic, and asks for e-mail in vain', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'client_secret_basic' });
    await expectLogin(partner, await configure(partner, client.ClientSecretBasic(partner.secret)));
  });

  test('logs in with client_secret_post', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'client_secret_post' });
    await expectLogin(partner, await configure(partner, client.ClientSecretPost(partner.secret)));
  });

  test('logs in without a secret, as a public client', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'none' });
    await expectLogin(partner, await configure(partner, client.None()));
  });

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519'])(
    'logs in with private_key_jwt by %s',
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const kid = 'of-the-partner';
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] };
      const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'private_key_jwt', jwks });
      const config = await configure(partner, client.PrivateKeyJwt({ key: privateKey, kid }));
      await expectLogin(partner, config, { isPushed: true });
    },
  );

  test('is refused with private_key_jwt whose key set is at an inner address, which nobody calls', async () => {
    let calls = 0;
    const inner = await listening(createServer((_request, response) => response.end(String(calls++))));
    const { privateKey } = await generateKeyPair('ES256');
    const partner = await PartnerApp.register(world, {
      ...SETTINGS,
      authMethod: 'private_key_jwt',
      jwksUri: `https://127.0.0.1:${inner.port}/jwks`,
    });
    const config = await configure(partner, client.PrivateKeyJwt(privateKey));
    await expect(logIn(partner, config)).rejects.toMatchObject({ error: 'invalid_client' });
    await inner.close();
    expect(calls).toBe(0);
  });

  test('pushes its request', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'client_secret_basic' });
    const config = await configure(partner, client.ClientSecretBasic(partner.secret));
    await expectLogin(partner, config, { isPushed: true });
  });

  test('refreshes, introspects and revokes its tokens', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'client_secret_basic' });
    const config = await configure(partner, client.ClientSecretBasic(partner.secret));
    const first = await logIn(partner, config, { scope: 'openid offline_access' });
    const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
    expect(second.claims()?.sub).toBe(first.claims()?.sub);
    const introspected = await client.tokenIntrospection(config, second.access_token);
    expect(introspected).toMatchObject({ active: true, client_id: partner.id, sub: first.claims()?.sub });
    await client.tokenRevocation(config, second.refresh_token ?? '');
    const refused = client.refreshTokenGrant(config, second.refresh_token ?? '');
    await expect(refused).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await client.tokenIntrospection(config, second.access_token)).toEqual({ active: false });
  });

  test('logs a person out, who returns with the state', async () => {
    const partner = await PartnerApp.register(world, { ...SETTINGS, authMethod: 'client_secret_basic' });
    const config = await configure(partner, client.ClientSecretBasic(partner.secret));
    const browser = new Browser();
    const { id_token: idToken = '' } = await logIn(partner, config, { browser });
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: BYE,
      state: 'of-the-logout',
    });
    const { location } = await partner.logOut(browser, url.href);
    expect(location?.href).toBe(`${BYE}?state=of-the-logout`);
  });
});
