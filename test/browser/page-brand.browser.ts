import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { SHOP, World } from '../harness/world.js';
import { expectFailedRequests, IPHONE, login, stands, tab } from './browser-tab.js';
import { barriersOn, picture } from './chromium.js';

const DESK = { width: 1280, height: 720 };
const PHONE = { width: 390, height: 844 };
const returnTo = `${SHOP}/welcome`;

/** Colours on which text or marks would be lost, and a language of each. */
const COLORS = [
  ['#fff', 'zh-TW'],
  ['#ffe600', 'en-US'],
  ['#000', 'zh-HK'],
  ['#07c160', 'zh-CN'],
] as const;

describe.each(COLORS)('with BRAND_COLOR %s the pages', (color, locale) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ BRAND_COLOR: color, BRAND_NAME: '山茶 Camellia' });
  });
  afterAll(() => world.stop());

  test.each(['light', 'dark'] as const)('can be read and used by everybody, %s', async (colorScheme) => {
    const name = (view: string): string => `brand-${color.slice(1)}-${view}-${colorScheme}`;
    const desk = await tab({ viewport: DESK, colorScheme, locale });
    await desk.goto(world.url + login({ returnTo }));
    await stands(desk, 'pending');
    await picture(desk, name('scan'));
    expect(await barriersOn(desk)).toEqual([]);
    const icon = (await desk.locator('link[rel=icon]').getAttribute('href')) ?? '';
    expect(decodeURIComponent(icon)).toContain(
      color.length === 4 ? color.replace(/[0-9a-f]/g, '$&$&') : color,
    );
    await desk.goto(`${world.url}/v1/web-qr-login/callback?state=unknown&code=x`);
    await picture(desk, name('error'));
    expect(await barriersOn(desk)).toEqual([]);
    expectFailedRequests();
    for (const [view, userAgent, query] of [
      ['link', IPHONE, {}],
      ['again', WECHAT_USER_AGENT, { error: 'WECHAT_BUSY' }],
    ] as const) {
      const phone = await tab({ viewport: PHONE, colorScheme, locale, userAgent });
      await phone.goto(world.url + login({ returnTo, ...query }));
      await picture(phone, name(view));
      expect(await barriersOn(phone)).toEqual([]);
      const [width, height] = await phone.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]',
      );
      expect([width, height]).toEqual([PHONE.width, PHONE.height]);
    }
  });
});
