import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { INSTANCES } from '../harness/backend.js';
import { locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

/** All instances have one public address; a URL of it is asked of this one. */
const PUBLIC_URL = 'http://auth.localhost:3000';

describe(`logins for partner apps on ${INSTANCES} instance(s)`, () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, PUBLIC_URL }, INSTANCES);
    partner = await PartnerApp.register(world, { scopes: ['openid', 'offline_access'] });
  });
  afterAll(() => world.stop());

  test('each keep on with what another one began: consent here, the code there, tokens here', async () => {
    const first = world.url;
    const last = world.service(INSTANCES - 1).url;
    const at = (url: URL, instance: string) => `${instance}${url.pathname}${url.search}`;
    const begun = partner.begin({ scope: 'openid' }, undefined, first);
    const { browser } = begun;
    const options = { headers: { accept: 'text/html', host: 'auth.localhost:3000' } };
    const interaction = locationOf(await browser.visit(begun.url.href, options));
    const login = locationOf(await browser.visit(at(interaction, last), options));
    const returnTo = login.searchParams.get('returnTo') ?? '';
    expect(returnTo.startsWith(`${PUBLIC_URL}/oidc/interaction/`)).toBe(true);
    const qrPage = await world.authorize(browser, { returnTo });
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const back = locationOf(await browser.visit(at(callback, last), options));
    const resumed = locationOf(await browser.visit(at(back, first), options));
    const consentUrl = locationOf(await browser.visit(at(resumed, last), options));
    const consent = await browser.visit(at(consentUrl, first), options);
    const token = /name="token" value="([^"]+)"/.exec(consent.text)?.[1] ?? '';
    const decided = await browser.visit(at(consentUrl, last), {
      body: new URLSearchParams({ token, decision: 'allow' }).toString(),
      headers: { ...options.headers, 'content-type': 'application/x-www-form-urlencoded' },
    });
    const location = locationOf(await browser.visit(at(locationOf(decided), first), options));
    const replies = await Promise.all(
      [first, last, first, last].map((url) => partner.exchange(location, begun, url)),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('the keys of ID tokens', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world);
  });
  afterAll(() => world.stop());

  const keySet = async (): Promise<JSONWebKeySet> =>
    (await call<JSONWebKeySet>(`${world.url}/oidc/jwks`)).body;

  test('keep what verifies with a key set that was fetched an hour before a rotation', async () => {
    const cached = createLocalJWKSet(await keySet());
    await callWithKey(`${world.url}/v1/admin/signing-keys/rotate`, ADMIN_KEY, {
      json: { purpose: 'partner' },
    });
    await world.pass(3600);
    const { id_token: token } = await partner.logInFor(await world.person(), { scope: 'openid' });
    const options = { audience: partner.id, currentDate: new Date(world.clock.now()) };
    await expect(jwtVerify(token, cached, { ...options, clockTolerance: 7200 })).resolves.toBeDefined();
    expect((await keySet()).keys).toHaveLength(2);
  });
});
