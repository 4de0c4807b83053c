import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser as Chromium, BrowserContext, Page } from 'playwright-core';
import { Browser } from '../harness/browser.js';
import { pkce } from '../harness/pkce.js';
import { Site } from '../harness/site.js';
import { type AttemptReply, type Person, WEBSITE, World } from '../harness/world.js';
import { complaintsOf, launchChromium, picture } from './chromium.js';

/** What the page of a site saw of its login. */
interface Seen {
  readonly messages: { readonly origin: string; readonly data: unknown }[];
  readonly reply?: { readonly user: { readonly id: string; readonly nickname: string } };
}

let sites: Site;
let world: World;
let chromium: Chromium;
let context: BrowserContext;
let page: Page;
let person: Person;
let complaints: string[];
beforeAll(async () => {
  sites = await Site.start();
  world = await World.start({ RETURN_URLS: sites.origin('shop') });
  chromium = await launchChromium();
});
beforeEach(async () => {
  person = await world.person();
  context = await chromium.newContext({ locale: 'en-US' });
  page = await context.newPage();
  complaints = complaintsOf(page);
});
afterEach(() => context.close());
afterAll(async () => {
  await chromium.close();
  await world.stop();
  await sites.stop();
});

/** WeChat under a host name of its own: another site than the service, as in production. */
function wechatUrl(): string {
  return world.sandbox.url.replace('127.0.0.1', 'open.localhost');
}

/** How a site keeps what it hears. */
const LISTEN = `
  window.seen = { messages: [] };
  addEventListener('message', ({ origin, data }) => seen.messages.push({ origin, data }));`;

/** A shop that logs people in without leaving its page: by verifier, message and CORS. */
function shopPage(embed: string): string {
  return `<h1>Shop</h1><div id="place"></div><p id="who"></p>
<script src="${wechatUrl()}/connect/zh_CN/htmledition/js/wxLogin.js"></script>
<script type="module">${LISTEN}
  const service = '${world.url}';
  const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(service + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  };
  const codeVerifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier));
  const codeChallenge = base64url(new Uint8Array(hash));
  const attempt = await post('/v1/web-qr-login/attempts', { method: 'website', returnTo: location.origin + '/welcome', codeChallenge });
  addEventListener('message', async ({ origin, data }) => {
    if (origin !== service || data.type !== 'wechat-auth:login' || data.attempt !== attempt.id) return;
    seen.reply = await post('/v1/web-qr-login/token', { loginCode: data.loginCode, codeVerifier });
    document.getElementById('who').textContent = seen.reply.user.nickname;
  });
  const { wxLogin } = attempt;
  ${embed}
</script>`;
}

const BY_ADDRESS = `
  const frame = document.createElement('iframe');
  frame.allow = wxLogin.allow;
  frame.src = wxLogin.src.replace('127.0.0.1', 'open.localhost');
  frame.width = 300; frame.height = 400;
  document.getElementById('place').append(frame);`;
const BY_SCRIPT = `new WxLogin({ id: 'place', ...wxLogin });`;

/** Waits for the QR code in the frame, in the language of who shows it, scans it and allows. */
async function scanInFrame(): Promise<void> {
  const image = page.frameLocator('iframe').locator('img.web_qrcode_img');
  await image.waitFor();
  const uuid = (await image.getAttribute('src'))?.split('/').at(-1);
  await world.control('scan', { uuid, person: person.id });
  await page
    .frameLocator('iframe')
    .getByText(/^(扫描成功|Scanned)$/)
    .waitFor();
  await world.control('allow', { uuid });
}

function seen(): Promise<Seen> {
  return page.evaluate<Seen>('window.seen');
}

/** What the service itself has told a page: WeChat's page has messages of its own. */
async function told(): Promise<Seen['messages']> {
  return (await seen()).messages.filter(({ data }) => typeof data !== 'string');
}

describe('a website that shows the QR code on its own page', () => {
  test.each([
    ['by the address of the attempt', BY_ADDRESS],
    ['by WxLogin.js', BY_SCRIPT],
  ])('%s logs the person in without leaving it', async (way, embed) => {
    sites.show('/', shopPage(embed));
    await page.goto(sites.origin('shop'));
    await scanInFrame();
    await page.getByText(person.nickname).waitFor();
    await picture(page, `embedded-${way.split(' ').at(-1) ?? ''}`);
    const { reply } = await seen();
    expect(reply).toMatchObject({ user: { nickname: person.nickname }, identity: { appId: WEBSITE } });
    const messages = await told();
    expect(messages).toMatchObject([{ origin: world.url, data: { type: 'wechat-auth:login' } }]);
    expect(page.url()).toBe(`${sites.origin('shop')}/`);
    // The browser has no cookie of ours.
    expect(await context.cookies(world.url)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('may follow its attempt instead of the message: it is told once our page was shown', async () => {
    sites.show(
      '/',
      shopPage(BY_ADDRESS).replace(
        '</script>\n<script type="module">',
        `</script>\n<script>addEventListener('message', (event) => event.stopImmediatePropagation(), true)</script>\n<script type="module">`,
      ),
    );
    const begun = page.waitForResponse((response) => response.url().endsWith('/v1/web-qr-login/attempts'));
    await page.goto(sites.origin('shop'));
    const attempt = (await (await begun).json()) as AttemptReply;
    const shown = page.waitForResponse((response) => response.url().endsWith('/framed-callbacks'));
    await scanInFrame();
    expect((await shown).status()).toBe(204);
    const headers = { 'x-attempt-secret': attempt.secret };
    expect((await world.status(new Browser(), attempt.id, headers)).body).toEqual({
      status: 'confirmed',
      loginCode: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(complaints).toEqual([]);
  });

  test('is told what went wrong', async () => {
    await world.fault('/sns/oauth2/access_token', { errcode: 40029 });
    sites.show('/', shopPage(BY_ADDRESS));
    await page.goto(sites.origin('shop'));
    await scanInFrame();
    await page.waitForFunction('window.seen.messages.some(({ data }) => data.error)');
    expect(await told()).toMatchObject([{ origin: world.url, data: { error: 'WECHAT_CODE_INVALID' } }]);
  });
});

test('a website around a login that the cookie binds gets the whole window sent on, by a click where it must be', async () => {
  const returnTo = `${sites.origin('shop')}/welcome`;
  await page.goto(`${world.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(returnTo)}`);
  const { search } = new URL(page.url());
  sites.show('/welcome', '<h1>Welcome</h1>');
  sites.show(
    '/',
    `<iframe width="300" height="400" src="${wechatUrl()}/connect/qrconnect${search}&login_type=jssdk&self_redirect=true"></iframe>`,
  );
  await page.goto(sites.origin('shop'));
  await scanInFrame();
  await page.frameLocator('iframe').getByRole('link', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  const data = { loginCode: new URL(page.url()).searchParams.get('loginCode') };
  const reply = await context.request.post(`${world.url}/v1/web-qr-login/token`, { data });
  expect(await reply.json()).toMatchObject({ user: { nickname: person.nickname } });
});

describe('a site that is not meant', () => {
  function attemptOfShop(): Promise<AttemptReply> {
    const returnTo = `${sites.origin('shop')}/welcome`;
    return world.attempt(new Browser(), { method: 'website', returnTo, codeChallenge: pkce().challenge });
  }

  /** Opens a hostile page around an address of ours, and waits until the browser has refused to show that. */
  async function expectRefused(address: string, scan: boolean): Promise<void> {
    sites.show('/', `<script>${LISTEN}</script><iframe width="300" height="400" src="${address}"></iframe>`);
    const says = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    const refused = page.waitForEvent('framenavigated', (frame) => frame.url().startsWith('chrome-error:'));
    await page.goto(sites.origin('evil'));
    if (scan) await scanInFrame();
    await Promise.all([says, refused]);
    expect(await told()).toEqual([]);
    expect(page.url()).toBe(`${sites.origin('evil')}/`);
  }

  test('around the QR code of the shop hears nothing when somebody scans it, and its attempt neither', async () => {
    const attempt = await attemptOfShop();
    await expectRefused(String(attempt.wxLogin?.src).replace('127.0.0.1', 'open.localhost'), true);
    const status = await world.status(new Browser(), attempt.id, { 'x-attempt-secret': attempt.secret });
    expect(status.body).toEqual({ status: 'pending' });
  });

  test('around the page that asks for the whole window does not get it shown, and nothing is used up', async () => {
    const browser = new Browser();
    const qrPage = await world.authorize(browser, { returnTo: `${sites.origin('shop')}/welcome` });
    const callback = await world.scanAndAllow(qrPage, person);
    await expectRefused(callback.href, false);
    const location = (await browser.visit(callback.href)).headers.get('location');
    expect(location).toContain('loginCode=');
  });

  test.each(['login', 'v1/web-qr-login/authorize', 'v1/web-qr-login/callback?state=x'])(
    'cannot show %s',
    async (path) => {
      await expectRefused(`${world.url}/${path}`, false);
    },
  );

  test('cannot begin an attempt, nor read one, from its page', async () => {
    const attempt = await attemptOfShop();
    sites.show('/', `<script>${LISTEN}</script>`);
    await page.goto(sites.origin('evil'));
    const outcomes = await page.evaluate(
      async ({ service, id, secret }) => {
        const body = JSON.stringify({ method: 'website' });
        const calls = [
          fetch(`${service}/v1/web-qr-login/attempts`, {
            method: 'POST',
            body,
            headers: { 'content-type': 'application/json' },
          }),
          fetch(`${service}/v1/web-qr-login/attempts/${id}`, { headers: { 'x-attempt-secret': secret } }),
          fetch(`${service}/v1/web-qr-login/attempts/${id}`, { credentials: 'include' }),
        ];
        return (await Promise.allSettled(calls)).map(({ status }) => status);
      },
      { service: world.url, id: attempt.id, secret: attempt.secret },
    );
    expect(outcomes).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

describe('our own login page around the QR code', () => {
  const WAYS = [
    ['a cookie binds: the whole window brings the callback', null],
    ['a challenge binds: the frame says how it ended', pkce()],
  ] as const;
  let visits: number;
  beforeEach(() => {
    // A website that redeems before it answers: as long as it takes, nothing else may send the window there.
    sites.show('/welcome', '<h1>Welcome</h1>', 1_500);
    visits = sites.queriesOf('/welcome').length;
  });

  /** What the website was told since the test began. */
  const answers = () => sites.queriesOf('/welcome').slice(visits);

  test.each(WAYS)('goes back to the website, once, where %s', async (_what, own) => {
    const returnTo = `${sites.origin('shop')}/welcome`;
    const query = new URLSearchParams({
      returnTo,
      appId: WEBSITE,
      ...(own && { codeChallenge: own.challenge }),
    });
    await page.goto(`${world.url}/login?${query.toString()}`);
    await scanInFrame();
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    const location = new URL(page.url());
    expect(location.origin + location.pathname).toBe(returnTo);
    expect(answers()).toEqual([{ loginCode: location.searchParams.get('loginCode') }]);
    const data = {
      loginCode: location.searchParams.get('loginCode'),
      ...(own && { codeVerifier: own.verifier }),
    };
    // With the cookies of this browser.
    const reply = await context.request.post(`${world.url}/v1/web-qr-login/token`, { data });
    expect(await reply.json()).toMatchObject({ user: { nickname: person.nickname } });
    expect(complaints).toEqual([]);
  });

  test.each(WAYS)('brings the website what went wrong, once, where %s', async (_what, own) => {
    await world.fault('/sns/oauth2/access_token', { errcode: 40029 });
    const returnTo = `${sites.origin('shop')}/welcome?from=home&loginCode=old`;
    const query = { returnTo, appId: WEBSITE, ...(own && { codeChallenge: own.challenge }) };
    await page.goto(`${world.url}/login?${new URLSearchParams(query).toString()}`);
    await scanInFrame();
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    expect(answers()).toEqual([
      { from: 'home', error: 'WECHAT_CODE_INVALID', request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ]);
  });

  test('redeems the loginCode once where it is the website itself', async () => {
    const redeemed: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/web-qr-login/token')) redeemed.push(request.postData() ?? '');
    });
    // The window is on its way for longer than the stream takes to tell the page.
    await page.route('**/login?loginCode=*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue();
    });
    await page.goto(`${world.url}/login?appId=${WEBSITE}`);
    await scanInFrame();
    await page.getByRole('heading', { name: person.nickname }).waitFor();
    expect(redeemed).toHaveLength(1);
  });

  test.each([
    ['the frame', () => page.addInitScript('window.postMessage = () => undefined')],
    ['the stream', () => page.route(/\/attempts\/[0-9a-f]{64}/, () => undefined)],
  ])('goes back to the website where %s says nothing', async (_what, silence) => {
    await silence();
    const returnTo = `${sites.origin('shop')}/welcome`;
    const query = { returnTo, appId: WEBSITE, codeChallenge: pkce().challenge };
    await page.goto(`${world.url}/login?${new URLSearchParams(query).toString()}`);
    await scanInFrame();
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    expect(answers()).toEqual([{ loginCode: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  });
});

describe('a website on the origin of the service itself', () => {
  beforeAll(async () => {
    await world.stop();
    world = await World.start({ RETURN_URLS: '' });
  });

  test('hears how a login in its frame ended, and keeps its page', async () => {
    const shop = `${world.url}/shop`;
    // The browser does not know that the page, which no server sends, is on the machine of the servers.
    await context.grantPermissions(['local-network-access']);
    await page.route(shop, (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: shopPage(BY_ADDRESS) }),
    );
    await page.goto(shop);
    await scanInFrame();
    await page.getByText(person.nickname).waitFor();
    expect(page.url()).toBe(shop);
    expect(await told()).toMatchObject([{ origin: world.url, data: { type: 'wechat-auth:login' } }]);
  });
});
