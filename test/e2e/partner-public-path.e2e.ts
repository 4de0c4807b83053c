import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Browser, locationOf } from '../harness/browser.js';
import { freePort } from '../harness/free-port.js';
import { call, type Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { RewritingProxy } from '../harness/rewriting-proxy.js';
import { World } from '../harness/world.js';

const HTML = { accept: 'text/html' };

describe('a login for a partner app where PUBLIC_URL has a path, which a proxy removes', () => {
  let world: World;
  let proxy: RewritingProxy;
  let partner: PartnerApp;
  beforeAll(async () => {
    const [port, upstream] = [await freePort(), await freePort()];
    proxy = await RewritingProxy.start(port, upstream, '/auth');
    world = await World.start({ ...API_KEYS, PORT: String(upstream), PUBLIC_URL: proxy.url });
    partner = await PartnerApp.register(world, {
      postLogoutRedirectUris: ['https://partner.example.com/bye'],
    });
  });
  afterAll(async () => {
    await proxy.stop();
    await world.stop();
  });

  /** Visits an address of the service; every address must be below PUBLIC_URL. */
  async function visit(browser: Browser, { href }: URL, form?: Record<string, string>): Promise<Reply> {
    expect(href.startsWith(`${proxy.url}/`)).toBe(true);
    return browser.visit(href, {
      headers: { ...HTML, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
  }
  const next = async (browser: Browser, url: URL): Promise<URL> =>
    locationOf(await visit(browser, url), url.href);
  const field = ({ text }: Reply, name: string): string =>
    new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? '';

  test('goes by its addresses from discovery to logout', async () => {
    const issuer = `${proxy.url}/oidc`;
    const { body: found } = await call(`${issuer}/.well-known/openid-configuration`);
    expect(found).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      end_session_endpoint: `${issuer}/logout`,
    });

    const browser = new Browser();
    const begun = partner.begin({}, browser, proxy.url);
    const interaction = await next(browser, begun.url);
    const login = await next(browser, interaction);
    expect(login.pathname).toBe('/auth/login');
    const asked = new URLSearchParams({ returnTo: login.searchParams.get('returnTo') ?? '' });
    const qrPage = await next(browser, new URL(`${proxy.url}/v1/web-qr-login/authorize?${asked.toString()}`));
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const loggedIn = await next(browser, callback);
    const resumed = await next(browser, loggedIn);
    const consentUrl = await next(browser, resumed);
    const page = await visit(browser, consentUrl);
    expect(/<form method="post" action="([^"]+)"/.exec(page.text)?.[1]).toBe(consentUrl.href);
    const decided = await visit(browser, consentUrl, { token: field(page, 'token'), decision: 'allow' });
    const location = await next(browser, locationOf(decided));
    expect(location.href.split('?')[0]).toBe(PARTNER_CALLBACK);
    expect(location.searchParams.get('iss')).toBe(issuer);

    const { status, body: tokens } = await partner.exchange(location, begun, proxy.url);
    expect(status).toBe(200);
    const { payload } = await jwtVerify(tokens.id_token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), {
      issuer,
      audience: partner.id,
      currentDate: new Date(world.clock.now()),
    });
    expect((await partner.userinfo(tokens.access_token, proxy.url)).body.sub).toBe(payload.sub);

    const bye = {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: 'https://partner.example.com/bye',
    };
    const ask = await visit(browser, new URL(`${issuer}/logout?${new URLSearchParams(bye).toString()}`));
    const action = /<form method="post" action="([^"]+)"/.exec(ask.text)?.[1] ?? '';
    const left = await visit(browser, new URL(action), { xsrf: field(ask, 'xsrf'), logout: 'yes' });
    expect(locationOf(left).href).toBe('https://partner.example.com/bye');
    expect((await next(browser, new URL(`${proxy.url}/account`))).pathname).toBe('/auth/login');
  });
});
