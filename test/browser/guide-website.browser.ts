import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FrameLocator, Page } from 'playwright-core';
import { call } from '../harness/http.js';
import { blockOf, packageCode } from '../harness/printed-code.js';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { type Person, World } from '../harness/world.js';
import { sites, stands, tab } from './browser-tab.js';

const WEBSITE = 'docs/guide/website.md';

let world: World;
let person: Person;
/** Another site than the service (`*.localhost`), and the same site (its host, another port). */
let otherSite: string;
let sameSite: string;
beforeAll(async () => {
  otherSite = sites.origin('shop');
  sameSite = otherSite.replace('shop.localhost', '127.0.0.1');
  world = await World.start({ RETURN_URLS: `${otherSite},${sameSite}` });
});
beforeEach(async () => {
  person = await world.person();
});
afterAll(() => world.stop());

/** A code block of a page as printed, but for the two addresses in it. */
function printed(page: string, begin: string, shop: string): string {
  return blockOf(page, begin)
    .replaceAll('https://auth.example.com', world.url)
    .replaceAll('https://shop.example.com', shop);
}

/** Shows a page that loads a script, with `@wechat-auth/web` as the single file. */
function showWithPackage(path: string, script: string, body = ''): void {
  const imports = { '@wechat-auth/web': '/wechat-auth.min.js' };
  sites.script('/wechat-auth.min.js', packageCode('web'));
  sites.script('/auth.js', printed(WEBSITE, '// auth.js', otherSite));
  const name = `/script-${path.slice(1)}.js`;
  sites.script(name, script);
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  sites.show(path, `${map}${body}<script type="module" src="${name}"></script>`);
}

/** What the person does with the code of a mini program that was shown last. */
async function confirmInMiniProgram(): Promise<void> {
  const { codes } = await world.control<{ codes: { id: string }[] }>('wxacodes?limit=1');
  for (const step of ['scan', 'confirm']) {
    await world.control(`wxacodes/${codes[0]?.id ?? ''}/${step}`, { person: person.id });
  }
}

/** Scans WeChat's own QR code, which fills the window, and allows. */
async function allowOnQrPage(page: Page | FrameLocator, who = person): Promise<void> {
  const image = page.locator('img.web_qrcode_img');
  await image.waitFor();
  const uuid = (await image.getAttribute('src'))?.split('/').at(-1);
  await world.control('scan', { uuid, person: who.id });
  await world.control('allow', { uuid });
}

/** What the mini program of the person passes to its web view. */
async function ticketFor(returnTo: string): Promise<string> {
  const { accessToken } = await world.miniProgramLogin(person);
  const { body } = await call<{ ticket: string }>(`${world.url}/v1/mini-program/web-view-tickets`, {
    json: { code: await world.wxLogin(person), returnTo },
    token: accessToken,
  });
  return body.ticket;
}

/** Users of the person at the service. */
async function userIds(): Promise<unknown[]> {
  const openIds = Object.values(person.openIds).join("','");
  const rows = await world.backend.rows(
    `SELECT DISTINCT user_id AS id FROM wechat_identities WHERE open_id IN ('${openIds}')`,
  );
  return rows.map(({ id }) => id);
}

describe('the printed code with @wechat-auth/web', () => {
  const body = `<button id="login">in</button><button id="logout">out</button>
    <p id="user"></p><p id="error"></p><div id="code"></div>`;

  test.each(['README.md', 'README.zh-CN.md'])('of %s logs in from another site', async (readme) => {
    const code = printed(readme, "import { createAuth } from '@wechat-auth/web'", otherSite);
    const say = "if (login) document.querySelector('#user').textContent = `user ${login.user.id}`";
    showWithPackage('/', `${code}\n${say}`, body);
    const page = await tab();
    await page.goto(otherSite);
    await page.getByRole('button', { name: 'in' }).click();
    await stands(page, 'pending');
    await confirmInMiniProgram();
    const [, id] = /user (\S+)/.exec(await page.getByText(/^user/).innerText()) ?? [];
    expect(await userIds()).toEqual([id]);
    // The loginCode is not left in the address.
    expect(page.url()).toBe(`${otherSite}/`);
  });

  test('of the guide greets after the login and after a reload, and logs out', async () => {
    showWithPackage('/', printed(WEBSITE, '// page.js', otherSite), body);
    const page = await tab();
    await page.goto(otherSite);
    await page.getByRole('button', { name: 'in' }).click();
    await stands(page, 'pending');
    await confirmInMiniProgram();
    await page.getByText(/^Hello [0-9a-f-]{36}$/).waitFor();
    await page.reload();
    await page.getByText(/^Hello [0-9a-f-]{36}$/).waitFor();
    await page.getByRole('button', { name: 'out' }).click();
    await page.locator('#user:empty').waitFor({ state: 'attached' });
    await page.reload();
    await page.waitForLoadState('networkidle');
    expect(await page.locator('#user').innerText()).toBe('');
  });

  test('of the guide says that the person has refused', async () => {
    showWithPackage('/', printed(WEBSITE, '// page.js', otherSite), body);
    const page = await tab();
    await page.goto(`${otherSite}/?error=LOGIN_DENIED&request_id=1`);
    await page.locator('#error').filter({ hasText: /\w/ }).waitFor();
    expect(page.url()).toBe(`${otherSite}/`);
  });

  test('of the guide shows the code on a page', async () => {
    showWithPackage('/', printed(WEBSITE, '// login.js', otherSite), body);
    const page = await tab();
    await page.goto(otherSite);
    await page.locator('#code .wechat-auth[data-state=pending] img').waitFor();
    await page.waitForFunction("document.querySelector('#code img').naturalWidth > 0");
    await confirmInMiniProgram();
    await page.getByText(/^Hello [0-9a-f-]{36}$/).waitFor();
    expect(await userIds()).toHaveLength(1);
  });

  test('of inside-wechat.md logs in the person of the mini program in its web view', async () => {
    const page = 'docs/guide/inside-wechat.md';
    showWithPackage('/enter', printed(page, '// enter.js', otherSite), body);
    showWithPackage('/welcome', printed(page, '// welcome.js', otherSite), body);
    const { user } = await world.miniProgramLogin(person);
    const ticket = await ticketFor(`${otherSite}/welcome`);
    const view = await tab({ userAgent: `${WECHAT_USER_AGENT} miniProgram/${person.id}` });
    await view.goto(`${otherSite}/enter?ticket=${ticket}`);
    await view.getByText(`Hello ${user.id}`).waitFor();
    expect(view.url()).toBe(`${otherSite}/welcome`);
  });

  test('of account.md exports what the service has about the person', async () => {
    showWithPackage('/', printed(WEBSITE, '// login.js', otherSite), body);
    sites.script('/export.js', printed('docs/guide/account.md', '// export.js', otherSite));
    const page = await tab();
    await page.goto(otherSite);
    await page.locator('#code .wechat-auth[data-state=pending]').waitFor();
    await page.waitForFunction("document.querySelector('#code img').naturalWidth > 0");
    await confirmInMiniProgram();
    await page.getByText(/^Hello/).waitFor();
    const exported = await page.evaluate("import('/export.js').then(({ exportData }) => exportData())");
    expect(exported).toMatchObject({ identities: [{ openId: expect.any(String) }] });
  });
});

describe('the printed code without a package', () => {
  test.each([
    ['README.md', 'Hello '],
    ['README.zh-CN.md', '你好，'],
  ])('of %s logs in by the hosted page', async (readme, greeting) => {
    sites.show('/', printed(readme, '<a href', sameSite));
    const page = await tab();
    await page.goto(sameSite);
    await page.getByRole('link').click();
    await stands(page, 'pending');
    await confirmInMiniProgram();
    const body = page.locator('body').filter({ hasText: new RegExp(`${greeting}[0-9a-f-]{36}`) });
    const id = /[0-9a-f-]{36}/.exec(await body.innerText())?.[0] ?? '';
    const openIds = Object.values(person.openIds).join("','");
    expect(await world.count(`wechat_identities WHERE user_id = '${id}' AND open_id IN ('${openIds}')`)).toBe(
      1,
    );
  });

  test('of the guide logs in from another site by a redirect to WeChat', async () => {
    sites.show('/', printed(WEBSITE, '<button id="login">', otherSite));
    const page = await tab();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(otherSite);
    const greeted = page.waitForEvent('console', (message) => message.text().startsWith('Hello'));
    await page.getByRole('button').click();
    await allowOnQrPage(page);
    await greeted;
    expect(said).toEqual([`Hello ${person.nickname}`]);
    // The loginCode is not left in the address.
    expect(page.url()).toBe(`${otherSite}/`);
  });

  /** What the samples have around them: a verifier, and `redeem`. */
  const around = () => `const AUTH = '${world.url}';
    const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const codeVerifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier));
    const codeChallenge = base64url(new Uint8Array(hash));
    async function redeem(loginCode, codeVerifier) {
      const reply = await fetch(AUTH + '/v1/web-qr-login/token', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ loginCode, codeVerifier }),
      });
      document.querySelector('p').textContent = 'user ' + (await reply.json()).user.id;
    }`;
  const user = /^user [0-9a-f-]{36}$/;

  test('of the guide shows the code on a page of another site and polls', async () => {
    const code = printed(WEBSITE, 'const api', otherSite);
    sites.show('/', `<img alt="code"><p></p><script type="module">${around()}\n${code}</script>`);
    const page = await tab();
    await page.goto(otherSite);
    await page.locator('img[src]').waitFor();
    // The code is made when the picture is fetched.
    await page.waitForFunction("document.querySelector('img').naturalWidth > 0");
    await confirmInMiniProgram();
    await page.getByText(user).waitFor();
  });

  test("of the guide shows WeChat's own code in a frame of another site", async () => {
    const code = printed(WEBSITE, "window.addEventListener('message'", otherSite);
    sites.show(
      '/',
      `<iframe allow="local-network-access"></iframe><p></p><script type="module">${around()}
      const show = (text) => (document.querySelector('p').textContent = text);
      const attempt = await (await fetch(AUTH + '/v1/web-qr-login/attempts', {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ method: 'website', returnTo: location.href, codeChallenge }),
      })).json();
      document.querySelector('iframe').src = attempt.wxLogin.src;
      ${code}</script>`,
    );
    const page = await tab();
    await page.goto(otherSite);
    await allowOnQrPage(page.frameLocator('iframe'));
    await page.getByText(user).waitFor();
  });

  test('of inside-wechat.md hands the ticket of a mini program on', async () => {
    const begin = '// without a package, at https://shop.example.com/enter';
    const code = printed('docs/guide/inside-wechat.md', begin, otherSite);
    const returnTo = `${otherSite}/welcome`;
    const ticket = await ticketFor(returnTo);
    const pass = `const [ticket, returnTo] = ['${ticket}', '${returnTo}'];`;
    sites.show('/enter', `<script type="module">${around()}\n${pass}\n${code}</script>`);
    sites.show('/welcome', 'welcome');
    const page = await tab({ userAgent: WECHAT_USER_AGENT });
    await page.goto(`${otherSite}/enter`);
    await page.getByText('welcome').waitFor();
    expect(new URL(page.url()).searchParams.get('loginCode')).toMatch(/^\w+/);
  });

  test('of account.md links a website login to the account', async () => {
    const { accessToken, user } = await world.miniProgramLogin(person);
    const code = printed('docs/guide/account.md', 'const reply', sameSite);
    sites.show(
      '/',
      `<script type="module">
        const [AUTH, accessToken] = ['${world.url}', '${accessToken}'];
        if (location.search.includes('loginCode')) { ${code} }
      </script>`,
    );
    const page = await tab();
    await page.goto(`${world.url}/v1/web-qr-login/authorize?returnTo=${sameSite}/`);
    const first = page.url();
    await allowOnQrPage(page);
    // The page of the second login is WeChat's, too.
    await page.waitForURL((url) => url.href !== first && url.pathname === '/connect/qrconnect');
    const other = await world.person({ withUnionId: false });
    await allowOnQrPage(page, other);
    await page.waitForURL(/[?&]linked=/);
    const id = new URL(page.url()).searchParams.get('linked') ?? '';
    const [found] = await world.backend.rows(
      `SELECT user_id, open_id FROM wechat_identities WHERE id = '${id}'`,
    );
    expect(found?.user_id).toBe(user.id);
    expect(Object.values(other.openIds)).toContain(found?.open_id);
  });
});
