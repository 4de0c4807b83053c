import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { freePort } from '../harness/free-port.js';
import { call } from '../harness/http.js';
import { RewritingProxy } from '../harness/rewriting-proxy.js';
import { OFFICIAL_ACCOUNT, WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { SHOP, World } from '../harness/world.js';
import { WebViewBrowser } from '../../sandbox/test/web-view-browser.js';

const WELCOME = `${SHOP}/welcome`;
const inWeChat = { 'user-agent': WECHAT_USER_AGENT };

/** Follows redirects as a browser does. @returns every URL, and the status of the last */
async function follow(url: string, headers: Readonly<Record<string, string>> = {}) {
  const addresses = [url];
  for (;;) {
    const reply = await call(addresses.at(-1) ?? '', { headers });
    if (reply.status !== 302) return { addresses, status: reply.status };
    addresses.push(locationOf(reply, addresses.at(-1)).href);
    if (addresses.length > 10) throw new Error(`a circle: ${addresses.join(' ')}`);
  }
}

/** Opens a page with headers of which fetch() sets some itself. @returns status and Location */
async function open(url: string, headers: Readonly<Record<string, string>>) {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
  reply.resume();
  return { status: reply.statusCode, location: reply.headers.location };
}

describe('the login page of a service that is reached by two names', () => {
  let world: World;
  let publicUrl: string;
  beforeAll(async () => {
    const port = await freePort();
    publicUrl = `http://localhost:${port}`;
    world = await World.start({ PORT: String(port), PUBLIC_URL: publicUrl });
  });
  afterAll(() => world.stop());

  test.each([
    ['nothing', '', '?redirected=1'],
    ['an empty query', '?', '?redirected=1'],
    ['a returnTo', `?returnTo=${encodeURIComponent(WELCOME)}`, null],
    ['a query of other encodings', '?returnTo=https://shop.example.com/welcome&x=%7e~&y=a+b&&z', null],
    ['an error to show', '?error=LOGIN_DENIED&request_id=1', null],
    ['addresses of others', '?next=//evil.example.com&@evil.example.com/', null],
  ])('leads from the other name to PUBLIC_URL, with %s', async (_what, query, expected) => {
    const reply = await call(`${world.url}/login${query}`);
    expect([reply.status, reply.headers.get('location')]).toEqual([
      302,
      `${publicUrl}/login${expected ?? `${query}&redirected=1`}`,
    ]);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.getSetCookie()).toEqual([]);
    const followed = await follow(`${world.url}/login${query}`);
    expect([followed.status, followed.addresses.length]).toEqual([200, 2]);
  });

  test('leads nowhere but there, whatever Host and X-Forwarded-Host say', async () => {
    const forged = ['evil.example.com', 'localhost.evil.example.com', 'evil.example.com, other.example.com'];
    for (const host of forged) {
      const reply = await call(`${world.url}/login`, { headers: { 'x-forwarded-host': host } });
      expect(reply.headers.get('location')).toBe(`${publicUrl}/login?redirected=1`);
    }
  });

  test('is shown at once under PUBLIC_URL’s name, and under none that can be read', async () => {
    expect((await call(`${publicUrl}/login`)).status).toBe(200);
    for (const host of ['LOCALHOST', 'localhost:8080', '%', '[::']) {
      expect({ host, ...(await open(`${world.url}/login`, { host })) }).toMatchObject({ host, status: 200 });
    }
  });

  test('is shown, and leads nowhere again, where it was redirected already', async () => {
    for (const query of ['redirected=1', 'redirected', `returnTo=${encodeURIComponent(WELCOME)}&redirected=`])
      expect((await call(`${world.url}/login?${query}`)).status).toBe(200);
  });

  test('inside WeChat it leads there before the login begins, which then completes', async () => {
    const phone = new WeChatBrowser(world, await world.person());
    const first = await phone.visit(`${world.url}/login?returnTo=${encodeURIComponent(WELCOME)}`);
    expect(first.headers.getSetCookie()).toEqual([]);
    const begun = await phone.visit(locationOf(first).href);
    const landed = await phone.consent(await phone.land(locationOf(begun)));
    expect(landed.origin + landed.pathname).toBe(WELCOME);
    const reply = await world.redeem(phone, landed.searchParams.get('loginCode'), {}, publicUrl);
    expect(reply.status).toBe(200);
  });

  test('is where a login ends that began there, by the cookie of PUBLIC_URL', async () => {
    const browser = new Browser();
    const { addresses } = await follow(`${world.url}/login`);
    const page = await browser.visit(addresses.at(-1) ?? '');
    const path = /href="(v1\/web-qr-login\/authorize\?[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    const qrPage = locationOf(await browser.visit(new URL(path ?? '', addresses.at(-1)).href));
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const landed = locationOf(await browser.visit(callback.href));
    expect(landed.origin + landed.pathname).toBe(`${publicUrl}/login`);
    const code = landed.searchParams.get('loginCode');
    expect((await world.redeem(browser, code, {}, publicUrl)).status).toBe(200);
  });

  test('stays inside the sandbox’s phone, which shows the service under another host name', async () => {
    const { id } = await world.person();
    const phone = new WebViewBrowser(world.sandbox.url, `${id}.wechat.localhost`);
    const first = await phone.visit('/login');
    expect(first.headers.location).toBe(`${phone.origin}/login?redirected=1`);
    const second = await phone.visit('/login?redirected=1');
    expect(second.headers.location).toContain(`${phone.origin}/connect/oauth2/authorize?`);
  });

  test('is what the button of an error page leads to', async () => {
    const { text } = await call(`${world.url}/v1/web-qr-login/callback?code=x&state=unknown`);
    expect(text).toContain(`href="${publicUrl}/login"`);
  });
});

describe('the login page behind a proxy that sends another Host and takes a path away', () => {
  let world: World;
  let proxy: RewritingProxy;
  beforeAll(async () => {
    const [port, upstream] = [await freePort(), await freePort()];
    proxy = await RewritingProxy.start(port, upstream, '/auth');
    world = await World.start({ PORT: String(upstream), PUBLIC_URL: proxy.url });
  });
  afterAll(async () => {
    await proxy.stop();
    await world.stop();
  });

  test('is shown after one redirect, with its query', async () => {
    const query = `?returnTo=${encodeURIComponent(WELCOME)}&appId=${OFFICIAL_ACCOUNT}`;
    expect(await follow(`${proxy.url}/login${query}`)).toEqual({
      status: 200,
      addresses: [`${proxy.url}/login${query}`, `${proxy.url}/login${query}&redirected=1`],
    });
  });

  test('is what the address without a page leads to', async () => {
    const { status, addresses } = await follow(`${proxy.url}/`);
    expect([status, addresses]).toEqual([
      200,
      [`${proxy.url}/`, `${proxy.url}/login`, `${proxy.url}/login?redirected=1`],
    ]);
  });

  test('logs in inside WeChat', async () => {
    const person = await world.person();
    const phone = new WeChatBrowser(world, person);
    const { addresses } = await follow(`${proxy.url}/login`);
    const first = await phone.land(locationOf(await phone.visit(addresses.at(-1) ?? '')));
    const asked = locationOf(await phone.visit(first.href), first.href);
    expect(asked.searchParams.has('consent')).toBe(true);
    const landed = await phone.consent(asked);
    expect(landed.origin + landed.pathname).toBe(`${proxy.url}/login`);
    const code = landed.searchParams.get('loginCode');
    expect((await world.redeem(phone, code, {}, proxy.url)).status).toBe(200);
  });
});

describe('the login page behind a proxy that ends TLS', () => {
  const PUBLIC_URL = 'https://auth.example.com/wechat';
  let world: World;
  beforeAll(async () => {
    world = await World.start({ PUBLIC_URL });
  });
  afterAll(() => world.stop());

  test.each([
    ['Host', { host: 'auth.example.com' }],
    ['Host with the port of https', { host: 'auth.example.com:443' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'auth.example.com' }],
    [
      'X-Forwarded-Host of several proxies',
      { 'x-forwarded-host': 'auth.example.com, inner.example.com:8080' },
    ],
  ])('is shown at once where the proxy says its name in %s', async (_what, headers) => {
    expect((await open(`${world.url}/login`, headers)).status).toBe(200);
    const { location = '' } = await open(`${world.url}/login`, { ...headers, ...inWeChat });
    expect(new URL(location).origin).toBe(world.sandbox.url);
  });

  test('is led to by https, once, where the proxy says another name', async () => {
    const reply = await call(`${world.url}/login?appId=${OFFICIAL_ACCOUNT}`);
    const expected = `${PUBLIC_URL}/login?appId=${OFFICIAL_ACCOUNT}&redirected=1`;
    expect(reply.headers.get('location')).toBe(expected);
    expect((await call(`${world.url}/login${new URL(expected).search}`)).status).toBe(200);
  });
});
