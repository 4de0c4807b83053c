import { describe, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { withoutSwitch } from '../harness/page-html.js';
import { WECHAT_USER_AGENT, WeChatBrowser } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, type TokenReply, WEBSITE } from '../harness/world.js';
import {
  complaints,
  context,
  cover,
  expectFailedRequests,
  IPHONE,
  login,
  LOOKS,
  sites,
  stage,
  stands,
  statusOf,
  tab,
} from './browser-tab.js';
import { picture } from './chromium.js';
import { become, CODE, codeInFrame, hold, miniProgram, open, person, returnTo, world } from './login-page.js';

describe('the login page', () => {
  /** Longer than any code lives, in seconds. */
  const TOO_LONG = 11 * 60;

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
      await page.getByText('Login cancelled').waitFor();
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
      ['WeChat is too busy', { errcode: 45009 }, 'WeChat is busy. Please try again later.'],
      ['WeChat is away', { status: 502, body: '' }, 'Couldn’t reach WeChat. Please try again in a moment.'],
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

    test('says so after too many attempts', async () => {
      const page = await tab();
      await page.route('**/v1/web-qr-login/attempts?*', (route) =>
        route.fulfill({ status: 429, json: { code: 'RATE_LIMITED' }, headers: { 'retry-after': '30' } }),
      );
      await open(page);
      await page.getByText('Too many attempts. Please try again later.').waitFor();
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
      expect(await page.getByText('欢迎！已为你创建账号').isVisible()).toBe(true);
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
      await page.getByRole('link', { name: 'Open WeChat’s login page' }).click();
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
      // A status that is on its way already would say that the line is good.
      await page.addInitScript(`
        const { addEventListener } = EventTarget.prototype;
        EventSource.prototype.addEventListener = function (type, listener) {
          addEventListener.call(this, type, listener);
          addEventListener.call(this, type, () => (document.documentElement.dataset.heard = type));
        };`);
      await open(page);
      await page.locator('html[data-heard=status]').waitFor();
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
    await page.getByRole('link', { name: 'Open WeChat’s login page' }).first().click();
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
      await page.getByText('Your WeChat nickname and profile photo will be used').waitFor();
      const users = await world.count('users');
      await page.getByRole('link', { name: 'Continue with WeChat' }).click();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'Welcome' }).waitFor();
      expect(new URL(page.url()).searchParams.has('loginCode')).toBe(true);
      expect(await world.count('users')).toBe(users + 1);
    });

    test('who sees a snapshot is told how to leave it, and goes on from there', async () => {
      await become({ nickname: '小快', snapshotUser: true });
      const page = await inWeChat();
      await open(page);
      await page.getByRole('link', { name: 'Continue with WeChat' }).click();
      await page.getByRole('heading', { name: 'Switch to the full service' }).waitFor();
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
      await page.getByRole('heading', { name: 'Log in from the mini program' }).waitFor();
    });
  });

  describe('in a phone’s other browser', () => {
    const phone = { userAgent: IPHONE, viewport: LOOKS[2][1].viewport };

    test('copies the link of this login for WeChat', async () => {
      const page = await tab({ ...phone, permissions: ['clipboard-read', 'clipboard-write'] });
      await open(page, login({ returnTo: returnTo() }));
      await page.getByRole('heading', { name: 'Open in WeChat to log in' }).waitFor();
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
        'Couldn’t copy the link. Press and hold it to copy it yourself.',
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
      await page.getByText('Prefer to stay in this browser?').waitFor();
      expect(await world.callsOf(CODE)).toBe(codes);
      await page.getByText('Prefer to stay in this browser?').click();
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
      ['ACCOUNT_DISABLED', 'This account has been disabled.'],
      ['STATE_INVALID', 'This login has expired or was started in another browser. Please log in again.'],
      ['NO_SUCH_CODE', other],
      ['toString', other],
      ['__proto__', other],
      ['<img src=x onerror=alert(1)>', other],
      ['"><script>alert(1)</script>', other],
    ] as const) {
      const response = await open(page, login({ error }));
      expect([error, await page.getByRole('alert').innerHTML()]).toEqual([error, text]);
      // What came in the query is in no part of the HTML either, but in the links that keep it.
      expect(withoutSwitch((await response?.text()) ?? '')).not.toMatch(/alert\(1\)|NO_SUCH_CODE/);
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
    const others = complaints.filter((each) => !each.includes('Content Security Policy'));
    complaints.splice(0, complaints.length, ...others);
  });

  test('stays empty in a frame of another site', async () => {
    const page = await tab();
    sites.show('/', `<iframe src="${world.url}/login"></iframe>`);
    await page.goto(sites.origin('evil'));
    await page.frames()[1]?.waitForURL(/^chrome-error:/);
    expect(complaints.join()).toContain('frame-ancestors');
    complaints.length = 0;
  });
});
