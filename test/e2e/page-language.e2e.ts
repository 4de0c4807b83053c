import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { locationOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { OFFICIAL_ACCOUNT, WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { SHOP, World } from '../harness/world.js';

const langOf = ({ text }: Reply): string | undefined => /<html lang="([^"]*)"/.exec(text)?.[1];
const decoded = (html: string): string => html.replaceAll('&amp;', '&');

/** The links of the language switch by their language. */
function switchOf({ text }: Reply): Record<string, string> {
  const nav = /<nav class="languages".*?<\/nav>/s.exec(text)?.[0] ?? '';
  const links = nav.matchAll(/<a lang="([^"]*)"[^>]* href="([^"]*)"/g);
  return Object.fromEntries([...links].map(([, lang = '', href = '']) => [lang, decoded(href)]));
}

describe('the language of a hosted page', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const open = (query: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
    call(`${world.url}/login${query}`, { headers: { accept: 'text/html', ...headers } });

  test.each([
    ['ui_locales before all', '?ui_locales=zh-Hant', 'en', 'en', 'zh-Hant'],
    ['uiLocales, which is the same', '?uiLocales=en', 'zh-CN', 'zh-CN', 'en'],
    ['the first known one of ui_locales', '?ui_locales=fr%20de-DE+en-GB%20zh', '', 'zh-CN', 'en'],
    ['a region of traditional characters', '?ui_locales=zh-MO', '', 'en', 'zh-Hant'],
    ['the choice of the person where ui_locales names none', '?ui_locales=fr', 'zh-Hant', 'en', 'zh-Hant'],
    ['the choice of the person before the browser', '', 'en', 'zh-TW', 'en'],
    ['the browser where nothing was chosen', '', '', 'zh-HK,en;q=0.5', 'zh-Hant'],
    ['the browser where the cookie is rubbish', '', '"><script>', 'en', 'en'],
    ['the browser where ui_locales is rubbish', '?ui_locales=en;q=0,zh%0d%0a%3Cb%3E', '', 'en', 'en'],
    ['the browser where ui_locales is empty', '?ui_locales=', '', 'zh-Hant', 'zh-Hant'],
    ['the browser where ui_locales is endless', `?ui_locales=${'fr+'.repeat(400)}en`, '', 'zh-CN', 'zh-CN'],
    ['simplified Chinese where nothing is known', '', '', '*', 'zh-CN'],
  ])('follows %s', async (_what, query, cookie, accept, expected) => {
    const page = await open(query, { 'accept-language': accept, cookie: `wechat-auth-language=${cookie}` });
    expect([page.status, langOf(page)]).toEqual([200, expected]);
  });

  test('is switched by links that keep the query, and remembered for a year', async () => {
    const query = `?returnTo=${encodeURIComponent(`${SHOP}/a?b=c&d=e`)}&error=LOGIN_DENIED&uiLocales=en&loginCode=x`;
    const page = await open(query, { 'accept-language': 'zh-CN' });
    expect(page.headers.get('set-cookie')).toBeNull();
    const links = switchOf(page);
    expect(Object.keys(links)).toEqual(['zh-CN', 'zh-Hant']);
    const link = new URL(links['zh-Hant'] ?? '', `${world.url}/login`);
    expect([link.pathname, Object.fromEntries(link.searchParams)]).toEqual([
      '/login',
      { returnTo: `${SHOP}/a?b=c&d=e`, error: 'LOGIN_DENIED', ui_locales: 'zh-Hant', switched: '1' },
    ]);
    const switched = await open(link.search, { 'accept-language': 'zh-CN' });
    expect(langOf(switched)).toBe('zh-Hant');
    expect(switched.text).toContain('你已在微信中取消登入。');
    const cookie = switched.headers.get('set-cookie') ?? '';
    expect(cookie).toBe('wechat-auth-language=zh-Hant; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax');
    const later = await open('', { 'accept-language': 'en', cookie: cookie.split(';')[0] ?? '' });
    expect(langOf(later)).toBe('zh-Hant');
  });

  test.each(['?switched=1&ui_locales=fr', '?switched=1', '?ui_locales=en'])(
    'is remembered only where the person chose it: %s',
    async (query) => {
      expect((await open(query)).headers.get('set-cookie')).toBeNull();
    },
  );

  test('is that of an error page too, whose links repeat its request', async () => {
    const path = '/v1/web-qr-login/callback?state=unknown&code=x';
    const page = await call(world.url + path, { headers: { 'accept-language': 'zh-TW' } });
    expect([page.status, langOf(page)]).toEqual([400, 'zh-Hant']);
    expect(page.text).toContain('這次登入已失效');
    expect(switchOf(page).en).toBe('?state=unknown&code=x&switched=1&ui_locales=en');
  });

  test("is that of WeChat's page, where the website names it", async () => {
    const languageAt = async (query: string): Promise<string | null> => {
      const url = `${world.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(SHOP)}${query}`;
      const headers = { 'accept-language': 'zh-CN' };
      return locationOf(await call(url, { headers })).searchParams.get('lang');
    };
    expect([await languageAt(''), await languageAt('&ui_locales=en')]).toEqual([null, 'en']);
    const attempt = await call<{ wxLogin: { lang?: string } }>(
      `${world.url}/v1/web-qr-login/attempts?ui_locales=en`,
      { json: { method: 'website' }, headers: { 'accept-language': 'zh-CN' } },
    );
    expect(attempt.body.wxLogin.lang).toBe('en');
  });

  test('is kept on the way through WeChat, to the page that asks for consent and to the page itself', async () => {
    const phone = new WeChatBrowser(world, await world.person({}));
    const silently = locationOf(await phone.visit(`${world.url}/login?ui_locales=zh-Hant`));
    const page = await phone.land(silently);
    expect([page.pathname, page.searchParams.get('ui_locales')]).toEqual(['/login', 'zh-Hant']);
    const asks = await phone.visit(page.href);
    expect(langOf(asks)).toBe('zh-Hant');
    // A switch here does not begin another login: the one that waits for the tap goes on.
    expect(switchOf(asks).en).toContain(`consent=${page.searchParams.get('consent')}`);
    const back = await phone.consent(page);
    expect([...back.searchParams.keys()]).toEqual(['ui_locales', 'loginCode']);
    expect(back.searchParams.get('ui_locales')).toBe('zh-Hant');
  });

  test('is kept in the links with which a phone goes elsewhere', async () => {
    const page = await open(`?returnTo=${encodeURIComponent(SHOP)}&ui_locales=zh-Hant`, {
      'user-agent': 'Mozilla/5.0 (iPhone) Mobile/15E148 Safari/604.1',
    });
    const link = decoded(/id="link"[^>]*>([^<]*)</.exec(page.text)?.[1] ?? '');
    expect(new URL(link).searchParams.get('ui_locales')).toBe('zh-Hant');
  });

  test('leaves a page in WeChat without an answer to WeChat', async () => {
    const headers = { 'user-agent': WECHAT_USER_AGENT };
    const url = `${world.url}/login?switched=1&ui_locales=en`;
    const to = locationOf(await call(url, { headers }));
    expect(to.searchParams.get('appid')).toBe(OFFICIAL_ACCOUNT);
  });
});
