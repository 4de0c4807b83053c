import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { SHOP, World } from '../harness/world.js';
import { expectFailedRequests, IPHONE, login, stands, tab } from './browser-tab.js';
import { barriersOn, picture } from './chromium.js';

const DESK = { width: 1280, height: 720 };
const PHONE = { width: 390, height: 844 };
const TERMS = {
  TERMS_URL: 'https://shop.example.com/terms',
  PRIVACY_URL: 'https://shop.example.com/privacy',
};
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
    world = await World.start({ BRAND_COLOR: color, BRAND_NAME: '山茶 Camellia', ...TERMS });
  });
  afterAll(() => world.stop());

  test.each(['light', 'dark'] as const)('can be read and used by everybody, %s', async (colorScheme) => {
    const name = (view: string): string => `brand-${color.slice(1)}-${view}-${colorScheme}`;
    const desk = await tab({ viewport: DESK, colorScheme, locale });
    await desk.goto(world.url + login({ returnTo }));
    await stands(desk, 'pending');
    await picture(desk, name('scan'));
    expect(await barriersOn(desk)).toEqual([]);
    expect(await desk.evaluate('document.documentElement.scrollHeight')).toBe(DESK.height);
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

describe('the language switch', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(TERMS);
  });
  afterAll(() => world.stop());

  test('is worked by the keyboard, keeps the login, and is remembered', async () => {
    const page = await tab({ viewport: DESK, locale: 'zh-CN' });
    await page.goto(world.url + login({ returnTo, error: 'LOGIN_DENIED' }));
    await stands(page, 'pending');
    await page.getByRole('navigation', { name: '语言' }).getByRole('link', { name: 'English' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('You cancelled this login in WeChat.').waitFor();
    await stands(page, 'pending');
    expect(await page.locator('.returns').textContent()).toContain('shop.example.com');
    expect(new URL(page.url()).searchParams.get('ui_locales')).toBe('en');
    await page.goto(`${world.url}/login`);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    const current = page.getByRole('navigation', { name: 'Language' }).locator('[aria-current]');
    expect(await current.textContent()).toBe('English');
  });

  test('works without scripts', async () => {
    const page = await tab({ javaScriptEnabled: false, locale: 'en-US' });
    await page.goto(world.url + login({ returnTo }));
    await page.getByRole('link', { name: '繁體中文' }).click();
    await page.getByRole('heading', { name: '微信登入' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hant');
  });

  test.each(['light', 'dark'] as const)(
    'shows every view with the terms in zh-Hant, %s',
    async (colorScheme) => {
      const options = { viewport: PHONE, colorScheme, locale: 'zh-TW' };
      for (const [view, userAgent, query] of [
        ['scan', undefined, {}],
        ['link', IPHONE, {}],
        ['again', WECHAT_USER_AGENT, { error: 'WECHAT_BUSY' }],
        ['snapshot', WECHAT_USER_AGENT, { error: 'WECHAT_SNAPSHOT_USER' }],
      ] as const) {
        const page = await tab({ ...options, ...(userAgent === undefined ? {} : { userAgent }) });
        await page.goto(world.url + login({ returnTo, ...query }));
        if (view === 'scan') await stands(page, 'pending');
        await picture(page, `terms-${view}-${colorScheme}`);
        expect(await barriersOn(page)).toEqual([]);
        expect(await page.locator('.terms').textContent()).toBe(
          '登入即表示你已閱讀並同意《服務條款》及《隱私政策》。',
        );
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
      }
    },
  );
});
