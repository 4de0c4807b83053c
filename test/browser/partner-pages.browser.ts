import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { toSqlTime } from '../../src/database/sql-time.js';
import { type Listening, listening } from '../harness/listening.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';
import { context, expectFailedRequests, LOOKS, tab } from './browser-tab.js';
import { barriersOn, picture } from './chromium.js';

describe('the pages for partner apps', () => {
  let world: World;
  let site: Listening;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    site = await listening(
      createServer((_request, response) => {
        response
          .setHeader('content-type', 'text/html')
          .end('<link rel="icon" href="data:,"><h1>Reports</h1>');
      }),
    );
    partner = await PartnerApp.register(world, {
      name: '报表 Reports',
      redirectUris: [`${site.url}/callback`],
      scopes: ['openid', 'profile', 'phone', 'offline_access'],
    });
  });
  afterAll(async () => {
    await site.close();
    await world.stop();
  });

  /** A tab of a browser in which a person is known, at the consent page. */
  async function atConsent(options: BrowserContextOptions, extra: object = {}): Promise<Page> {
    const parameters = {
      redirect_uri: `${site.url}/callback`,
      scope: 'openid profile phone offline_access',
      prompt: 'consent',
      ...extra,
    };
    const known = partner.begin(parameters);
    await partner.authorize(await world.person({ nickname: '小明 🌱' }), known);
    const page = await tab(options);
    await context.addCookies([
      {
        name: 'wechat-auth-login',
        value: known.browser.cookie(world.url, 'wechat-auth-login') ?? '',
        url: world.url,
      },
    ]);
    await page.goto(partner.begin(parameters).url.href);
    return page;
  }

  test.each(LOOKS)('can be read and used by everybody: %s', async (name, look) => {
    const page = await atConsent(look);
    await page.getByText('小明 🌱').waitFor();
    await picture(page, `partner-consent-${name}`);
    expect(await barriersOn(page)).toEqual([]);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(look.viewport.width);
    await page.goto(`${world.url}/account`);
    await page.getByText('报表 Reports').waitFor();
    await picture(page, `partner-account-${name}`);
    expect(await barriersOn(page)).toEqual([]);
    await page.goto(`${world.url}/oidc/logout`);
    await picture(page, `partner-logout-${name}`);
    expect(await barriersOn(page)).toEqual([]);
    await page.goto(partner.begin({ redirect_uri: 'https://evil.example.com' }).url.href);
    await page.getByText('invalid_redirect_uri').waitFor();
    await picture(page, `partner-refused-${name}`);
    expect(await barriersOn(page)).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      look.viewport.width,
    );
    expectFailedRequests();
  });

  test('are in the language of the partner’s request, and the switch keeps the request', async () => {
    const page = await atConsent({ locale: 'en-US' }, { ui_locales: 'fr zh-HK' });
    await page.getByRole('button', { name: '拒絕' }).waitFor();
    const { pathname } = new URL(page.url());
    await page.getByRole('link', { name: '简体中文' }).click();
    await page.getByRole('button', { name: '拒绝' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(pathname);
    await page.getByRole('button', { name: '同意', exact: true }).click();
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
    expect(new URL(page.url()).searchParams.get('code')).toBeTruthy();
  });

  test('work without scripts: consent leads to the partner, and is withdrawn', async () => {
    const page = await atConsent({ javaScriptEnabled: false });
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
    expect(new URL(page.url()).searchParams.get('code')).toBeTruthy();
    await page.goto(`${world.url}/account`);
    await page.getByRole('button', { name: 'Withdraw access: 报表 Reports' }).click();
    await page.getByText('No app has access.').waitFor();
  });

  test.each([
    ['en-US', '?ui_locales=zh-Hant', '2026年11月30日', '2026年12月1日（北京時間）'],
    ['zh-CN', '', '2026年11月30日', '2026年12月1日（北京时间）'],
    ['zh-CN', '?ui_locales=en', 'Nov 30, 2026', 'Dec 1, 2026 (Beijing time)'],
  ])('show the day of the viewer (browser: %s, page%s)', async (locale, query, theirs, beijings) => {
    const lateInLosAngeles = toSqlTime(Date.UTC(2026, 10, 30, 20));
    for (const javaScriptEnabled of [true, false]) {
      const page = await atConsent({ locale, timezoneId: 'America/Los_Angeles', javaScriptEnabled });
      await world.backend.write(`UPDATE partner_grants SET last_used_at = '${lateInLosAngeles}'`);
      await page.goto(`${world.url}/account${query}`);
      const time = page.locator('time');
      expect(await time.getAttribute('datetime')).toBe('2026-11-30T20:00:00.000Z');
      expect(await time.textContent()).toBe(javaScriptEnabled ? theirs : beijings);
    }
  });
});
