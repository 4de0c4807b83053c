import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { freePort } from '../harness/free-port.js';
import { RewritingProxy } from '../harness/rewriting-proxy.js';
import { WEBSITE, World } from '../harness/world.js';
import { context, login, sites, tab } from './browser-tab.js';

let world: World;
afterEach(() => world.stop());

/** Scans WeChat's code in its frame and allows. @returns who did */
async function scanAndAllow(page: Page): Promise<string> {
  const { id, nickname } = await world.person({ nickname: '小林' });
  const image = page.frameLocator('.scan:not([hidden]) iframe').locator('img.web_qrcode_img');
  await image.waitFor();
  const uuid = (await image.getAttribute('src'))?.split('/').at(-1);
  await world.control('scan', { uuid, person: id });
  await world.control('allow', { uuid });
  return nickname;
}

describe('the login page under another host name', () => {
  let publicUrl: string;
  beforeAll(() => sites.show('/welcome', '<h1>Welcome</h1>'));

  /** A service that listens at 127.0.0.1, and is called localhost. */
  async function start(): Promise<void> {
    const port = await freePort();
    publicUrl = `http://localhost:${port}`;
    world = await World.start({
      PORT: String(port),
      PUBLIC_URL: publicUrl,
      RETURN_URLS: sites.origin('shop'),
    });
  }

  test('leads to PUBLIC_URL’s, where a login with WeChat’s code completes', async () => {
    await start();
    const page = await tab();
    await page.goto(`${world.url}${login({ appId: WEBSITE })}`);
    expect(page.url()).toBe(`${publicUrl}/login?appId=${WEBSITE}`);
    const nickname = await scanAndAllow(page);
    await page.getByRole('heading', { name: nickname }).waitFor();
    expect(page.url()).toBe(`${publicUrl}/login`);
    expect((await context.cookies()).filter(({ domain }) => domain === '127.0.0.1')).toEqual([]);
  });

  test('keeps where the login returns to, which gets a code that this browser redeems', async () => {
    await start();
    const returnTo = `${sites.origin('shop')}/welcome?from=a+b&redirected=mine`;
    const page = await tab();
    await page.goto(`${world.url}${login({ returnTo, appId: WEBSITE })}`);
    expect(new URL(page.url()).origin).toBe(publicUrl);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ returnTo, appId: WEBSITE });
    await scanAndAllow(page);
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    const { loginCode, ...kept } = Object.fromEntries(new URL(page.url()).searchParams);
    expect(kept).toEqual({ from: 'a b', redirected: 'mine' });
    const reply = await context.request.post(`${publicUrl}/v1/web-qr-login/token`, { data: { loginCode } });
    expect(reply.status()).toBe(200);
  });
});

describe('the login page behind a proxy that sends another Host', () => {
  let proxy: RewritingProxy;
  afterAll(() => proxy.stop());

  test('logs in, and its address is as it was opened, also when it is loaded again', async () => {
    const [port, upstream] = [await freePort(), await freePort()];
    proxy = await RewritingProxy.start(port, upstream, '/auth');
    world = await World.start({ PORT: String(upstream), PUBLIC_URL: proxy.url });
    const page = await tab();
    await page.goto(`${proxy.url}/`);
    expect(page.url()).toBe(`${proxy.url}/login`);
    await page.goto(`${proxy.url}${login({ appId: WEBSITE })}`);
    await page.reload();
    expect(page.url()).toBe(`${proxy.url}/login?appId=${WEBSITE}`);
    const nickname = await scanAndAllow(page);
    await page.getByRole('heading', { name: nickname }).waitFor();
    expect(page.url()).toBe(`${proxy.url}/login`);
  });
});
