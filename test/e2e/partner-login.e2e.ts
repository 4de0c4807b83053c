import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { call } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

describe('a login for a partner app', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world);
  });
  afterAll(() => world.stop());

  test('goes by the hosted login page and the consent page to a code, and the code to tokens', async () => {
    const person = await world.person({ nickname: '小明 🌱', avatarUrl: '' });
    const begun = partner.begin();
    const atLogin = await partner.follow(begun.browser, begun.url.href);
    expect(new URL(atLogin.url).pathname).toBe('/login');
    const atConsent = await partner.logIn(begun.browser, atLogin, person);
    expect(atConsent.page.status).toBe(200);
    expect(atConsent.page.text).toContain('小店');
    expect(atConsent.page.text).toContain('小明 🌱');
    const { location } = await partner.decide(begun.browser, atConsent);
    expect(location?.href.split('?')[0]).toBe(PARTNER_CALLBACK);
    expect(Object.fromEntries(location?.searchParams ?? [])).toEqual({
      code: expect.any(String),
      state: begun.state,
      iss: `${world.url}/oidc`,
    });
    const tokens = await partner.exchange(location ?? new URL(PARTNER_CALLBACK), begun);
    expect(tokens.status).toBe(200);
    const keys = createRemoteJWKSet(new URL(`${world.url}/oidc/jwks`));
    const { payload, protectedHeader } = await jwtVerify(tokens.body.id_token, keys, {
      issuer: `${world.url}/oidc`,
      audience: partner.id,
      currentDate: new Date(world.clock.now()),
    });
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload.nonce).toBe(begun.nonce);
    const userinfo = await partner.userinfo(tokens.body.access_token);
    expect(userinfo.body).toEqual({ sub: payload.sub, name: '小明 🌱', nickname: '小明 🌱' });
    expect(payload.sub).not.toContain('-');
  });

  test('asks whoever is known in the browser neither to scan nor to consent again', async () => {
    const person = await world.person();
    const first = partner.begin();
    await partner.authorize(person, first);
    const second = partner.begin({}, first.browser);
    const { location } = await partner.follow(second.browser, second.url.href);
    expect(location?.searchParams.get('code')).toBeTruthy();
  });

  test('ends in access_denied where the person does not consent', async () => {
    const begun = partner.begin();
    const atLogin = await partner.follow(begun.browser, begun.url.href);
    const atConsent = await partner.logIn(begun.browser, atLogin, await world.person());
    const { location } = await partner.decide(begun.browser, atConsent, 'deny');
    expect(location?.searchParams.get('error')).toBe('access_denied');
    expect(location?.searchParams.get('state')).toBe(begun.state);
  });

  test('configures clients by its metadata', async () => {
    const { body } = await call(`${world.url}/oidc/.well-known/openid-configuration`);
    expect(body).toMatchObject({
      issuer: `${world.url}/oidc`,
      authorization_endpoint: `${world.url}/oidc/auth`,
      token_endpoint: `${world.url}/oidc/token`,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });
});
