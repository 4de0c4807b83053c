import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import type { CallOptions, Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { World } from '../harness/world.js';

const PHONE =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

/** A browser of a phone, but not WeChat's. */
class PhoneBrowser extends Browser {
  override visit<Body = Record<string, unknown>>(
    url: string,
    options: CallOptions = {},
  ): Promise<Reply<Body>> {
    return super.visit<Body>(url, { ...options, headers: { 'user-agent': PHONE, ...options.headers } });
  }
}

describe('the login page of a login for a partner app', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world);
  });
  afterAll(() => world.stop());

  const view = ({ text }: Reply): string | undefined => /data-view="([^"]+)"/.exec(text)?.[1];
  async function open(browser: Browser, ui_locales = 'en'): Promise<Reply> {
    const at = await partner.follow(browser, partner.begin({ ui_locales }, browser).url.href);
    expect(new URL(at.url).pathname).toBe('/login');
    return at.page;
  }

  test('shows codes to scan on a desktop', async () => {
    const page = await open(new Browser());
    expect(view(page)).toBe('scan');
    // The partner comes after it, not the host of the service.
    expect(page.text).not.toContain('You’ll return to');
  });

  test.each([
    ['en', 'Open the app that you came from in WeChat'],
    ['zh-CN', '请在微信中打开你要登录的网站或应用'],
    ['zh-Hant', '請在微信中開啟你要登入的網站或應用程式'],
  ])(
    'says on a phone where to log in, and has no link that another browser could not follow: %s',
    async (language, advice) => {
      const page = await open(new PhoneBrowser(), language);
      expect(view(page)).toBe('open-in-wechat');
      expect(page.text).toContain(advice);
      expect(page.text).not.toContain('id="link"');
      // The code of the mini program logs in in this browser.
      expect(page.text).toContain('<details>');
    },
  );

  test('is passed silently inside WeChat: the first page is that of the consent', async () => {
    const person = await world.person();
    // At the first login WeChat asks for consent.
    await new WeChatBrowser(world, person).login();
    const browser = new WeChatBrowser(world, person);
    const begun = partner.begin({}, browser);
    const { location: atWeChat } = await partner.follow(browser, begun.url.href);
    const back = await browser.land(atWeChat ?? '');
    const atConsent = await partner.follow(browser, back.href);
    expect(atConsent.page.text).toContain('data-scope="openid"');
    const { location } = await partner.decide(browser, atConsent);
    expect(location?.href.split('?')[0]).toBe(PARTNER_CALLBACK);
    expect((await partner.exchange(location ?? new URL(PARTNER_CALLBACK), begun)).status).toBe(200);
  });
});
