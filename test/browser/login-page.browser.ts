import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type {
  Browser as Chromium,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from 'playwright-core';
import { pkce } from '../harness/pkce.js';
import { Site } from '../harness/site.js';
import { WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, type Person, SHOP, type TokenReply, WEBSITE, World } from '../harness/world.js';
import { barriersOn, complaintsOf, launchChromium, picture } from './chromium.js';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
/** What the page may weigh, in bytes. */
const BUDGET = 30_000;
const CODE = '/wxa/getwxacodeunlimit';
/** Longer than any code lives, in seconds. */
const TOO_LONG = 11 * 60;

/** Each view is looked at so; between them every width, scheme and language is met with another one. */
const LOOKS = [
  ['desktop-light-zh', { viewport: { width: 1280, height: 720 }, colorScheme: 'light', locale: 'zh-CN' }],
  ['desktop-dark-en', { viewport: { width: 1280, height: 720 }, colorScheme: 'dark', locale: 'en-US' }],
  ['phone-dark-zh', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'zh-CN' }],
  ['320-light-en', { viewport: { width: 320, height: 640 }, colorScheme: 'light', locale: 'en-US' }],
] as const;

let chromium: Chromium;
let sites: Site;
let context: BrowserContext;
let complaints: string[];
beforeAll(async () => {
  chromium = await launchChromium();
  sites = await Site.start();
});
beforeEach(() => {
  complaints = [];
});
afterEach(async () => {
  await Promise.all(chromium.contexts().map((each) => each.close()));
  expect(complaints).toEqual([]);
});
afterAll(async () => {
  await chromium.close();
  await sites.stop();
});

/** A tab of a browser of its own. */
async function tab(options: BrowserContextOptions = {}): Promise<Page> {
  context = await chromium.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  complaints = complaintsOf(page);
  return page;
}

/** What a test provoked: the browser says it of each request that is refused or lost. */
function expectFailedRequests(): void {
  expect(complaints.filter((each) => !each.startsWith('Failed to load resource'))).toEqual([]);
  complaints.length = 0;
}

const stage = (page: Page): Locator => page.locator('.scan:not([hidden]) .stage');
const statusOf = (page: Page): Locator => page.locator('.scan:not([hidden]) .status');

/** Waits until the code that is shown stands so. */
async function stands(page: Page, state: string): Promise<void> {
  await page.locator(`.scan:not([hidden]) .stage[data-state=${state}]`).waitFor();
}

/** Path and query of the page. */
function login(query: Readonly<Record<string, string>>): string {
  return `/login?${new URLSearchParams(query).toString()}`;
}

/** Lets a page believe that other windows cover it, or no longer do. */
async function cover(page: Page, isCovered: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'visibilityState', {
    configurable: true, get: () => '${isCovered ? 'hidden' : 'visible'}',
  })`);
  if (!isCovered) await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
}

describe('the login page', () => {
  let world: World;
  let person: Person;
  beforeAll(async () => {
    world = await World.start({ RETURN_URLS: `${SHOP},${sites.origin('shop')}` });
  });
  beforeEach(async () => {
    person = await world.person({ nickname: '小林' });
    sites.show('/welcome', '<h1>Welcome</h1>');
  });
  afterAll(() => world.stop());

  const returnTo = () => `${sites.origin('shop')}/welcome`;
  const open = (page: Page, path = '/login') => page.goto(world.url + path);

  /** What a person does with the code of a mini program that was shown last. */
  async function miniProgram(step: 'scan' | 'confirm' | 'deny'): Promise<void> {
    const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes?limit=1');
    await world.control(`wxacodes/${codes[0]?.id ?? ''}/${step}`, { person: person.id });
  }

  /** WeChat's own code, in its frame: its uuid. */
  async function codeInFrame(page: Page): Promise<string> {
    const image = page.frameLocator('.scan:not([hidden]) iframe').locator('img.web_qrcode_img');
    await image.waitFor();
    return (await image.getAttribute('src'))?.split('/').at(-1) ?? '';
  }

  /** The phone that a page is on is this person's: at WeChat the app's business, in the sandbox a cookie's and a note's. */
  async function hold(page: Page): Promise<void> {
    const url = `${world.sandbox.url}/`;
    await context.addCookies([{ name: 'sandbox_person', value: person.id, url }]);
    await page.addInitScript(
      `if (location.href.startsWith('${url}')) localStorage.setItem('sandbox.person', '${person.id}')`,
    );
  }

  describe('at a desk, with the code of a mini program', () => {
    test('follows the phone: scanned, confirmed, and who is logged in, until the log-out', async () => {
      const page = await tab({ locale: 'zh-CN' });
      const ended = await world.count('sessions WHERE revoked_at IS NOT NULL');
      await open(page);
      await stands(page, 'pending');
      expect(await statusOf(page).textContent()).toContain('请用微信扫一扫');
      await miniProgram('scan');
      await stands(page, 'scanned');
      expect(await statusOf(page).textContent()).toContain('请在手机上确认登录');
      await miniProgram('confirm');
      await page.getByRole('heading', { name: '微信用户' }).waitFor();
      expect(await page.locator('#user-id').textContent()).toMatch(/^[0-9a-f-]{36}$/);
      expect(await page.locator('#app-id').textContent()).toBe(MINI_PROGRAM);
      await page.getByRole('button', { name: '退出登录' }).click();
      await page.getByText('你已退出登录').waitFor();
      await stands(page, 'pending');
      expect(await world.count('sessions WHERE revoked_at IS NOT NULL')).toBe(ended + 1);
    });

    test('says that it was refused, and offers another scan', async () => {
      const page = await tab();
      await open(page);
      await stands(page, 'pending');
      const first = await stage(page).locator('img').getAttribute('src');
      await miniProgram('scan');
      await miniProgram('deny');
      await stands(page, 'denied');
      await page.getByText('You cancelled this login').waitFor();
      await page.getByRole('button', { name: 'Scan again' }).press('Enter');
      await stands(page, 'pending');
      // The button is gone, and the keyboard has not lost its place.
      expect(await stage(page).and(page.locator(':focus')).count()).toBe(1);
      expect(await stage(page).locator('img').getAttribute('src')).not.toBe(first);
    });

    test('renews an expired code by itself, but not before somebody looks at the page', async () => {
      const page = await tab();
      // The page waits to be seen by a listener for one time.
      await page.addInitScript(`
        const listen = document.addEventListener;
        document.addEventListener = function (type, heard, options) {
          if (options?.once) document.documentElement.dataset.waits = 'to be seen';
          listen.call(document, type, heard, options);
        };`);
      await open(page);
      await stands(page, 'pending');
      await cover(page, true);
      const codes = await world.callsOf(CODE);
      await world.pass(TOO_LONG);
      await stands(page, 'expired');
      await page.getByRole('button', { name: 'Refresh' }).waitFor();
      await page.locator('[data-waits]').waitFor();
      expect(await world.callsOf(CODE)).toBe(codes);
      await cover(page, false);
      await stands(page, 'pending');
      await world.pass(TOO_LONG);
      await stands(page, 'expired');
      await stands(page, 'pending');
      expect(await world.callsOf(CODE)).toBe(codes + 2);
    });

    test('renews it at once when somebody taps the button', async () => {
      const page = await tab();
      await open(page);
      await stands(page, 'pending');
      await cover(page, true);
      await world.pass(TOO_LONG);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await stands(page, 'pending');
    });

    test.each([
      ['WeChat is too busy', { errcode: 45009 }, 'WeChat is busy. Please try again in a while.'],
      [
        'WeChat is away',
        { status: 502, body: '' },
        'WeChat cannot be reached. Please try again in a moment.',
      ],
    ])('says why there is no code where %s, and tries again', async (_what, fault, text) => {
      const page = await tab();
      await world.fault(CODE, { ...fault, times: 100 });
      await open(page);
      await stands(page, 'failed');
      await page.getByText(text).waitFor();
      await world.control('faults', undefined, 'DELETE');
      expectFailedRequests();
      // WeChat's limit is one of a minute.
      await world.pass(60);
      await page.getByRole('button', { name: 'Try again' }).click();
      await stands(page, 'pending');
    });

    test('says that it was a little often', async () => {
      const page = await tab();
      await page.route('**/v1/web-qr-login/attempts', (route) =>
        route.fulfill({ status: 429, json: { code: 'RATE_LIMITED' }, headers: { 'retry-after': '30' } }),
      );
      await open(page);
      await page.getByText('That was a little often. Please try again in a while.').waitFor();
      expectFailedRequests();
    });

    test('ends at the website, which it named before, with a loginCode', async () => {
      const page = await tab();
      await open(page, login({ returnTo: `${returnTo()}?from=home&error=OLD#top` }));
      await stands(page, 'pending');
      expect(await page.locator('.returns').textContent()).toContain(new URL(returnTo()).host);
      await miniProgram('scan');
      await miniProgram('confirm');
      await page.getByRole('heading', { name: 'Welcome' }).waitFor();
      const landed = new URL(page.url());
      const { loginCode, ...kept } = Object.fromEntries(landed.searchParams);
      expect([landed.origin + landed.pathname, landed.hash, kept]).toEqual([
        returnTo(),
        '#top',
        { from: 'home' },
      ]);
      const reply = await context.request.post(`${world.url}/v1/web-qr-login/token`, { data: { loginCode } });
      expect(reply.status()).toBe(200);
    });
  });

  describe('at a desk, with the QR code of a website', () => {
    test('follows the phone in WeChat’s frame, to who is logged in', async () => {
      const page = await tab({ locale: 'zh-CN' });
      await open(page, login({ appId: WEBSITE }));
      const uuid = await codeInFrame(page);
      await world.control('scan', { uuid, person: person.id });
      await page.frameLocator('iframe').getByText('扫描成功').waitFor();
      await world.control('allow', { uuid });
      await page.getByRole('heading', { name: person.nickname }).waitFor();
      expect(page.url()).toBe(`${world.url}/login`);
      expect(await page.locator('#app-id').textContent()).toBe(WEBSITE);
      expect(await page.getByText('欢迎，已为你创建账号').isVisible()).toBe(true);
      await page.getByRole('button', { name: '退出登录' }).click();
      await page.getByText('你已退出登录').waitFor();
      await stands(page, 'pending');
    });

    test('renews a code that has expired', async () => {
      const page = await tab();
      await open(page, login({ appId: WEBSITE }));
      const uuid = await codeInFrame(page);
      await world.pass(TOO_LONG);
      await stands(page, 'expired');
      await stands(page, 'pending');
      expect(await codeInFrame(page)).not.toBe(uuid);
    });

    test('on WeChat’s own page, when that is where the person goes', async () => {
      const page = await tab();
      await open(page, login({ appId: WEBSITE }));
      await codeInFrame(page);
      await page.getByRole('link', { name: 'Open WeChat’s own page' }).click();
      const image = page.locator('img.web_qrcode_img');
      const uuid = (await image.getAttribute('src'))?.split('/').at(-1);
      await world.control('scan', { uuid, person: person.id });
      await world.control('allow', { uuid });
      await page.getByRole('heading', { name: person.nickname }).waitFor();
      expect(page.url()).toBe(`${world.url}/login`);
    });
  });

  test('changes between both codes by arrows, Home and End, and takes up the one that was left', async () => {
    const page = await tab();
    await open(page);
    await stands(page, 'pending');
    const code = await stage(page).locator('img').getAttribute('src');
    const [mini, website] = ['Mini program', 'QR code'].map((name) => page.getByRole('tab', { name }));
    const expectChosen = async (name: string) => {
      const chosen = page.getByRole('tab', { selected: true });
      expect(await chosen.textContent()).toBe(name);
      expect(await chosen.and(page.locator(':focus')).count()).toBe(1);
      expect(await page.getByRole('tabpanel').count()).toBe(1);
    };
    await mini?.focus();
    for (const [key, name] of [
      ['ArrowRight', 'QR code'],
      ['ArrowRight', 'Mini program'],
      ['ArrowLeft', 'QR code'],
      ['Home', 'Mini program'],
      ['End', 'QR code'],
    ] as const) {
      await page.keyboard.press(key);
      await expectChosen(name);
    }
    await codeInFrame(page);
    expect(await website?.getAttribute('tabindex')).toBe('0');
    expect(await mini?.getAttribute('tabindex')).toBe('-1');
    await page.keyboard.press('Home');
    await stands(page, 'pending');
    expect(await stage(page).locator('img').getAttribute('src')).toBe(code);
    await miniProgram('scan');
    await stands(page, 'scanned');
  });

  describe('where the line is bad', () => {
    test('says so, takes it back, and has missed nothing', async () => {
      const page = await tab();
      await open(page);
      await stands(page, 'pending');
      await context.setOffline(true);
      await page.getByText('Connection lost. Reconnecting…').waitFor();
      await miniProgram('scan');
      await context.setOffline(false);
      await stands(page, 'scanned');
      await page.getByText('Connection lost. Reconnecting…').waitFor({ state: 'hidden' });
      expectFailedRequests();
    });

    test.each([
      ['cuts every stream', 'abort'],
      ['answers for the stream', 'refuse'],
      ['holds the stream back', 'hold'],
    ])('and something on the way %s, it asks instead', async (_what, way) => {
      const page = await tab();
      await page.route('**/events', async (route) => {
        if (way === 'abort') await route.abort();
        if (way === 'refuse') await route.fulfill({ status: 502, body: 'Bad gateway' });
      });
      await open(page);
      await stands(page, 'pending');
      await miniProgram('scan');
      await stands(page, 'scanned');
      await miniProgram('confirm');
      await page.locator('#user-id').waitFor();
      expectFailedRequests();
    });
  });

  test('without scripts there is a link to WeChat’s own page', async () => {
    const page = await tab({ javaScriptEnabled: false, viewport: LOOKS[0][1].viewport });
    await open(page);
    // Nothing that would never come to anything.
    expect(await page.locator('.tabs, .spinner').and(page.locator(':visible')).count()).toBe(0);
    await picture(page, 'login-no-script');
    await page.getByRole('link', { name: 'Open WeChat’s own page' }).first().click();
    expect(page.url()).toContain(`${world.sandbox.url}/connect/qrconnect?`);
  });

  describe('inside WeChat’s browser', () => {
    const wechat = { userAgent: WECHAT_USER_AGENT, viewport: LOOKS[2][1].viewport };

    /** A tab on this person's phone. */
    async function inWeChat(options: BrowserContextOptions = {}): Promise<Page> {
      const page = await tab({ ...wechat, ...options });
      await hold(page);
      return page;
    }

    test('whom the official account knows is in without a touch', async () => {
      const before: TokenReply = await new WeChatBrowser(world, person).login();
      const page = await inWeChat();
      await open(page);
      await page.getByRole('heading', { name: person.nickname }).waitFor();
      expect(await page.locator('#user-id').textContent()).toBe(before.user.id);
      // Nothing of it stays in the address or behind it.
      expect(page.url()).toBe(`${world.url}/login`);
    });

    test('who is new taps once, is asked by WeChat, and is back at the website', async () => {
      const page = await inWeChat();
      await open(page, login({ returnTo: returnTo() }));
      await page.getByText('Your WeChat nickname and picture will be used').waitFor();
      const users = await world.count('users');
      await page.getByRole('link', { name: 'Continue with WeChat' }).click();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'Welcome' }).waitFor();
      expect(new URL(page.url()).searchParams.has('loginCode')).toBe(true);
      expect(await world.count('users')).toBe(users + 1);
    });

    test('who sees a snapshot is told how to leave it, and goes on from there', async () => {
      person = await world.person({ nickname: '小快', snapshotUser: true });
      const page = await inWeChat();
      await open(page);
      await page.getByRole('link', { name: 'Continue with WeChat' }).click();
      await page.getByRole('heading', { name: 'Please use the full service' }).waitFor();
      expect(await page.locator('#problem').isVisible()).toBe(false);
      await world.control(`people/${person.id}`, { snapshotUser: false }, 'PATCH');
      await page.getByRole('link', { name: 'Log in again' }).click();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: person.nickname }).waitFor();
    });

    test('who comes back from a login that failed begins again by a tap, not in a circle', async () => {
      await new WeChatBrowser(world, person).login();
      const page = await inWeChat();
      await open(page, login({ error: 'WECHAT_BUSY' }));
      await page.getByText('WeChat is busy. Please try again in a moment.').waitFor();
      expect(page.url()).toBe(`${world.url}/login`);
      await page.getByRole('link', { name: 'Continue with WeChat' }).click();
      await page.getByRole('heading', { name: person.nickname }).waitFor();
    });

    test('in a web-view it sends the person back to the mini program', async () => {
      const page = await tab({ ...wechat, userAgent: `${WECHAT_USER_AGENT} miniProgram/${MINI_PROGRAM}` });
      await open(page);
      await page.getByRole('heading', { name: 'Please log in in the mini program' }).waitFor();
    });
  });

  describe('in a phone’s other browser', () => {
    const phone = { userAgent: IPHONE, viewport: LOOKS[2][1].viewport };

    test('copies the link of this login for WeChat', async () => {
      const page = await tab({ ...phone, permissions: ['clipboard-read', 'clipboard-write'] });
      await open(page, login({ returnTo: returnTo() }));
      await page.getByRole('heading', { name: 'Open this in WeChat to log in' }).waitFor();
      await page.getByRole('button', { name: 'Copy link' }).click();
      await page.getByText('Link copied').waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
        `${world.url}${login({ returnTo: returnTo() })}`,
      );
    });

    test.each([
      ['without a clipboard it copies what it selects', true, 'Link copied'],
      [
        'where nothing can be copied it says how to',
        false,
        'That did not work. Press and hold the link above to copy it.',
      ],
    ])('%s', async (_what, canCopy, says) => {
      const page = await tab(phone);
      await page.addInitScript(`
        Object.defineProperty(navigator, 'clipboard', { value: undefined });
        document.execCommand = () => ${String(canCopy)};`);
      await open(page);
      await page.getByRole('button', { name: 'Copy link' }).click();
      await page.getByText(says).waitFor();
    });

    test('lets who wants to stay there log in by a code, which is made only then', async () => {
      const page = await tab(phone);
      const codes = await world.callsOf(CODE);
      await open(page);
      await page.getByText('Rather log in in this browser?').waitFor();
      expect(await world.callsOf(CODE)).toBe(codes);
      await page.getByText('Rather log in in this browser?').click();
      await stands(page, 'pending');
      await miniProgram('scan');
      await stands(page, 'scanned');
      await miniProgram('confirm');
      await page.locator('#user-id').waitFor();
    });
  });

  test('says in words what an error code means, and of one that nobody knows nothing of it', async () => {
    const page = await tab();
    const other = 'Something went wrong. Please try again in a moment.';
    for (const [error, text] of [
      ['LOGIN_DENIED', 'You cancelled this login in WeChat.'],
      ['ACCOUNT_DISABLED', 'This account is disabled.'],
      ['STATE_INVALID', 'This login has expired or was started in another browser. Please log in again.'],
      ['NO_SUCH_CODE', other],
      ['toString', other],
      ['__proto__', other],
      ['<img src=x onerror=alert(1)>', other],
      ['"><script>alert(1)</script>', other],
    ] as const) {
      const response = await open(page, login({ error }));
      expect([error, await page.getByRole('alert').innerHTML()]).toEqual([error, text]);
      // What came in the query is in no part of the HTML either.
      expect(await response?.text()).not.toMatch(/alert\(1\)|NO_SUCH_CODE/);
      expect(page.url()).toBe(`${world.url}/login`);
    }
    await stands(page, 'pending');
  });

  test('a loginCode that is over is told, and the login begins anew', async () => {
    const page = await tab();
    await open(page, login({ loginCode: 'abcdefghijklmnopqrstuvwxyz012345' }));
    await page.getByText('This login has expired. Please log in again.').waitFor();
    await stands(page, 'pending');
    expectFailedRequests();
  });

  test('gives its script and style, and nothing else, the right to run', async () => {
    const page = await tab();
    const policies = new Set<string>();
    for (let visit = 0; visit < 2; visit++) {
      const response = await open(page);
      const policy = (await response?.allHeaders())?.['content-security-policy'] ?? '';
      expect(policy).toMatch(/script-src 'nonce-[A-Za-z0-9+/=]{22,}';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      policies.add(policy);
    }
    expect(policies.size).toBe(2);
    await stands(page, 'pending');
    const ran = page.evaluate(`new Promise((ran) => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => ran(effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'document.title = "mine"';
      document.body.append(script);
    })`);
    expect(await ran).toBe('script-src-elem');
    complaints = complaints.filter((each) => !each.includes('Content Security Policy'));
  });

  test('stays empty in a frame of another site', async () => {
    const page = await tab();
    sites.show('/', `<iframe src="${world.url}/login"></iframe>`);
    await page.goto(sites.origin('evil'));
    await page.frames()[1]?.waitForURL(/^chrome-error:/);
    expect(complaints.join()).toContain('frame-ancestors');
    complaints.length = 0;
  });

  describe.each(LOOKS)('%s: every view is whole, and nobody is shut out of it', (look, options) => {
    const isPhone = options.viewport.width < 600;
    const inEnglish = options.locale === 'en-US';
    const onPhone = { ...options, userAgent: IPHONE };
    const inWeChat = { ...options, userAgent: WECHAT_USER_AGENT };

    /** Keeps a picture, of the whole page where it is longer than the screen, and looks for what is wrong. */
    async function check(page: Page, view: string): Promise<void> {
      await picture(page, `login-${view}-${look}`);
      expect(await barriersOn(page)).toEqual([]);
      const [width, frames] = await page.evaluate<[number, number]>(
        `[document.documentElement.scrollWidth, [...document.querySelectorAll('main *')]
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.hero')).length]`,
      );
      expect([view, width, frames]).toEqual([view, Math.min(width, options.viewport.width), 0]);
    }

    test('the code of a mini program, from the first look to the log-out', async () => {
      const page = await tab(options);
      await world.fault(CODE, { errcode: -1, times: 100 });
      await open(page, login({ returnTo: returnTo(), error: 'LOGIN_DENIED' }));
      await stands(page, 'failed');
      await check(page, 'failed');
      expectFailedRequests();
      await world.control('faults', undefined, 'DELETE');
      await page.route('**/v1/web-qr-login/attempts', () => undefined);
      await open(page, login({ returnTo: returnTo() }));
      await check(page, 'loading');
      await page.unrouteAll();
      await open(page);
      await stands(page, 'pending');
      await check(page, 'pending');
      await miniProgram('scan');
      await stands(page, 'scanned');
      await check(page, 'scanned');
      await miniProgram('deny');
      await stands(page, 'denied');
      await page.getByRole('button', { name: inEnglish ? 'Scan again' : '重新扫码' }).focus();
      await check(page, 'denied');
      await page.keyboard.press('Enter');
      await stands(page, 'pending');
      await cover(page, true);
      await world.pass(TOO_LONG);
      await stands(page, 'expired');
      await check(page, 'expired');
      await cover(page, false);
      await stands(page, 'pending');
      await page.route('**/token', () => undefined);
      await miniProgram('scan');
      await miniProgram('confirm');
      await page.locator('#working').waitFor();
      await check(page, 'working');
      await page.unrouteAll();
    });

    test('the QR code of a website', async () => {
      const page = await tab(options);
      await open(page, login({ appId: WEBSITE, returnTo: returnTo() }));
      const uuid = await codeInFrame(page);
      await page.getByRole('tab', { selected: true }).focus();
      await check(page, 'website');
      // What follows differs by width and language alone.
      if (!inEnglish) return;
      await world.control('scan', { uuid, person: person.id });
      await page
        .frameLocator('iframe')
        .getByText(/扫描成功|Scanned/)
        .waitFor();
      await check(page, 'website-scanned');
      await open(page, login({ appId: WEBSITE }));
      const another = await codeInFrame(page);
      await world.control('scan', { uuid: another, person: person.id });
      await world.control('allow', { uuid: another });
      await page.locator('#user-id').waitFor();
      await check(page, 'done');
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByText('You are logged out').waitFor();
      await stands(page, 'pending');
      await check(page, 'logged-out');
    });

    test('linked, and an error that has no website to return to', async () => {
      const page = await tab(options);
      await open(page, login({ linked: '1' }));
      await page.getByRole('heading').waitFor();
      await check(page, 'linked');
      await open(page, '/v1/web-qr-login/callback?state=unknown&code=x');
      await page.getByText('STATE_INVALID').waitFor();
      await check(page, 'error');
      expectFailedRequests();
    });

    if (!isPhone) return;

    test('the link for WeChat', async () => {
      const page = await tab(onPhone);
      await open(page, login({ returnTo: returnTo() }));
      await check(page, 'open-in-wechat');
      await page.locator('summary').click();
      await stands(page, 'pending');
      await stage(page).scrollIntoViewIfNeeded();
      await check(page, 'open-in-wechat-stay');
    });

    test('what WeChat’s own browser shows', async () => {
      const page = await tab(inWeChat);
      await hold(page);
      await open(page, login({ returnTo: returnTo() }));
      await page.locator('.asks').waitFor();
      await check(page, 'consent');
      await open(page, login({ error: 'WECHAT_SNAPSHOT_USER' }));
      await check(page, 'snapshot');
      await open(page, login({ error: 'WECHAT_BUSY' }));
      await check(page, 'again');
    });

    test('a web-view', async () => {
      const page = await tab({ ...inWeChat, userAgent: `${WECHAT_USER_AGENT} miniProgram/${MINI_PROGRAM}` });
      await open(page);
      await check(page, 'web-view');
    });
  });

  test.each(['zh-CN', 'en-US'])('weighs less than 30 kB, whoever asks, in %s', async (locale) => {
    const page = await tab({ locale });
    const weights: Record<string, number> = {};
    const long = `${returnTo()}?cart=`.padEnd(120, '0123456789');
    for (const userAgent of ['desk', IPHONE]) {
      const query = login({ returnTo: long, codeChallenge: pkce().challenge });
      const response = await fetch(`${world.url}${query}`, {
        headers: { 'user-agent': userAgent, 'accept-language': locale },
      });
      weights[userAgent === IPHONE ? 'phone' : 'desk'] = (await response.arrayBuffer()).byteLength;
    }
    // Nothing else is fetched than the code: style, script and drawings are in the page.
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await open(page);
    await stands(page, 'pending');
    expect(fetched.map((path) => path.replace(/[A-Za-z0-9_-]{20,}/, ':key'))).toEqual([
      '/login',
      '/v1/web-qr-login/attempts',
      '/v1/web-qr-login/qr-codes/:key',
      '/v1/web-qr-login/attempts/:key/events',
    ]);
    expect({ weights, tooHeavy: Object.values(weights).some((bytes) => bytes > BUDGET) }).toEqual({
      weights,
      tooHeavy: false,
    });
  });
});

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
