import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { API_KEYS } from '../harness/operator.js';
import { type Arrived, PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

describe('the consent page', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  /** The page for a person who has logged in for a partner. */
  async function shown(partner: PartnerApp, ui_locales: string): Promise<Arrived> {
    const { browser, url } = partner.begin({ ui_locales });
    const atLogin = await partner.follow(browser, url.href);
    return partner.logIn(browser, atLogin, await partner.world.person());
  }

  test.each([
    ['pairwise', 'en', 'An ID that is used for this app only'],
    ['pairwise', 'zh-CN', '仅用于该应用的用户标识'],
    ['public', 'en', 'Your user ID at this service'],
    ['public', 'zh-CN', '你在此服务的用户标识'],
    ['public', 'zh-Hant', '你在此服務的使用者識別碼'],
  ])('says which ID the partner gets: %s, in %s', async (subjectType, language, words) => {
    const partner = await PartnerApp.register(world, { subjectType });
    const { page } = await shown(partner, language);
    const [, said] = /<li data-scope="openid">.*?<span>(.*?)<\/span><\/li>/.exec(page.text) ?? [];
    expect(said).toBe(words);
  });

  test('links to the page where the consent can be withdrawn', async () => {
    const { page } = await shown(await PartnerApp.register(world), 'en');
    expect(page.text).toContain(
      `under “<a href="${world.url}/account" target="_blank" rel="noopener">Your account</a>”`,
    );
  });

  test('links to no account page where SSO_TTL=0, and the login goes on', async () => {
    const withoutSso = await World.start({ ...API_KEYS, SSO_TTL: '0' });
    try {
      const partner = await PartnerApp.register(withoutSso);
      expect((await shown(partner, 'en')).page.text).not.toContain('/account');
      expect((await partner.logInFor(await withoutSso.person())).access_token).toBeTruthy();
    } finally {
      await withoutSso.stop();
    }
  });
});
