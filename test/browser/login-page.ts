import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type Person, SHOP, WEBSITE, World } from '../harness/world.js';
import { context, login, sites } from './browser-tab.js';

export const CODE = '/wxa/getwxacodeunlimit';
/** The service and WeChat of the test file that imports this, and somebody new for each of its tests. */
export let world: World;
export let person: Person;
beforeAll(async () => {
  world = await World.start({ RETURN_URLS: [SHOP, sites.origin('shop'), sites.origin('forum')].join(',') });
});
beforeEach(async () => {
  await become({ nickname: '小林' });
  sites.show('/welcome', '<h1>Welcome</h1>');
});
afterAll(() => world.stop());

/** Where the logins of the tests return to. */
export const returnTo = () => `${sites.origin('shop')}/welcome`;
export const open = (page: Page, path = '/login') => page.goto(world.url + path);

/** Somebody else has the phone. */
export async function become(traits: Readonly<Record<string, unknown>>): Promise<void> {
  person = await world.person(traits);
}

/** What a person does with the code of a mini program that was shown last. */
export async function miniProgram(step: 'scan' | 'confirm' | 'deny'): Promise<void> {
  const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes?limit=1');
  await world.control(`wxacodes/${codes[0]?.id ?? ''}/${step}`, { person: person.id });
}

/** WeChat's own code, in its frame: its uuid. */
export async function codeInFrame(page: Page): Promise<string> {
  const image = page.frameLocator('.scan:not([hidden]) iframe').locator('img.web_qrcode_img');
  await image.waitFor();
  return (await image.getAttribute('src'))?.split('/').at(-1) ?? '';
}

/** The phone that a page is on is this person's: at WeChat the app's business, in the sandbox a cookie's and a note's. */
export async function hold(page: Page): Promise<void> {
  const url = `${world.sandbox.url}/`;
  await context.addCookies([{ name: 'sandbox_person', value: person.id, url }]);
  await page.addInitScript(
    `if (location.href.startsWith('${url}')) localStorage.setItem('sandbox.person', '${person.id}')`,
  );
}

/** Logs the person in for a website, by WeChat's frame in the page, and lets the website redeem the loginCode. */
export async function logInOnPage(page: Page): Promise<void> {
  await open(page, login({ appId: WEBSITE, returnTo: returnTo() }));
  const uuid = await codeInFrame(page);
  await world.control('scan', { uuid, person: person.id });
  await world.control('allow', { uuid });
  await page.waitForURL(`${returnTo()}?*`);
  await redeemIn(page);
}

/** The website that the page shows redeems its loginCode. @returns the refresh token */
export async function redeemIn(page: Page): Promise<string> {
  const loginCode = new URL(page.url()).searchParams.get('loginCode');
  const reply = await context.request.post(`${world.url}/v1/web-qr-login/token`, { data: { loginCode } });
  if (reply.status() !== 200) throw new Error(await reply.text());
  return ((await reply.json()) as { refreshToken: string }).refreshToken;
}
