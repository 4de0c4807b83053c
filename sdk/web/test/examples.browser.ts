import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { sites, tab } from '../../../test/browser/browser-tab.js';
import { barriersOn } from '../../../test/browser/chromium.js';
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

/** An app as a bundler makes it. `$` in it is no pattern of `replace`. */
const app = async (path: string, root: string): Promise<string> =>
  `<html lang="en"><title>Shop</title><div id="${root}"></div><script type="module">${withAddress(await bundle(example(path))).replaceAll('</script', '<\\/script')}</script>`;

describe.each([
  ['of plain HTML', () => Promise.resolve(withAddress(readFileSync(example('index.html'), 'utf8')))],
  ['of React, in strict mode', () => app('react/main.tsx', 'root')],
  ['of Vue', () => app('vue/main.ts', 'root')],
])('the example %s', (_of, html) => {
  test('logs in by a redirect and by a code on the page, and logs out', async () => {
    sites.show('/', await html());
    const page = await tab();
    await page.route('**/wechat-auth.min.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: singleFile }),
    );
    await page.goto(otherSite);
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
  });
});
