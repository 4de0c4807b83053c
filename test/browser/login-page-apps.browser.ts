import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { World } from '../harness/world.js';
import { IPHONE, login, LOOKS, stands, tab } from './browser-tab.js';
import { barriersOn, picture } from './chromium.js';

/** One app of a kind: as the service and as the sandbox are told of it. */
const LONE = { appId: 'wx00000000000000a1', secret: 'b7e0f9d2' };
const BRAND = 'The Quite Long Name of a Company & Sons <b>Ltd</b>';
const LOGO = 'https://cdn.example.com/logo.svg';
const LOGO_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="32" fill="#d9480f"/></svg>';

describe.each([
  [
    'mini program',
    'WECHAT_MINI_PROGRAMS',
    { miniPrograms: [LONE] },
    { desk: 'scan', phone: 'open-in-wechat', wechat: 'scan' },
  ],
  [
    'website',
    'WECHAT_WEBSITES',
    { websites: [LONE] },
    { desk: 'scan', phone: 'computer', wechat: 'computer' },
  ],
  [
    'official account',
    'WECHAT_OFFICIAL_ACCOUNTS',
    { officialAccounts: [LONE] },
    { desk: 'open-in-wechat', phone: 'open-in-wechat', wechat: 'again' },
  ],
])('where there is one %s and no other app the login page', (kind, variable, apps, views) => {
  let world: World;
  beforeAll(async () => {
    // Outside production a kind without an app has the sandbox's.
    const environment = {
      NODE_ENV: 'production',
      RATE_LIMITS: 'on',
      BRAND_NAME: BRAND,
      BRAND_LOGO_URL: LOGO,
    };
    world = await World.start({ ...environment, [variable]: `${LONE.appId}:${LONE.secret}` }, 1, { apps });
  });
  afterAll(() => world.stop());

  test.each([
    ['at a desk', 'desk', { viewport: LOOKS[0][1].viewport }],
    [
      'in a phone’s browser',
      'phone',
      { viewport: LOOKS[3][1].viewport, userAgent: IPHONE, colorScheme: 'dark' },
    ],
    ['inside WeChat', 'wechat', { viewport: LOOKS[2][1].viewport, userAgent: WECHAT_USER_AGENT }],
  ] as const)(
    'shows %s what works there, under the name and logo of the house',
    async (_where, place, options) => {
      const page = await tab(options);
      await page.route(LOGO, (route) => route.fulfill({ contentType: 'image/svg+xml', body: LOGO_SVG }));
      // An answer: else the official account would begin at once.
      await page.goto(world.url + login({ error: 'LOGIN_DENIED' }));
      expect(await page.locator('main').getAttribute('data-view')).toBe(views[place]);
      if (views[place] === 'scan') {
        await stands(page, 'pending');
        expect(await page.locator('.scan').count()).toBe(1);
        expect(await page.getByRole('tab').count()).toBe(0);
      }
      expect(await page.locator('.brand').textContent()).toBe(BRAND);
      expect(await page.title()).toBe(`Log in with WeChat · ${BRAND}`);
      expect(await page.evaluate("document.querySelector('.logo').naturalWidth")).toBe(64);
      await picture(page, `login-only-${kind.replace(' ', '-')}-${place}`);
      expect(await barriersOn(page)).toEqual([]);
      const { width } = options.viewport;
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    },
  );
});
