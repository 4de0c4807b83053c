import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { pkce } from '../harness/pkce.js';
import { StandIn } from '../harness/stand-in.js';
import { OFFICIAL_ACCOUNT } from '../harness/wechat-browser.js';
import { type AttemptReply, World } from '../harness/world.js';

const OF_ACCEPT_LANGUAGE = [
  ['Taiwan', 'zh-TW,zh;q=0.9,en-US;q=0.8', 'zh_TW', null],
  ['China', 'zh-CN,zh;q=0.9', 'zh_CN', null],
  ['the United States', 'en-US,en;q=0.9', 'en', 'en'],
  ['France', 'fr-FR', 'en', 'en'],
  ['fetch of Node.js', '*', 'zh_CN', null],
  ['a header with nothing in it', '', 'zh_CN', null],
  ['an attacker who writes rubbish', ';;q=,,%00&lang=en#,zh-"><script>;q=9', 'zh_CN', null],
  ['an attacker who writes 12 KB', `en&lang=zh_TW,${'zh-TW;q=0.1,'.repeat(900)}`, 'zh_TW', null],
] as const;

/** `fetch` always names a language. @returns where the reply redirects to */
function visitWithoutHeaders(url: string): Promise<URL> {
  return new Promise((resolve, reject) => {
    get(url, (reply) => {
      reply.resume();
      resolve(new URL(reply.headers.location ?? ''));
    }).on('error', reject);
  });
}

describe('the language of a browser', () => {
  let world: World;
  let wechat: StandIn;
  beforeAll(async () => {
    wechat = await StandIn.start();
    world = await World.start({ WECHAT_API_URL: wechat.url, WECHAT_OPEN_URL: wechat.url });
    const openid = 'oSomebody';
    const token = { access_token: '59_access', refresh_token: '59_refresh', expires_in: 7200, openid };
    wechat.answer('/sns/oauth2/access_token', { ...token, scope: 'snsapi_login,snsapi_userinfo' });
    wechat.answer('/sns/oauth2/refresh_token', token);
    wechat.answer('/sns/auth', { errcode: 0, errmsg: 'ok' });
    wechat.answer('/sns/userinfo', { openid, nickname: '小明', headimgurl: '' });
  });
  afterAll(async () => {
    await world.stop();
    await wechat.stop();
  });

  test.each(OF_ACCEPT_LANGUAGE)(
    'of %s decides what WeChat is asked for',
    async (_, accept, atUserinfo, onPage) => {
      const headers = { 'accept-language': accept };
      const browser = new Browser();
      const authorize = `${world.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(`${world.url}/login`)}`;
      const qrPage = locationOf(await browser.visit(authorize, { headers }));
      expect(qrPage.searchParams.getAll('lang')).toEqual(onPage === null ? [] : [onPage]);

      const { body: attempt } = await browser.visit<AttemptReply>(`${world.url}/v1/web-qr-login/attempts`, {
        json: { method: 'website' },
        headers,
      });
      expect(attempt.wxLogin?.lang ?? null).toBe(onPage);
      for (const address of [attempt.authorizeUrl, attempt.wxLogin?.src])
        expect(new URL(String(address)).searchParams.get('lang')).toBe(onPage);

      wechat.calls.length = 0;
      const state = qrPage.searchParams.get('state') ?? '';
      const callback = `${world.url}/v1/web-qr-login/callback?code=c${state.slice(0, 8)}&state=${state}`;
      const loginCode = locationOf(await browser.visit(callback, { headers })).searchParams.get('loginCode');
      const { accessToken } = (await world.redeem(browser, loginCode)).body;
      const sync = `${world.url}/v1/users/me/profile/sync`;
      expect((await browser.visit(sync, { method: 'POST', token: accessToken, headers })).status).toBe(200);
      const asked = wechat.calls.filter(({ path }) => path === '/sns/userinfo');
      expect(asked.map(({ query }) => query.lang)).toEqual([atUserinfo, atUserinfo]);
    },
  );

  test('that names none is zh_CN', async () => {
    const query = new URLSearchParams({ returnTo: `${world.url}/login`, codeChallenge: pkce().challenge });
    const qrPage = await visitWithoutHeaders(`${world.url}/v1/web-qr-login/authorize?${query.toString()}`);
    expect(qrPage.searchParams.has('lang')).toBe(false);
    const state = qrPage.searchParams.get('state') ?? '';
    wechat.calls.length = 0;
    await visitWithoutHeaders(`${world.url}/v1/web-qr-login/callback?code=c&state=${state}`);
    expect(wechat.calls.at(-1)).toMatchObject({ path: '/sns/userinfo', query: { lang: 'zh_CN' } });
  });

  test('of WeChat decides at sns/userinfo of an official account; the page that asks takes none', async () => {
    const headers = { 'accept-language': 'zh-TW' };
    const browser = new Browser();
    const query = new URLSearchParams({ returnTo: `${world.url}/login`, appId: OFFICIAL_ACCOUNT });
    const authorize = `${world.url}/v1/web-qr-login/authorize?${query.toString()}`;
    const silently = locationOf(await browser.visit(authorize, { headers }));
    expect(silently.searchParams.has('lang')).toBe(false);
    const comeBack = async (code: string, state: string | null): Promise<URL> =>
      locationOf(
        await browser.visit(`${world.url}/v1/web-qr-login/callback?code=${code}&state=${state}`, { headers }),
      );
    const page = await comeBack('silent', silently.searchParams.get('state'));
    wechat.calls.length = 0;
    const landed = await comeBack('asked', page.searchParams.get('consent'));
    expect([...landed.searchParams.keys()]).toEqual(['loginCode']);
    expect(wechat.calls.at(-1)).toMatchObject({ path: '/sns/userinfo', query: { lang: 'zh_TW' } });
  });
});
