import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import type { Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { type Problem, World } from '../harness/world.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

describe('the account page', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, { name: '<b>小店</b>' });
  });
  afterAll(() => world.stop());

  const show = (browser: Browser) =>
    browser.visit(`${world.url}/account`, { headers: { accept: 'text/html', 'accept-language': 'en' } });

  const post = (
    browser: Browser,
    path: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Reply<Problem>> =>
    browser.visit(`${world.url}/account/${path}`, {
      body: new URLSearchParams(fields).toString(),
      headers: FORM,
    });

  const field = (page: Reply<unknown>, name: string): string =>
    new RegExp(`name="${name}" value="([^"]+)"`).exec(page.text)?.[1] ?? '';

  test('sends whoever is not known to the login page, and comes back', async () => {
    const browser = new Browser();
    const toLogin = locationOf(await show(browser));
    expect(toLogin.pathname).toBe('/login');
    const returnTo = toLogin.searchParams.get('returnTo') ?? '';
    const back = await world.websiteCallback(browser, await world.person({ nickname: '小明' }), { returnTo });
    expect(locationOf(await browser.visit(back.href)).href).toBe(`${world.url}/account`);
    const page = await show(browser);
    expect(page.status).toBe(200);
    expect(page.text).toContain('小明');
    expect(page.text).toContain('No app has access.');
  });

  test('lists the apps with access, and withdraws it', async () => {
    const begun = partner.begin();
    const location = await partner.authorize(await world.person(), begun);
    const tokens = await partner.exchange(location, begun);
    const page = await show(begun.browser);
    expect(page.text).toContain('&lt;b&gt;小店&lt;/b&gt;');
    const fields = { token: field(page, 'token'), grantId: field(page, 'grantId') };
    expect((await post(begun.browser, 'withdrawals', fields)).status).toBe(303);
    expect((await show(begun.browser)).text).toContain('No app has access.');
    expect((await partner.userinfo(tokens.body.access_token)).status).toBe(401);
  });

  test('withdraws nothing by a forged form, nor of somebody else', async () => {
    const victim = partner.begin();
    await partner.authorize(await world.person(), victim);
    const page = await show(victim.browser);
    const grantId = field(page, 'grantId');
    expect((await post(victim.browser, 'withdrawals', { grantId, token: 'x' })).body.code).toBe('FORBIDDEN');
    const attacker = partner.begin();
    await partner.authorize(await world.person(), attacker);
    const token = field(await show(attacker.browser), 'token');
    expect((await post(attacker.browser, 'withdrawals', { grantId, token })).body.code).toBe('NOT_FOUND');
    expect((await post(victim.browser, 'withdrawals', { grantId, token })).body.code).toBe('FORBIDDEN');
    expect((await show(victim.browser)).text).toContain(grantId);
  });

  test('logs out: the browser knows nobody afterwards', async () => {
    const begun = partner.begin();
    await partner.authorize(await world.person(), begun);
    const token = field(await show(begun.browser), 'token');
    expect((await post(begun.browser, 'logout', { token })).status).toBe(303);
    expect(locationOf(await show(begun.browser)).pathname).toBe('/login');
  });

  test('may be framed by nobody', async () => {
    const begun = partner.begin();
    await partner.authorize(await world.person(), begun);
    const page = await show(begun.browser);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});
