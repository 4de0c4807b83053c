import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Browser, BrowserContextOptions, FrameLocator, Locator, Page } from 'playwright-core';
import { Browser as Desktop } from '../harness/browser.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { MINI_PROGRAM, type Person, World } from '../harness/world.js';
import { barriersOn, complaintsOf, launchChromium, picture } from './chromium.js';

const DESKTOP = { width: 1200, height: 880 };
const SMALL = { width: 320, height: 720 };

describe('the virtual phone in a browser', () => {
  let world: World;
  let chromium: Browser;
  let person: Person;
  let complaints: string[];
  let shop: Server;
  let shopAnswers: (buyer: Person) => Promise<Record<string, string>>;
  beforeAll(async () => {
    shop = createServer((_request, response) => {
      void shopAnswers(person).then(
        (order) => response.end(JSON.stringify(order)),
        () => response.writeHead(503).end(),
      );
    });
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    const address = shop.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    world = await World.start(API_KEYS, 1, { shopUrl: `http://127.0.0.1:${address.port}` });
    chromium = await launchChromium();
  });
  beforeEach(async () => {
    await world.control('reset', {});
    person = await world.person({ nickname: '小林' });
    complaints = [];
  });
  afterEach(async () => {
    await Promise.all(chromium.contexts().map((context) => context.close()));
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await chromium.close();
    await world.stop();
    shop.close();
  });

  /** What a shop answers to an order, signed for the buyer with a session_key that the sandbox is told. */
  async function signed(buyer: Person): Promise<Record<string, string>> {
    const sessionKey = 'c2Vzc2lvbl9rZXlfb2ZfYSE=';
    await world.control('session-keys', { person: buyer.id, sessionKey });
    const signData = JSON.stringify({
      ...{ offerId: '1450019686', buyQuantity: 1, env: 0, currencyType: 'CNY', attach: '' },
      ...{ productId: 'product_001', goodsPrice: 100, outTradeNo: randomUUID().slice(0, 18) },
    });
    const sign = (key: string, message: string) => createHmac('sha256', key).update(message).digest('hex');
    return {
      ...{ signData, mode: 'short_series_goods', signature: sign(sessionKey, signData) },
      paySig: sign('5a4db0c0de0000000000000000000pk0', `requestVirtualPayment&${signData}`),
    };
  }

  /** A window of the phone that this person holds. */
  async function phoneOf(holder: Person, query = '', options: BrowserContextOptions = {}): Promise<Page> {
    const still = { reducedMotion: 'reduce', viewport: DESKTOP } as const;
    const context = await chromium.newContext({ locale: 'zh-CN', ...still, ...options });
    const page = await context.newPage();
    complaints = complaintsOf(page);
    const mark = query === '' ? '?' : `${query}&`;
    await page.goto(`${world.sandbox.url}/phone${mark}person=${holder.id}`);
    await page.locator('#screen[data-screen]').waitFor();
    return page;
  }
  const screenOf = (page: Page): Locator => page.locator('#screen');
  const pageIn = (page: Page): FrameLocator => page.frameLocator('#web-view iframe');

  /** A login by mini program that some desktop began, and the id of its code at the sandbox. */
  async function beginScan() {
    const desktop = new Desktop();
    const attempt = await world.attempt(desktop);
    await world.ticketOf(attempt);
    const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes');
    return { desktop, attempt, code: codes[0]?.id ?? '' };
  }

  describe('scans the code of a mini program', () => {
    test('which shows what asks, and confirms when the person taps', async () => {
      const { desktop, attempt } = await beginScan();
      const phone = await phoneOf(person);
      await screenOf(phone)
        .getByRole('button', { name: /小程序 ·/ })
        .click();
      await phone.getByRole('heading', { name: '登录网站？' }).waitFor();
      expect((await world.status(desktop, attempt.id)).body.status).toBe('scanned');
      const facts = await phone.locator('.facts').textContent();
      for (const fact of ['127.0.0.1', 'shop.example.com']) expect(facts).toContain(fact);
      await picture(phone, 'phone-mini-asks');
      await phone.getByRole('button', { name: '确认登录' }).click();
      await phone.getByRole('heading', { name: '登录成功' }).waitFor();
      await picture(phone, 'phone-mini-confirmed');
      const { body } = await world.status(desktop, attempt.id);
      const login = await world.redeem(desktop, body.loginCode ?? null);
      expect(login.body.identity.openId).toBe(person.openIds[login.body.identity.appId]);
      await phone.getByRole('button', { name: '完成' }).click();
      await phone.getByText('还没有二维码').waitFor();
    });

    test('by the link that its picture holds, and cancels', async () => {
      const { desktop, attempt, code } = await beginScan();
      const phone = await phoneOf(person, `?wxacode=${code}`);
      await phone
        .getByRole('button', { name: '取消', exact: true })
        .and(phone.locator('#screen button'))
        .click();
      await phone.getByRole('heading', { name: '已取消登录' }).waitFor();
      await picture(phone, 'phone-mini-denied');
      expect((await world.status(desktop, attempt.id)).body.status).toBe('denied');
    });

    test('and says in plain words that it is over, or that somebody else was faster', async () => {
      const { code } = await beginScan();
      await world.control(`wxacodes/${code}/scan`, { person: 'laowang' });
      const phone = await phoneOf(person, `?wxacode=${code}`, { locale: 'en-US', colorScheme: 'dark' });
      await phone.getByRole('heading', { name: 'Somebody else was faster' }).waitFor();
      await picture(phone, 'phone-mini-taken-dark');
      await world.pass(3600);
      await phone.getByRole('button', { name: 'Done' }).click();
      await screenOf(phone).getByRole('button', { name: /^Scan/ }).click();
      await phone
        .getByRole('textbox', { name: 'Link of the QR code' })
        .fill(`http://x/phone?wxacode=${code}`);
      await phone.keyboard.press('Enter');
      await phone.getByRole('heading', { name: 'This code has expired' }).waitFor();
      await picture(phone, 'phone-mini-expired-dark');
      // The service's refusals are the browser's "failed to load resource".
      complaints = complaints.filter((complaint) => !/status of (404|409)/.test(complaint));
    });
  });

  describe("plays a partner's mini program that opens ours", () => {
    const PARTNER_APP_ID = 'wx5a4db0c0de0000aa';
    let partner: PartnerApp;
    beforeEach(async () => {
      partner = await PartnerApp.register(world, {
        scopes: ['openid', 'profile', 'phone'],
        miniProgramAppIds: [PARTNER_APP_ID],
        authMethod: 'client_secret_basic',
      });
    });

    /** Opens ours, as a partner that asks for this. */
    async function openOurs(phone: Page, clientId = partner.id, scope = 'openid phone'): Promise<void> {
      await screenOf(phone)
        .getByRole('button', { name: /^(从合作应用登录|Log in from a partner)$/ })
        .click();
      await phone.getByLabel(/client_id$/).fill(clientId);
      await phone.getByLabel('scope').fill(scope);
      await phone.getByRole('button', { name: /^(用微信登录|Log in with WeChat)$/ }).click();
    }

    test('and hands a code back, which the printed command exchanges', async () => {
      const phone = await phoneOf(person);
      await screenOf(phone).getByRole('button', { name: '从合作应用登录' }).click();
      await picture(phone, 'phone-partner-form');
      await phone.getByRole('button', { name: '返回' }).click();
      await openOurs(phone);
      await phone.getByRole('heading', { name: '小店' }).waitFor();
      await phone.getByText('你的手机号').waitFor();
      expect(await barriersOn(phone)).toEqual([]);
      await picture(phone, 'phone-partner-asks');
      await screenOf(phone).getByRole('button', { name: '允许' }).click();
      await phone.getByText('已返回合作应用的小程序').waitFor();
      expect(await barriersOn(phone)).toEqual([]);
      await picture(phone, 'phone-partner-code');
      const command = await screenOf(phone).locator('code.curl').innerText();
      expect(command).not.toContain(partner.secret);
      const { stdout } = await promisify(execFile)('bash', ['-c', `${command} -sS`], {
        env: { ...process.env, CLIENT_SECRET: partner.secret },
      });
      const { id_token } = JSON.parse(stdout) as { id_token: string };
      expect(decodeJwt(id_token).sub).toBe(decodeJwt((await partner.logInFor(person)).id_token).sub);
      // What was entered is there again, and so is the consent.
      await screenOf(phone).getByRole('button', { name: '完成' }).click();
      await screenOf(phone).getByRole('button', { name: '从合作应用登录' }).click();
      await phone.getByRole('button', { name: '用微信登录' }).click();
      await phone.getByText('你以前同意过这些').waitFor();
    });

    test('and tells it that the person refused', async () => {
      const phone = await phoneOf(person, '', { locale: 'en-US', viewport: SMALL, colorScheme: 'dark' });
      await openOurs(phone);
      await phone.getByRole('heading', { name: '小店' }).waitFor();
      await picture(phone, 'phone-partner-asks-small-dark');
      await screenOf(phone).getByRole('button', { name: 'Cancel' }).click();
      await phone.getByText('error: access_denied').waitFor();
      await picture(phone, 'phone-partner-denied-small-dark');
      await screenOf(phone).getByRole('button', { name: 'Done' }).click();
    });

    test('and says in plain words why the service refuses', async () => {
      const phone = await phoneOf(person);
      for (const [clientId, scope, title] of [
        ['nobody', 'openid', '没有这个合作应用'],
        [partner.id, 'openid wechat', '不能申请这些信息'],
      ] as const) {
        await openOurs(phone, clientId, scope);
        await phone.getByRole('heading', { name: title }).waitFor();
        await screenOf(phone).getByRole('button', { name: '完成' }).click();
      }
      await screenOf(phone).getByRole('button', { name: '从合作应用登录' }).click();
      await phone.getByLabel('它的小程序的 AppID').fill('wx5a4db0c0de0000bb');
      await phone.getByLabel('scope').fill('openid');
      await phone.getByRole('button', { name: '用微信登录' }).click();
      await phone.getByRole('heading', { name: '这个小程序不属于该合作应用' }).waitFor();
      await picture(phone, 'phone-partner-refused');
      complaints = complaints.filter((complaint) => !/status of (403|404)/.test(complaint));
    });

    test('and keeps what is typed while the people change', async () => {
      const phone = await phoneOf(person);
      await screenOf(phone).getByRole('button', { name: '从合作应用登录' }).click();
      await phone.getByLabel(/client_id$/).fill('one');
      await phone.getByLabel('它的小程序的 AppID').fill('two');
      await world.person({ nickname: '新来的' });
      await phone.locator('#people').getByText('新来的').waitFor();
      expect(await phone.getByLabel(/client_id$/).inputValue()).toBe('one');
      expect(await phone.getByLabel('它的小程序的 AppID').inputValue()).toBe('two');
      expect(await phone.evaluate(() => document.activeElement?.id)).toBe('partner-app');
    });
  });

  describe('scans the QR code of a website', () => {
    async function qrPage(query: Record<string, string> = {}): Promise<Page> {
      const page = await (await chromium.newContext({ locale: 'zh-CN' })).newPage();
      const asked = await world.authorize(new Desktop());
      for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
      await page.goto(asked.href);
      return page;
    }

    test('and cancels; the page says so', async () => {
      const page = await qrPage();
      const phone = await phoneOf(person);
      await screenOf(phone)
        .getByRole('button', { name: /示例网站/ })
        .first()
        .click();
      await phone.getByText('申请登录').waitFor();
      await picture(phone, 'phone-consent');
      await screenOf(phone).getByRole('button', { name: '取消' }).click();
      await page.getByText('你已取消此次登录').waitFor();
      expect(await barriersOn(page)).toEqual([]);
    });

    test('and lets it expire, before or after the scan', async () => {
      const [first, second] = [await qrPage(), await qrPage()];
      const phone = await phoneOf(person);
      const expire = screenOf(phone).getByRole('button', { name: /让二维码失效/ });
      await expire.nth(1).click();
      await first.getByText('二维码已失效').waitFor();
      expect(await barriersOn(first)).toEqual([]);
      await screenOf(phone)
        .getByRole('button', { name: /示例网站/ })
        .first()
        .click();
      await screenOf(phone).getByRole('button', { name: '让二维码失效' }).click();
      await phone.getByRole('heading', { name: '二维码已失效' }).waitFor();
      await second.getByText('二维码已失效').waitFor();
      await second.getByRole('button', { name: /点击刷新/ }).click();
      await phone.getByRole('button', { name: '完成' }).click();
      await screenOf(phone)
        .getByRole('button', { name: /示例网站/ })
        .first()
        .waitFor();
    });
  });

  test.each(['light', 'dark'] as const)('WeChat’s error page shuts nobody out, %s', async (colorScheme) => {
    const page = await (await chromium.newContext({ colorScheme, viewport: SMALL })).newPage();
    complaints = complaintsOf(page);
    await page.goto(`${world.sandbox.url}/connect/oauth2/authorize`);
    await page.getByRole('heading', { name: 'appid 为空 (10012)' }).waitFor();
    await picture(page, `wechat-error-${colorScheme}`);
    expect(await barriersOn(page)).toEqual([]);
  });

  describe('opens a page in WeChat', () => {
    const openLogin = async (phone: Page, address = '在微信里打开网页', open = '打开') => {
      await screenOf(phone).getByRole('button', { name: address }).click();
      await screenOf(phone).getByRole('button', { name: open, exact: true }).click();
      await phone.waitForURL(/^http:\/\/wechat\.localhost:\d+\/phone\?open=/);
    };
    const consentLink = 'a[href*="/connect/oauth2/authorize"]';

    test('which asks silently, then by a tap; the person allows, and comes back in silence', async () => {
      const phone = await phoneOf(person);
      await openLogin(phone);
      await pageIn(phone).locator(consentLink).click();
      await pageIn(phone).getByText('获取你的昵称、头像').waitFor();
      await picture(phone, 'phone-web-prompt');
      expect(await barriersOn(phone)).toEqual([]);
      await pageIn(phone).getByRole('button', { name: '允许' }).click();
      await pageIn(phone).getByRole('heading', { name: person.nickname }).waitFor();
      await picture(phone, 'phone-web-done');
      expect(await world.count('wechat_identities')).toBeGreaterThan(0);
      await phone.getByRole('button', { name: '重新打开' }).click();
      await pageIn(phone).getByRole('heading', { name: person.nickname }).waitFor();
      await phone.getByRole('button', { name: '关闭' }).click();
      await screenOf(phone).getByText(`微信号：${person.id}`).waitFor();
    });

    test('which is closed when the person refuses', async () => {
      const phone = await phoneOf(person, '', { locale: 'en-US' });
      await openLogin(phone, 'Open a page in WeChat', 'Open');
      await pageIn(phone).locator(consentLink).click();
      await pageIn(phone).getByRole('button', { name: 'Reject' }).click();
      await phone.getByText('You refused, and WeChat closed the page').waitFor();
      expect(await phone.locator('#web-view iframe').count()).toBe(0);
    });

    test('as a snapshot user, until the person uses the full service', async () => {
      const phone = await phoneOf(person, '', { colorScheme: 'dark' });
      await screenOf(phone).getByRole('button', { name: '在微信里打开网页' }).click();
      await phone.getByText('快照页用户').click();
      await expect(phone.getByRole('switch', { name: /快照页用户/ }).isChecked()).resolves.toBe(true);
      await picture(phone, 'phone-address-dark');
      await screenOf(phone).getByRole('button', { name: '打开', exact: true }).click();
      await pageIn(phone).locator(consentLink).click();
      await phone.getByText('快照页：网站拿到的是虚拟身份').waitFor();
      await picture(phone, 'phone-web-snapshot-dark');
      expect((await barriersOn(phone)).filter((barrier) => !barrier.includes('/login?'))).toEqual([]);
      await phone.getByRole('button', { name: '使用完整服务' }).click();
      await phone.getByText('快照页：网站拿到的是虚拟身份').waitFor({ state: 'hidden' });
      await pageIn(phone).locator(consentLink).click();
      await pageIn(phone).getByRole('button', { name: '允许' }).click();
      await pageIn(phone).getByRole('heading', { name: person.nickname }).waitFor();
    });

    test('and finds its way inside in a browser without the Navigation API, too', async () => {
      const phone = await phoneOf(person);
      await phone
        .context()
        .addInitScript("Object.defineProperty(window, 'navigation', { value: undefined })");
      await openLogin(phone);
      await pageIn(phone).locator(consentLink).click();
      await pageIn(phone).getByRole('button', { name: '允许' }).click();
      await pageIn(phone).getByRole('heading', { name: person.nickname }).waitFor();
      expect(phone.frames()[1]?.url()).toMatch(`http://${person.id}.wechat.localhost:`);
    });

    test('of the service, and none of anybody else', async () => {
      const phone = await phoneOf(person);
      await screenOf(phone).getByRole('button', { name: '在微信里打开网页' }).click();
      await phone.getByRole('textbox', { name: '网址' }).fill('https://example.com/login');
      await screenOf(phone).getByRole('button', { name: '打开', exact: true }).click();
      await phone.getByText(`虚拟微信只打开 ${world.url} 和本机的网页`).waitFor();
    });
  });

  describe('buys in the sample mini program', () => {
    const TAKEN = '{"ErrCode":0,"ErrMsg":"success"}';
    let receiver: Server;
    let answer: string;
    beforeAll(async () => {
      // The service's URL for pushes, without the service: it takes a notice, or does not.
      receiver = createServer((_request, response) => response.end(answer));
      await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => {
      receiver.close();
    });
    beforeEach(() => {
      shopAnswers = signed;
      answer = TAKEN;
    });
    afterEach(() => world.control('service', { url: world.url }, 'PUT'));

    /** From now on the notices of payments go to the receiver; the login is done. */
    async function receivePushes(): Promise<void> {
      await world.control('push-settings', { appId: MINI_PROGRAM, token: 'T0KEN' }, 'PUT');
      const address = receiver.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      await world.control('service', { url: `http://127.0.0.1:${address.port}` }, 'PUT');
    }

    const [BUY, CARD] = ['在小程序里购买', /电子贺卡/];
    async function windowOf(phone: Page): Promise<Locator> {
      await screenOf(phone).getByRole('button', { name: BUY }).click();
      await screenOf(phone).getByRole('button', { name: CARD }).click();
      const asks = phone.getByRole('dialog', { name: '支付' });
      await asks.waitFor();
      return asks;
    }

    test('pays in WeChat’s window, and sees that the shop delivered', async () => {
      const phone = await phoneOf(person);
      const asks = await windowOf(phone);
      expect(await asks.textContent()).toContain('¥1.00');
      await picture(phone, 'phone-shop-window');
      expect(await barriersOn(phone)).toEqual([]);
      answer = 'success';
      await receivePushes();
      await asks.getByRole('button', { name: '立即支付' }).click();
      await phone.getByRole('heading', { name: '支付成功' }).waitFor();
      await phone.getByText('发货通知还没有被接收').waitFor();
      await picture(phone, 'phone-shop-waiting');
      answer = TAKEN;
      await world.control('clock', { advanceSeconds: 60 });
      await phone.getByText('已发货').waitFor();
      await picture(phone, 'phone-shop-delivered');
      expect(await barriersOn(phone)).toEqual([]);
      await phone.getByRole('button', { name: '完成' }).click();
      await screenOf(phone).getByRole('button', { name: BUY }).waitFor();
    });

    test('is told what is missing where the push is not set up', async () => {
      const phone = await phoneOf(person);
      const asks = await windowOf(phone);
      await asks.getByRole('button', { name: '立即支付' }).click();
      await phone.getByText('WECHAT_PUSH_TOKEN').waitFor();
    });

    test('cancels, and nothing is paid', async () => {
      const phone = await phoneOf(person);
      const asks = await windowOf(phone);
      await asks.getByRole('button', { name: '取消支付' }).last().click();
      await phone.getByRole('heading', { name: '已取消支付' }).waitFor();
      await phone.getByText('requestVirtualPayment:fail cancel').waitFor();
      await picture(phone, 'phone-shop-cancelled');
      expect(await world.control('virtual-payments')).toEqual({ orders: [] });
    });

    test('reads what WeChat refuses, in English and in the dark', async () => {
      shopAnswers = async (holder) => ({ ...(await signed(holder)), paySig: 'wrong' });
      const phone = await phoneOf(person, '', { locale: 'en-US', colorScheme: 'dark', viewport: SMALL });
      await screenOf(phone).getByRole('button', { name: 'Buy in a mini program' }).click();
      await screenOf(phone).getByRole('button', { name: CARD }).waitFor();
      await picture(phone, 'phone-shop-goods-dark');
      expect(await barriersOn(phone)).toEqual([]);
      await screenOf(phone).getByRole('button', { name: CARD }).click();
      await phone.getByText('requestVirtualPayment:fail PAY_SIG_INVALID').waitFor();
      await picture(phone, 'phone-shop-refused-dark');
    });

    test('reads that the shop refuses', async () => {
      shopAnswers = () => Promise.reject(new Error('sold out'));
      const phone = await phoneOf(person);
      await screenOf(phone).getByRole('button', { name: BUY }).click();
      await screenOf(phone).getByRole('button', { name: CARD }).click();
      await phone.getByRole('heading', { name: '商城拒绝了下单' }).waitFor();
      complaints = complaints.filter((complaint) => !complaint.includes('status of 503'));
    });
  });

  test('stays usable where the service is away', async () => {
    const phone = await phoneOf(person);
    await world.control('service', { url: 'http://127.0.0.1:1' }, 'PUT');
    await phone.goto(`${world.sandbox.url.replace('127.0.0.1', 'wechat.localhost')}/phone?open=/login`);
    await pageIn(phone).getByRole('heading', { name: '无法打开网页' }).waitFor();
    await picture(phone, 'phone-web-unreachable');
    expect(await barriersOn(phone)).toEqual([]);
    await world.control('service', { url: world.url }, 'PUT');
    await pageIn(phone).getByRole('link', { name: '重试' }).click();
    await pageIn(phone).locator('a[href*="/connect/oauth2/authorize"]').waitFor();
    complaints = complaints.filter((complaint) => !complaint.includes('status of 502'));
  });

  describe.each([
    ['light, Chinese, desktop', { locale: 'zh-CN', colorScheme: 'light', viewport: DESKTOP }],
    ['dark, English, 320 pixels', { locale: 'en-US', colorScheme: 'dark', viewport: SMALL }],
  ] as const)('%s: nobody is shut out of', (look, options) => {
    const name = look.split(', ').join('-').replace(/ /g, '-').toLowerCase();
    const english = options.locale === 'en-US';
    const check = async (phone: Page, screen: string) => {
      await picture(phone, `phone-${screen}-${name}`);
      expect(await barriersOn(phone)).toEqual([]);
      const { width } = options.viewport;
      expect(await phone.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    };

    test('the screens of the phone', async () => {
      await world.authorize(new Desktop()).then((url) => fetch(url));
      await beginScan();
      const phone = await phoneOf(person, '', options);
      await screenOf(phone).locator('.login').nth(1).waitFor();
      await check(phone, 'home');
      const cells = screenOf(phone).locator('.cell');
      await cells.nth(0).click();
      await check(phone, 'scan');
      await phone.getByRole('button', { name: english ? 'Back' : '返回' }).click();
      await cells.nth(1).click();
      await check(phone, 'address');
      await phone.getByRole('button', { name: english ? 'Back' : '返回' }).click();
      await screenOf(phone).locator('.login .cell').nth(1).click();
      await phone.getByText(english ? 'Then goes on to' : '登录后返回').waitFor();
      await check(phone, 'consent');
    });

    test('the desk beside it', async () => {
      const phone = await phoneOf(person, '', options);
      await phone.getByRole('button', { name: english ? 'New' : '新建' }).click();
      await phone.getByRole('button', { name: english ? 'Get a code' : '获取 code' }).click();
      await phone.locator('#result .copyable').first().waitFor();
      await phone.getByRole('button', { name: english ? 'Get a phone code' : '获取手机号 code' }).click();
      await phone.locator('#phone-result .copyable').first().waitFor();
      await check(phone, 'desk');
    });

    test('the sample mini program', async () => {
      const { code } = await beginScan();
      const phone = await phoneOf(person, `?wxacode=${code}`, options);
      await phone.getByRole('button', { name: english ? 'Confirm' : '确认登录' }).waitFor();
      await check(phone, 'mini');
      await phone.getByRole('button', { name: english ? 'Confirm' : '确认登录' }).click();
      await phone.getByRole('status').waitFor();
      await check(phone, 'mini-done');
    });

    test('everything by the keyboard alone', async () => {
      const { desktop, attempt } = await beginScan();
      const phone = await phoneOf(person, '', options);
      await screenOf(phone).locator('.login').waitFor();
      const row = screenOf(phone).locator('.login .cell');
      for (let at = 0; at < 40 && (await row.and(phone.locator(':focus')).count()) === 0; at++) {
        await phone.keyboard.press('Tab');
      }
      await phone.keyboard.press('Enter');
      await phone.getByRole('button', { name: english ? 'Confirm' : '确认登录' }).waitFor();
      await phone.keyboard.press('Enter');
      await phone.getByText(english ? 'You are logged in' : '登录成功').waitFor();
      expect((await world.status(desktop, attempt.id)).body.status).toBe('confirmed');
    });
  });
});

describe('WxLogin.js of the sandbox', () => {
  let world: World;
  let chromium: Browser;
  beforeAll(async () => {
    world = await World.start();
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium.close();
    await world.stop();
  });

  /** A website that embeds the QR page with these options, in JavaScript. */
  async function embed(
    options: string,
    look: BrowserContextOptions = {},
  ): Promise<{ page: Page; site: string; uuid: string | undefined }> {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      if (request.url !== '/') return response.end('<!doctype html><title>back</title><p>back</p>');
      return response.end(`<!doctype html><html lang="zh"><title>site</title>
        <link rel="icon" href="data:,"><style>:root { color-scheme: light dark }</style>
        <main><h1>Site</h1><div id="wx"></div></main>
        <script src="${world.sandbox.url}/connect/zh_CN/htmledition/js/wxLogin.js"></script>
        <script>window.ready = []; new WxLogin({ id: 'wx', appid: 'wx5a4db0c0de000002', scope: 'snsapi_login',
          redirect_uri: encodeURIComponent(location.origin + '/callback'), state: 's t',
          onReady: (ok) => window.ready.push(ok), ${options} });</script></html>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const site = `http://127.0.0.1:${address.port}`;
    const context = await chromium.newContext(look);
    context.once('close', () => server.close());
    const page = await context.newPage();
    // Not read off the frame: whatever Playwright does in there, the browser takes for a person's tap.
    const picture = page.waitForResponse(/\/connect\/qrcode\//);
    await page.goto(`${site}/`);
    return { page, site, uuid: (await picture).url().split('/').at(-1) };
  }

  test('frames the QR page, 300 × 400 pixels, tells the site that it is ready, and goes on in the frame', async () => {
    const { page, site, uuid } = await embed('self_redirect: true');
    const complaints = complaintsOf(page);
    const frame = page.locator('#wx iframe');
    expect(await frame.boundingBox()).toMatchObject({ width: 300, height: 400 });
    expect(await page.evaluate('window.ready')).toEqual([true]);
    await world.control('scan', { uuid, person: 'alice' });
    await page.frameLocator('iframe').getByText('扫描成功').waitFor();
    await picture(page, 'wxlogin-scanned');
    const inner = page.frames()[1];
    expect(await inner?.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(400);
    expect(await barriersOn(page)).toEqual([]);
    await world.control('allow', { uuid });
    await page.frameLocator('iframe').getByText('back').waitFor();
    expect(page.frames()[1]?.url()).toMatch(new RegExp(`^${site}/callback\\?code=\\w+&state=s%20t$`));
    expect(page.url()).toBe(`${site}/`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('in the compact look fits 220 × 220 pixels, dark and English', async () => {
    const options = "self_redirect: true, stylelite: 1, color_scheme: 'dark', lang: 'en'";
    const { page, uuid } = await embed(options, { colorScheme: 'dark' });
    await page.evaluate("Object.assign(document.querySelector('iframe'), { width: 220, height: 220 })");
    const inner = page.frames()[1];
    await picture(page, 'wxlogin-lite');
    expect(await inner?.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(220);
    await world.control('scan', { uuid, person: 'alice' });
    await page.frameLocator('iframe').getByText('Tap Allow in WeChat to log in').waitFor();
    await picture(page, 'wxlogin-lite-scanned');
    expect(await inner?.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(220);
    expect(await barriersOn(page)).toEqual([]);
    await page.context().close();
  });

  test('goes on in the frame, too, where the browser does not let it lead the whole window away', async () => {
    const elsewhere = "location.origin.replace('127.0.0.1', 'elsewhere.localhost')";
    const { page, site, uuid } = await embed(`redirect_uri: encodeURIComponent(${elsewhere} + '/callback')`);
    // Without a tap a frame may lead the window to the window's own site at most.
    const landed = page.waitForEvent('framenavigated', (frame) => frame.url().includes('/callback?code='));
    await world.control('scan', { uuid, person: 'alice' });
    await world.control('allow', { uuid });
    expect((await landed).parentFrame()).toBe(page.mainFrame());
    expect(page.url()).toBe(`${site}/`);
    await page.context().close();
  });

  test('takes the site’s own stylesheet', async () => {
    const css = Buffer.from('.impowerBox .title { display: none }').toString('base64');
    const { page } = await embed(`href: 'data:text/css;base64,${css}'`);
    const title = page.frameLocator('iframe').locator('.title');
    await title.waitFor({ state: 'attached' });
    await title.waitFor({ state: 'hidden' });
    await page.context().close();
  });
});
