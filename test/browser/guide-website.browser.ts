import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type Person, World } from '../harness/world.js';
import { sites, stands, tab } from './browser-tab.js';

let world: World;
let person: Person;
/** Another site than the service (`*.localhost`), and the same site (its host, another port). */
let otherSite: string;
let sameSite: string;
beforeAll(async () => {
  otherSite = sites.origin('shop');
  sameSite = otherSite.replace('shop.localhost', '127.0.0.1');
  world = await World.start({ RETURN_URLS: `${otherSite},${sameSite}` });
});
beforeEach(async () => {
  person = await world.person();
});
afterAll(() => world.stop());

/** A code block of a page as printed, but for the two addresses in it. */
function printed(page: string, begin: string, shop: string): string {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```(?:html|js)\n([\s\S]*?)^```$/gm)];
  const code = blocks.map(([, block = '']) => block).find((block) => block.startsWith(begin));
  if (code === undefined) throw new Error(`${page} has no block that begins with ${begin}`);
  return code.replaceAll('https://auth.example.com', world.url).replaceAll('https://shop.example.com', shop);
}

/** What the person does with the code of a mini program that was shown last. */
async function confirmInMiniProgram(): Promise<void> {
  const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes?limit=1');
  for (const step of ['scan', 'confirm']) {
    await world.control(`wxacodes/${codes[0]?.id ?? ''}/${step}`, { person: person.id });
  }
}

/** Scans WeChat's own QR code, which fills the window, and allows. */
async function allowOnQrPage(page: Page): Promise<void> {
  const image = page.locator('img.web_qrcode_img');
  await image.waitFor();
  const uuid = (await image.getAttribute('src'))?.split('/').at(-1);
  await world.control('scan', { uuid, person: person.id });
  await world.control('allow', { uuid });
}

describe('the printed code for websites', () => {
  test.each([
    ['README.md', 'Hello '],
    ['README.zh-CN.md', '你好，'],
  ])('of %s logs in by the hosted page', async (readme, greeting) => {
    sites.show('/', printed(readme, '<a href', sameSite));
    const page = await tab();
    await page.goto(sameSite);
    await page.getByRole('link').click();
    await stands(page, 'pending');
    await confirmInMiniProgram();
    const body = page.locator('body').filter({ hasText: new RegExp(`${greeting}[0-9a-f-]{36}`) });
    const id = /[0-9a-f-]{36}/.exec(await body.innerText())?.[0] ?? '';
    const openIds = Object.values(person.openIds).join("','");
    expect(await world.count(`wechat_identities WHERE user_id = '${id}' AND open_id IN ('${openIds}')`)).toBe(
      1,
    );
  });

  test('of the guide logs in from another site by a redirect to WeChat', async () => {
    sites.show('/', printed('docs/guide/website.md', '<button id="login">', otherSite));
    const page = await tab();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(otherSite);
    const greeted = page.waitForEvent('console', (message) => message.text().startsWith('Hello'));
    await page.getByRole('button').click();
    await allowOnQrPage(page);
    await greeted;
    expect(said).toEqual([`Hello ${person.nickname}`]);
    // The loginCode is not left in the address.
    expect(page.url()).toBe(`${otherSite}/`);
  });

  test('of the guide shows the code on a page of another site and polls', async () => {
    const prelude = `<img alt="code"><p></p><script type="module">
      const AUTH = '${world.url}';
      const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      const codeVerifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier));
      const codeChallenge = base64url(new Uint8Array(hash));
      async function redeem(loginCode, codeVerifier) {
        const reply = await fetch(AUTH + '/v1/web-qr-login/token', {
          method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ loginCode, codeVerifier }),
        });
        document.querySelector('p').textContent = 'user ' + (await reply.json()).user.id;
      }`;
    const code = printed('docs/guide/website.md', 'const api', otherSite);
    sites.show('/', `${prelude}\n${code}</script>`);
    const page = await tab();
    await page.goto(otherSite);
    await page.locator('img[src]').waitFor();
    // The code is made when the picture is fetched.
    await page.waitForFunction("document.querySelector('img').naturalWidth > 0");
    await confirmInMiniProgram();
    await page.getByText(/^user [0-9a-f-]{36}$/).waitFor();
  });
});
