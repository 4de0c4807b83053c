import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { pkce } from '../harness/pkce.js';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, WEBSITE } from '../harness/world.js';
import { cover, expectFailedRequests, IPHONE, login, LOOKS, stage, stands, tab } from './browser-tab.js';
import { barriersOn, picture } from './chromium.js';
import {
  CODE,
  codeInFrame,
  hold,
  logInOnPage,
  miniProgram,
  open,
  person,
  returnTo,
  world,
} from './login-page.js';

const SCAN_AGAIN = { 'zh-CN': '重新扫码', 'zh-TW': '重新掃描', 'en-US': 'Scan again' };
/** Longer than any code lives, in seconds. */
const TOO_LONG = 11 * 60;
/** What the page may weigh, in bytes. */
const BUDGET = 30_000;
describe('the login page', () => {
  describe.each(LOOKS)('%s: every view is whole, and nobody is shut out of it', (look, options) => {
    const isPhone = options.viewport.width < 600;
    const inEnglish = options.locale === 'en-US';
    const onPhone = { ...options, userAgent: IPHONE };
    const inWeChat = { ...options, userAgent: WECHAT_USER_AGENT };

    /** Keeps a picture, of the whole page where it is longer than the screen, and looks for what is wrong. */
    async function check(page: Page, view: string): Promise<void> {
      await picture(page, `login-${view}-${look}`);
      expect(await barriersOn(page)).toEqual([]);
      const [width, frames] = await page.evaluate<[number, number]>(
        `[document.documentElement.scrollWidth, [...document.querySelectorAll('main *')]
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.hero')).length]`,
      );
      expect([view, width, frames]).toEqual([view, Math.min(width, options.viewport.width), 0]);
    }

    test('the code of a mini program, from the first look to the log-out', async () => {
      const page = await tab(options);
      await world.fault(CODE, { errcode: -1, times: 100 });
      await open(page, login({ returnTo: returnTo(), error: 'LOGIN_DENIED' }));
      await stands(page, 'failed');
      await check(page, 'failed');
      expectFailedRequests();
      await world.control('faults', undefined, 'DELETE');
      await page.route('**/v1/web-qr-login/attempts?*', () => undefined);
      await open(page, login({ returnTo: returnTo() }));
      await check(page, 'loading');
      await page.unrouteAll();
      await open(page);
      await stands(page, 'pending');
      await check(page, 'pending');
      await miniProgram('scan');
      await stands(page, 'scanned');
      await check(page, 'scanned');
      await miniProgram('deny');
      await stands(page, 'denied');
      await page.getByRole('button', { name: SCAN_AGAIN[options.locale] }).focus();
      await check(page, 'denied');
      await page.keyboard.press('Enter');
      await stands(page, 'pending');
      await cover(page, true);
      await world.pass(TOO_LONG);
      await stands(page, 'expired');
      await check(page, 'expired');
      await cover(page, false);
      await stands(page, 'pending');
      await page.route('**/token', () => undefined);
      await miniProgram('scan');
      await miniProgram('confirm');
      await page.locator('#working').waitFor();
      await check(page, 'working');
      await page.unrouteAll();
    });

    test('the QR code of a website', async () => {
      const page = await tab(options);
      await open(page, login({ appId: WEBSITE, returnTo: returnTo() }));
      const uuid = await codeInFrame(page);
      await page.getByRole('tab', { selected: true }).focus();
      await check(page, 'website');
      // What follows differs by width and language alone.
      if (!inEnglish) return;
      await world.control('scan', { uuid, person: person.id });
      await page
        .frameLocator('iframe')
        .getByText(/扫描成功|Scanned/)
        .waitFor();
      await check(page, 'website-scanned');
      await open(page, login({ appId: WEBSITE }));
      const another = await codeInFrame(page);
      await world.control('scan', { uuid: another, person: person.id });
      await world.control('allow', { uuid: another });
      await page.locator('#user-id').waitFor();
      await check(page, 'done');
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByText('You’re logged out').waitFor();
      await stands(page, 'pending');
      await check(page, 'logged-out');
    });

    test('who is known, and may continue', async () => {
      const page = await tab(options);
      await logInOnPage(page);
      await open(page, login({ returnTo: returnTo() }));
      await page.getByRole('button', { name: person.nickname }).focus();
      await check(page, 'known');
    });

    test('linked, and an error that has no website to return to', async () => {
      const page = await tab(options);
      await open(page, login({ linked: '1' }));
      await page.getByRole('heading').waitFor();
      await check(page, 'linked');
      await open(page, '/v1/web-qr-login/callback?state=unknown&code=x');
      await page.getByText('STATE_INVALID').waitFor();
      await check(page, 'error');
      expectFailedRequests();
    });

    if (!isPhone) return;

    test('the link for WeChat', async () => {
      const page = await tab(onPhone);
      await open(page, login({ returnTo: returnTo() }));
      await check(page, 'open-in-wechat');
      await page.locator('summary').click();
      await stands(page, 'pending');
      await stage(page).scrollIntoViewIfNeeded();
      await check(page, 'open-in-wechat-stay');
    });

    test('what WeChat’s own browser shows', async () => {
      const page = await tab(inWeChat);
      await hold(page);
      await open(page, login({ returnTo: returnTo() }));
      await page.locator('.asks').waitFor();
      await check(page, 'consent');
      await open(page, login({ error: 'WECHAT_SNAPSHOT_USER' }));
      await check(page, 'snapshot');
      await open(page, login({ error: 'WECHAT_BUSY' }));
      await check(page, 'again');
    });

    test('a web-view', async () => {
      const page = await tab({ ...inWeChat, userAgent: `${WECHAT_USER_AGENT} miniProgram/${MINI_PROGRAM}` });
      await open(page);
      await check(page, 'web-view');
    });
  });

  test.each(['zh-CN', 'zh-TW', 'en-US'])('weighs less than 30 kB, whoever asks, in %s', async (locale) => {
    const page = await tab({ locale });
    const weights: Record<string, number> = {};
    const long = `${returnTo()}?cart=`.padEnd(120, '0123456789');
    for (const userAgent of ['desk', IPHONE]) {
      const query = login({ returnTo: long, codeChallenge: pkce().challenge });
      const response = await fetch(`${world.url}${query}`, {
        headers: { 'user-agent': userAgent, 'accept-language': locale },
      });
      weights[userAgent === IPHONE ? 'phone' : 'desk'] = (await response.arrayBuffer()).byteLength;
    }
    // Nothing else is fetched than the code: style, script and drawings are in the page.
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await open(page);
    await stands(page, 'pending');
    expect(fetched.map((path) => path.replace(/[A-Za-z0-9_-]{20,}/, ':key'))).toEqual([
      '/login',
      '/v1/web-qr-login/attempts',
      '/v1/web-qr-login/qr-codes/:key',
      '/v1/web-qr-login/attempts/:key/events',
    ]);
    expect({ weights, tooHeavy: Object.values(weights).some((bytes) => bytes > BUDGET) }).toEqual({
      weights,
      tooHeavy: false,
    });
  });
});
