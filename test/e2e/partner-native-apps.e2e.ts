import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

const SITE = 'https://app.example.com/callback';
const SCHEME = 'com.example.app:/callback';

describe('a partner app on the device of the person (RFC 8252)', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  const register = (redirectUris: readonly string[], extra: object = {}) =>
    PartnerApp.register(world, { authMethod: 'none', redirectUris, ...extra });
  /** Whether the provider accepts the address: a refused one gets a page in place of the login. */
  async function accepts(partner: PartnerApp, redirectUri: string): Promise<boolean> {
    const { browser, url } = partner.begin({ redirect_uri: redirectUri });
    return new URL((await partner.follow(browser, url.href)).url).pathname === '/login';
  }

  test.each([
    ['a scheme of its own', [SCHEME], {}],
    ['a scheme of its own, with two slashes', ['com.example.app://callback'], {}],
    ['https and a scheme of its own', [SITE, SCHEME], {}],
    ['https and the computer', [SITE, 'http://127.0.0.1:8080/callback'], {}],
    [
      'https, and a scheme of its own after a logout',
      [SITE],
      { postLogoutRedirectUris: ['com.example.app:/bye'] },
    ],
  ])('logs in by every address that it registered: %s', async (_case, redirectUris, extra) => {
    const partner = await register(redirectUris, extra);
    for (const redirectUri of redirectUris) {
      const begun = partner.begin({ redirect_uri: redirectUri });
      const location = await partner.authorize(await world.person({}), begun);
      expect(location.href.split('?')[0]).toBe(redirectUri);
      const tokens = await partner.token({
        grant_type: 'authorization_code',
        code: location.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: begun.verifier,
      });
      expect(tokens.status).toBe(200);
    }
  });

  test('may listen on any port of the computer, and at no other path or host', async () => {
    const partner = await register(['http://127.0.0.1/callback', 'http://[::1]:8080/callback']);
    expect(await accepts(partner, 'http://127.0.0.1:53111/callback')).toBe(true);
    expect(await accepts(partner, 'http://[::1]:53111/callback')).toBe(true);
    expect(await accepts(partner, 'http://127.0.0.1:53111/other')).toBe(false);
    expect(await accepts(partner, 'http://localhost:53111/callback')).toBe(false);
    expect(await accepts(partner, 'https://127.0.0.1:53111/callback')).toBe(false);
    expect(await accepts(await register([SITE]), 'https://app.example.com:8443/callback')).toBe(false);
  });

  test('is asked about each time where the login leads to the device, and once where it leads to its website', async () => {
    const partner = await register([SITE, SCHEME, 'http://127.0.0.1/callback']);
    const first = partner.begin({ redirect_uri: SITE });
    const { browser } = first;
    await partner.authorize(await world.person({}), first);

    const again = partner.begin({ redirect_uri: SITE }, browser);
    expect((await partner.follow(browser, again.url.href)).location?.searchParams.get('code')).toBeTruthy();
    for (const redirect_uri of [SCHEME, 'http://127.0.0.1:53111/callback']) {
      const onDevice = await partner.follow(browser, partner.begin({ redirect_uri }, browser).url.href);
      expect(new URL(onDevice.url).pathname).toMatch(/^\/oidc\/interaction\//);
      const silent = partner.begin({ redirect_uri, prompt: 'none' }, browser);
      const { location } = await partner.follow(browser, silent.url.href);
      expect(location?.searchParams.get('error')).toBe('interaction_required');
      expect((await partner.decide(browser, onDevice)).location?.searchParams.get('code')).toBeTruthy();
    }
  });

  test('is asked about each time also where it is of the operator', async () => {
    const partner = await register([SITE, SCHEME], { firstParty: true });
    const first = partner.begin({ redirect_uri: SITE });
    const { browser } = first;
    await partner.authorize(await world.person({}), first);
    const onSite = await partner.follow(browser, partner.begin({ redirect_uri: SITE }, browser).url.href);
    expect(onSite.location?.searchParams.get('code')).toBeTruthy();
    const onDevice = await partner.follow(browser, partner.begin({ redirect_uri: SCHEME }, browser).url.href);
    expect(new URL(onDevice.url).pathname).toMatch(/^\/oidc\/interaction\//);
  });

  test('is asked about once where a secret proves who exchanges the code', async () => {
    const redirect_uri = 'http://127.0.0.1:8080/callback';
    const partner = await register([redirect_uri], { authMethod: 'client_secret_basic' });
    const first = partner.begin({ redirect_uri });
    await partner.authorize(await world.person({}), first);
    const again = partner.begin({ redirect_uri, prompt: 'none' }, first.browser);
    const { location } = await partner.follow(first.browser, again.url.href);
    expect(location?.searchParams.get('code')).toBeTruthy();
  });

  test('has no https to the computer beside another address on the device', async () => {
    await expect(register(['https://localhost/callback', SCHEME])).rejects.toThrow('must be http, beside');
    expect(await accepts(await register(['https://localhost/callback']), 'https://localhost/callback')).toBe(
      true,
    );
  });
});
