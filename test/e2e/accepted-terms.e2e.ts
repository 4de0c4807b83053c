import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { AcceptedTerms } from '../../src/user/accepted-terms.js';
import { UserService } from '../../src/user/user.service.js';
import { Browser, locationOf, OWN_PAGE } from '../harness/browser.js';
import { writeRow } from '../harness/columns.js';
import { HostedPage } from '../harness/hosted-page.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { SHOP, World } from '../harness/world.js';

const TERMS = 'https://shop.example.com/terms/2026-11?a=1&b=2';
const PRIVACY = 'https://shop.example.com/privacy/2026-11';
const BOTH = { termsUrl: TERMS, privacyUrl: PRIVACY };
const RETURN = { returnTo: `${SHOP}/welcome` };
const IPHONE = { 'user-agent': 'Mozilla/5.0 (iPhone) Mobile/15E148 Safari/604.1' };
const IN_WECHAT = { 'user-agent': WECHAT_USER_AGENT };

/** The terms that a user accepted, the newest first. */
async function acceptedBy(world: World, userId: string): Promise<unknown[]> {
  const path = `/v1/admin/events?type=terms.accepted&userId=${userId}`;
  const reply = await callWithKey<{ items: { details: unknown; actor: string }[] }>(
    world.url + path,
    ADMIN_KEY,
  );
  return reply.body.items.map(({ details }) => details);
}

/** The sentence about the terms on a page. */
async function sentenceOn(url: string, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const { text } = await call(url, { headers: { 'accept-language': 'en', ...headers } });
  return /<p class="terms">(.*?)<\/p>/s.exec(text)?.[1] ?? null;
}

const link = (url: string, name: string): string =>
  `<a href="${url.replaceAll('&', '&amp;')}" target="_blank" rel="noopener">${name}</a>`;

describe('the terms of the operator', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ TERMS_URL: TERMS, PRIVACY_URL: PRIVACY, ...API_KEYS });
  });
  afterAll(() => world.stop());

  test.each([
    ['zh-CN', '登录即表示你已阅读并同意', '《服务条款》', '和', '《隐私政策》', '。'],
    ['zh-TW', '登入即表示你已閱讀並同意', '《服務條款》', '及', '《隱私政策》', '。'],
    ['en', 'By logging in, you accept the ', 'Terms of Service', ' and the ', 'Privacy Policy', '.'],
  ])('are linked before a login, in %s', async (language, before, terms, and, privacy, after) => {
    const sentence = await sentenceOn(`${world.url}/login`, { 'accept-language': language });
    expect(sentence).toBe(before + link(TERMS, terms) + and + link(PRIVACY, privacy) + after);
  });

  test('are on each page where a login may begin, and on no other', async () => {
    const isOn = async (query: string, headers = {}): Promise<boolean> =>
      (await sentenceOn(`${world.url}/login${query}`, headers)) !== null;
    expect(await isOn('', IPHONE)).toBe(true);
    expect(await isOn('?error=WECHAT_BUSY', IN_WECHAT)).toBe(true);
    expect(await isOn('?error=WECHAT_SNAPSHOT_USER', IN_WECHAT)).toBe(true);
    expect(await isOn('?linked=1')).toBe(false);
    expect(await isOn('', { 'user-agent': `${WECHAT_USER_AGENT} miniProgram/wx0` })).toBe(false);
    expect(await isOn('?returnTo=https://evil.example.com')).toBe(false);
  });

  test('are recorded at the first login by the page, once', async () => {
    const person = await world.person();
    const page = new HostedPage(world);
    const { user } = await page.login(person);
    await new HostedPage(world).login(person);
    expect(await acceptedBy(world, user.id)).toEqual([BOTH]);
    expect(await page.knows()).toBe(true);
    await page.redeem(await page.tap(RETURN));
    expect(await acceptedBy(world, user.id)).toEqual([BOTH]);
  });

  test('are recorded for who continues without another scan', async () => {
    const page = new HostedPage(world);
    const { user } = await page.login(await world.person());
    await writeRow(world.backend, 'users', user.id, { accepted_terms: 'an older version' });
    await page.redeem(await page.tap(RETURN));
    expect(await acceptedBy(world, user.id)).toEqual([BOTH, BOTH]);
  });

  test('are recorded once by logins that read the user at the same moment', async () => {
    const { user } = await world.miniProgramLogin(await world.person());
    const { app } = world.service();
    const users = app.get(UserService, { strict: false });
    const [identity] = await users.identitiesOf(user.id, null, 1);
    const login = await users.findIdentity(identity?.id ?? '');
    if (!login) throw new Error('no identity');
    const terms = app.get(AcceptedTerms, { strict: false });
    const database = app.get(Database, { strict: false });
    await Promise.all([1, 2, 3].map(() => database.batch(terms.writes(login))));
    expect(await acceptedBy(world, user.id)).toEqual([BOTH]);
  });

  test('are recorded for a code on the page that a mini program scanned', async () => {
    const person = await world.person();
    const { accessToken, user } = await world.miniProgramLogin(person);
    for (const [headers, expected] of [
      [{}, []],
      [OWN_PAGE, [BOTH]],
    ] as const) {
      const browser = new Browser();
      const attempt = await world.attempt(browser, {}, world.url, headers);
      const ticket = await world.ticketOf(attempt);
      await world.scan(accessToken, ticket);
      await world.scan(accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
      const { loginCode } = (await world.status(browser, attempt.id)).body;
      const redeemed = await world.redeem(browser, loginCode ?? null);
      expect(redeemed.body.user.id).toBe(user.id);
      expect(await acceptedBy(world, user.id)).toEqual(expected);
    }
  });

  test('are shown inside WeChat once for each version; a person who accepted them logs in silently', async () => {
    const person = await world.person();
    /** Opens the page in WeChat. @returns where the silent step leads */
    const open = async (phone: WeChatBrowser): Promise<URL> => {
      const page = `${world.url}/login?${new URLSearchParams(RETURN).toString()}`;
      return phone.land(locationOf(await phone.visit(page)));
    };
    const accept = async (phone: WeChatBrowser, asks: URL): Promise<string> => {
      expect(await sentenceOn(asks.href, IN_WECHAT)).not.toBeNull();
      const consented = await phone.consent(asks);
      return (await world.redeem(phone, consented.searchParams.get('loginCode'))).body.user.id;
    };
    const phone = new WeChatBrowser(world, person);
    const first = await open(phone);
    expect((await phone.visit(first.href)).text).toContain('首次登录');
    const userId = await accept(phone, first);
    expect(await acceptedBy(world, userId)).toEqual([BOTH]);

    const silently = await open(new WeChatBrowser(world, person));
    expect(silently.searchParams.has('loginCode')).toBe(true);

    await writeRow(world.backend, 'users', userId, { accepted_terms: 'an older version' });
    const again = new WeChatBrowser(world, person);
    const asks = await open(again);
    expect((await again.visit(asks.href)).text).not.toContain('首次登录');
    expect(await accept(again, asks)).toBe(userId);
    expect(await acceptedBy(world, userId)).toEqual([BOTH, BOTH]);
  });

  test('are shown inside WeChat to who logged in there by a page of the site before', async () => {
    const person = await world.person();
    const { user } = await new WeChatBrowser(world, person).login();
    await writeRow(world.backend, 'users', user.id, { accepted_terms: null });
    const phone = new WeChatBrowser(world, person);
    const landed = await phone.land(
      locationOf(await phone.visit(`${world.url}/login?returnTo=${encodeURIComponent(SHOP)}`)),
    );
    expect(await sentenceOn(landed.href, IN_WECHAT)).not.toBeNull();
    // The site shows its own terms on its own page.
    const { searchParams } = await new WeChatBrowser(world, person).callback();
    expect(searchParams.has('loginCode')).toBe(true);
  });

  test('are not recorded for a login that no page of ours began', async () => {
    const person = await world.person();
    const { user } = await world.websiteLogin(person);
    await world.miniProgramLogin(person);
    expect(await acceptedBy(world, user.id)).toEqual([]);
  });
});

test('new terms are recorded at the next login by the page, beside the old ones; either may be alone', async () => {
  const world = await World.start({ TERMS_URL: TERMS, ...API_KEYS });
  try {
    const person = await world.person();
    const { user } = await new HostedPage(world).login(person);
    expect(await sentenceOn(`${world.url}/login`, {})).toBe(
      `By logging in, you accept the ${link(TERMS, 'Terms of Service')}.`,
    );
    expect(await acceptedBy(world, user.id)).toEqual([{ termsUrl: TERMS, privacyUrl: null }]);
    // As a start with another URL leaves it.
    await writeRow(world.backend, 'users', user.id, { accepted_terms: 'an older version' });
    await new HostedPage(world).login(person);
    expect((await acceptedBy(world, user.id)).length).toBe(2);
  } finally {
    await world.stop();
  }
});

test('without terms nothing is shown, written or recorded', async () => {
  const world = await World.start(API_KEYS);
  try {
    const { user } = await new HostedPage(world).login(await world.person());
    expect(await sentenceOn(`${world.url}/login`, {})).toBeNull();
    expect(await acceptedBy(world, user.id)).toEqual([]);
    expect(await world.count('users WHERE accepted_terms IS NOT NULL')).toBe(0);
  } finally {
    await world.stop();
  }
});
