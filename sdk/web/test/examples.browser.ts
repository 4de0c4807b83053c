import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { sites, tab } from '../../../test/browser/browser-tab.js';
import { barriersOn, type Page } from '../../../test/browser/chromium.js';
import {
  bundle,
  countCalls,
  inMiniProgram,
  otherSite,
  person,
  scanAndAllow,
  singleFile,
  world,
} from './sdk-page.js';

const example = (path: string): URL => new URL(`../example/${path}`, import.meta.url);
const withAddress = (text: string): string => text.replaceAll('https://auth.example.com', world.url);

/** An app as a bundler makes it. */
async function app(path: string): Promise<string> {
  const code = withAddress(await bundle(example(path))).replaceAll('</script', '<\\/script');
  const page = readFileSync(example(path.replace(/[^/]+$/, 'index.html')), 'utf8');
  // `$` in the code is no pattern of `replace`.
  return page.replace(/<script.*<\/script>/, () => `<script type="module">${code}</script>`);
}

describe.each([
  ['of plain HTML', () => Promise.resolve(withAddress(readFileSync(example('index.html'), 'utf8')))],
  ['of React, in strict mode', () => app('react/main.tsx')],
  ['of Vue', () => app('vue/main.ts')],
])('the example %s', (_of, html) => {
  async function open(address: string): Promise<Page> {
    sites.show('/', await html());
    const page = await tab();
    await page.route('**/wechat-auth.min.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: singleFile }),
    );
    await page.goto(address);
    return page;
  }

  test('tells why a login has failed, and offers another one', async () => {
    const page = await open(`${otherSite}/?error=LOGIN_DENIED`);
    await page
      .getByRole('alert')
      .filter({ hasText: /log in/i })
      .waitFor();
    await page.getByRole('button', { name: 'Log in with WeChat' }).waitFor();
    expect(await barriersOn(page)).toEqual([]);
  });

  test('logs in by a redirect and by a code on the page, and logs out', async () => {
    const page = await open(otherSite);
    await page.getByRole('button', { name: 'Log in with WeChat' }).click();
    await page.getByRole('tab', { name: 'QR code' }).click();
    await scanAndAllow(page, '.scan:not([hidden]) iframe');
    const calls = countCalls('/v1/web-qr-login/token');
    await page.getByText(`Hello ${person.nickname}`).waitFor();
    expect(page.url()).toBe(`${otherSite}/`);
    expect(calls()).toBe(1);
    await page.reload();
    await page.getByText(`Hello ${person.nickname}`).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();

    const attempts = countCalls('/v1/web-qr-login/attempts');
    await page.getByRole('button', { name: 'Show the code here' }).click();
    await page.waitForFunction("document.querySelector('.wechat-auth img')?.naturalWidth > 0");
    expect(await barriersOn(page)).toEqual([]);
    await inMiniProgram('scan', 'confirm');
    await page.getByText('Hello').waitFor();
    expect(attempts()).toBe(1);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Show the code here' }).waitFor();
    expect(await page.locator('.wechat-auth').count()).toBe(0);
  });
});
