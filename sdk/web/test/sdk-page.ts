import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { build } from 'esbuild';
import { context, sites, tab } from '../../../test/browser/browser-tab.js';
import type { BrowserContextOptions, Page } from '../../../test/browser/chromium.js';
import { type Person, World } from '../../../test/harness/world.js';

const SOURCE = new URL('../src/index.ts', import.meta.url);
const MINIFY = new URL('../../minify.mjs', import.meta.url).href;
type Minify = (code: string, options: { isModule: boolean; target: string }) => Promise<string>;

/** The service and WeChat of the test file that imports this, and somebody new for each of its tests. */
export let world: World;
export let person: Person;
/** Another site than the service (`*.localhost`), and the same site (its host, another port). */
export let otherSite: string;
export let sameSite: string;
/** The single file, as it is built. */
export let singleFile: string;
beforeAll(async () => {
  singleFile = await buildSingleFile();
  otherSite = sites.origin('shop');
  sameSite = otherSite.replace('shop.localhost', '127.0.0.1');
  world = await World.start({ RETURN_URLS: `${otherSite},${sameSite}` });
});
beforeEach(async () => {
  person = await world.person();
  showShop();
});
afterAll(() => world.stop());

async function buildSingleFile(): Promise<string> {
  const { minify } = (await import(MINIFY)) as { minify: Minify };
  return minify(await bundle(SOURCE), { isModule: true, target: 'es2020' });
}

/** Bundles an entry point, and the package with it where that is imported. */
export async function bundle(entryPoint: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint.pathname],
    bundle: true,
    write: false,
    target: 'es2020',
    format: 'esm',
    alias: { '@wechat-auth/web': SOURCE.pathname },
    define: {
      // React in development has its strict mode.
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    jsx: 'automatic',
  });
  return outputFiles[0]?.text ?? '';
}

/**
 * Sets the page of the shop.
 * @param options of `createAuth`, in JavaScript
 * @param before script that runs before the package is loaded
 */
export function showShop(options = '', before = ''): void {
  const exported = /export\{(\w+) as AuthError,(\w+) as createAuth\}/;
  const sdk = singleFile.replace(exported, 'window.WeChatAuth={AuthError:$1,createAuth:$2}');
  sites.show(
    '/',
    `<html lang="en"><title>Shop</title><main><h1>Shop</h1><div id="place"></div></main>
<script>${before}</script><script type="module">${sdk}</script>
<script type="module">
  window.auth = WeChatAuth.createAuth({ baseUrl: '${world.url}', ${options} });
  window.changes = [];
  auth.onChange(({ status, user, error }) => changes.push([status, user?.id, error?.code]));
  /** The result of a promise, or the code of its error. */
  window.outcome = (promise) => promise.then((value) => ({ value }), ({ name, code, requestId, advice }) => ({ name, code, requestId, advice }));
</script>`,
  );
}

/** A tab of a new browser with the shop in it. */
export async function openShop(options: BrowserContextOptions = {}, site = otherSite): Promise<Page> {
  const page = await tab(options);
  await page.goto(site);
  return page;
}

/** Another tab of the same browser. */
export async function anotherTab(site = otherSite): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site);
  return page;
}

/** Counts requests of the browser to a path of the service, whatever tab they come from. */
export function countCalls(path: string): () => number {
  let calls = 0;
  context.on('request', (request) => {
    if (request.method() !== 'OPTIONS' && request.url() === world.url + path) calls++;
  });
  return () => calls;
}

/** What a person does with the code of a mini program that was shown last. */
export async function inMiniProgram(...steps: ('scan' | 'confirm' | 'deny')[]): Promise<void> {
  const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes?limit=1');
  for (const step of steps) {
    await world.control(`wxacodes/${codes[0]?.id ?? ''}/${step}`, { person: person.id });
  }
}

/** The uuid of WeChat's own QR code. @param frame where it is, else the page itself */
export async function uuidOn(page: Page, frame?: string): Promise<string> {
  const image = (frame === undefined ? page : page.frameLocator(frame)).locator('img.web_qrcode_img');
  await image.waitFor();
  return (await image.getAttribute('src'))?.split('/').at(-1) ?? '';
}

/** Scans WeChat's own QR code and allows. */
export async function scanAndAllow(page: Page, frame?: string): Promise<void> {
  const uuid = await uuidOn(page, frame);
  await world.control('scan', { uuid, person: person.id });
  await world.control('allow', { uuid });
}

/** Logs in by WeChat's own page, up to the shop with the result in its address. */
export async function returnFromWeChat(page: Page): Promise<void> {
  await page.evaluate("auth.loginWithRedirect({ page: 'wechat' })");
  await scanAndAllow(page);
  await page.waitForURL(/loginCode=/);
}

/** The same, and ends it there. */
export async function logIn(page: Page): Promise<{ user: { id: string; nickname: string } }> {
  await returnFromWeChat(page);
  return page.evaluate('auth.handleCallback()');
}

/** Waits until something in a page is true. */
export async function becomes(page: Page, condition: string): Promise<void> {
  await page.waitForFunction(condition);
}

/** Expects that the shop has this person logged in, by the service's word. */
export async function expectLoggedIn(page: Page, nickname = person.nickname): Promise<void> {
  expect(await page.evaluate('outcome(auth.getUser())')).toMatchObject({ value: { nickname } });
}
