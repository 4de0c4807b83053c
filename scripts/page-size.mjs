// Checks the size of each hosted page as served: HTML with style, script and texts inline.
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../dist/config/load-config.js';
import { createApp } from '../dist/create-app.js';
import { DatabaseOpening } from '../dist/database/database-opening.js';
import { createLogger } from '../dist/ops/logger.js';
import { Grants } from '../dist/partner/grants/grants.js';
import { createSandbox } from '../sandbox/dist/sandbox.js';

/** Maximum size of a page (bytes). */
const BUDGET = 30_000;
/** A long returnTo and a codeChallenge, because a page contains both more than once. */
const RETURN_TO = `${'https://shop.example.com/checkout?cart='.padEnd(300, '0123456789')}&from=home`;
const CHALLENGE = createHash('sha256').update('verifier').digest('base64url');
const LOGIN = `/login?${new URLSearchParams({ returnTo: RETURN_TO, codeChallenge: CHALLENGE })}`;
const USER_AGENTS = {
  desk: 'Mozilla/5.0 (X11; Linux x64) Chrome/140.0',
  phone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1',
  WeChat: 'Mozilla/5.0 (Linux; Android 15) Mobile MicroMessenger/8.0.60',
  'web-view': 'Mozilla/5.0 (Linux; Android 15) Mobile MicroMessenger/8.0.60 miniProgram/wx0',
};

const ADMIN_KEY = 'an-admin-key-for-page-sizes';
/** The longest names that a partner and a person may have. */
const NAME = '报'.repeat(64);
const PARTNER = {
  name: NAME,
  logoUrl: 'https://partner.example.com/logo.png',
  redirectUris: ['https://partner.example.com/callback'],
  postLogoutRedirectUris: ['https://partner.example.com/bye'],
  scopes: ['openid', 'profile', 'phone', 'wechat', 'offline_access'],
  wechatAppId: 'wx5a4db0c0de000003',
};
/** Apps that have access: one more than the account page shows. */
const APPS = 21;

const sandbox = createSandbox();
const wechatUrl = await sandbox.listen();
const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-pages-'));
const config = loadConfig({
  NODE_ENV: 'test',
  ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64'),
  DATABASE_URL: `sqlite:${join(folder, 'pages.sqlite')}`,
  AVATAR_STORE: `disk:${join(folder, 'avatars')}`,
  RETURN_URLS: 'https://shop.example.com',
  ADMIN_API_KEYS: `alice:${ADMIN_KEY}`,
  WECHAT_API_URL: wechatUrl,
  WECHAT_OPEN_URL: wechatUrl,
});
const app = await createApp({ config, logger: createLogger('fatal') });
const sizes = [];

/** Requests a page in all languages. @param status of the reply */
async function measure(name, url, headers = {}, status = 200) {
  for (const language of ['zh-CN', 'zh-TW', 'en']) {
    const page = await app.inject({
      url,
      headers: { accept: 'text/html', 'accept-language': language, ...headers },
    });
    const isPage = page.headers['content-type']?.startsWith('text/html') ?? false;
    if (!isPage || page.statusCode !== status)
      throw new Error(`${url} answers ${page.statusCode}, not the page`);
    sizes.push({ name, language, bytes: page.rawPayload.length });
  }
}

/** A browser inside WeChat, on the phone of a person. */
class WeChatBrowser {
  cookies = new Map();

  constructor(personId) {
    this.personId = personId;
  }

  get headers() {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { accept: 'text/html', 'user-agent': USER_AGENTS.WeChat, cookie };
  }

  /** Opens a page of the service, or posts its form. @returns its text, and where it redirects to */
  async open(url, form) {
    const reply = await app.inject({
      method: form ? 'POST' : 'GET',
      url: url.replace(config.publicUrl, ''),
      headers: { ...this.headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    });
    for (const { name, value } of reply.cookies) this.cookies.set(name, value);
    return { text: reply.payload, location: reply.headers.location };
  }

  /** Follows redirects within the service. @returns the page at which it arrives, or the URL of another host */
  async follow(url) {
    for (let at = url; ;) {
      if (!at.startsWith(config.publicUrl)) return { url: at, text: '' };
      const { location, text } = await this.open(at);
      if (location === undefined) return { url: at, text };
      at = new URL(location, at).href;
    }
  }

  /** Opens a page of WeChat, and consents where it asks. @returns the callback */
  async pass(url) {
    const headers = { cookie: `sandbox_person=${this.personId}`, 'user-agent': USER_AGENTS.WeChat };
    const reply = await fetch(url, { redirect: 'manual', headers });
    const onward = new URL(reply.headers.get('location'), wechatUrl);
    const uuid = onward.searchParams.get('uuid');
    if (uuid === null) return onward.href;
    await control('scan', { uuid, person: this.personId });
    return (await control('allow', { uuid })).redirectUrl;
  }
}

/** Calls the control API of the sandbox. */
async function control(path, json) {
  const reply = await fetch(`${wechatUrl}/control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  return reply.json();
}

/** Calls the API of operators. */
async function admin(path, payload) {
  const headers = { 'x-api-key': ADMIN_KEY };
  const method = payload ? 'POST' : 'GET';
  return (await app.inject({ method, url: `/v1/admin/${path}`, headers, payload })).json();
}

/** The pages of a person who logs in, for partner apps and on the account page. */
async function measureOfPerson() {
  const person = await control('people', { nickname: NAME, withUnionId: true });
  const browser = new WeChatBrowser(person.id);
  const silent = await browser.follow(`${config.publicUrl}/account`);
  const tap = await browser.follow(await browser.pass(silent.url));
  await measure('login, WeChat, consent', tap.url.replace(config.publicUrl, ''), browser.headers);
  const [, button] = /href="([^"]*\/connect\/oauth2\/authorize\?[^"]*)"/.exec(tap.text);
  await browser.follow(await browser.pass(button.replaceAll('&amp;', '&')));
  const { cookie } = browser.headers;
  const phone = { 'user-agent': USER_AGENTS.phone, cookie };
  await measure('login, phone, known', LOGIN, phone);

  const { id } = await admin('partners', PARTNER);
  const request = new URLSearchParams({
    client_id: id,
    redirect_uri: PARTNER.redirectUris[0],
    response_type: 'code',
    scope: PARTNER.scopes.join(' '),
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    state: CHALLENGE,
    nonce: CHALLENGE,
  });
  const auth = `/oidc/auth?${request}`;
  const consent = await browser.follow(`${config.publicUrl}${auth}&prompt=consent`);
  await measure('consent', consent.url.replace(config.publicUrl, ''), browser.headers);
  const [, token] = /name="token" value="([^"]+)"/.exec(consent.text);
  const { location } = await browser.open(consent.url, { token, decision: 'allow' });
  await browser.follow(location);
  await measure('back to the partner', `${auth}&response_mode=form_post`, browser.headers);
  request.set('redirect_uri', RETURN_TO);
  await measure('refused', `/oidc/auth?${request}`, {}, 400);
  const [{ userId }] = (await admin('events?type=partner.consent_granted')).items;
  const grants = app.get(Grants, { strict: false });
  for (let n = 1; n < APPS; n++) {
    const { id: partnerId } = await admin('partners', PARTNER);
    await grants.save({ id: uuidv7(), partnerId, userId, scopes: PARTNER.scopes, payload: {} });
  }
  await measure('account', '/account', browser.headers);
  const logout = new URLSearchParams({
    client_id: id,
    post_logout_redirect_uri: PARTNER.postLogoutRedirectUris[0],
  });
  await measure('logout', `/oidc/logout?${logout}`, browser.headers);
  await measure('logged out', '/oidc/logout/success');
}

/** The redirect from WeChat after a user denied a website login. */
async function deniedCallback(wish) {
  const json = { method: 'website', returnTo: RETURN_TO, ...wish };
  const { authorizeUrl } = (
    await app.inject({ method: 'POST', url: '/v1/web-qr-login/attempts', payload: json })
  ).json();
  return `/v1/web-qr-login/callback?state=${new URL(authorizeUrl).searchParams.get('state')}`;
}

try {
  await app.init();
  const opening = app.get(DatabaseOpening, { strict: false });
  opening.begin();
  await opening.opened;

  for (const [browser, userAgent] of Object.entries(USER_AGENTS)) {
    const headers = { 'user-agent': userAgent };
    // In WeChat's browser the login begins with a redirect, unless it has just failed.
    await measure(`login, ${browser}`, browser === 'WeChat' ? `${LOGIN}&error=LOGIN_DENIED` : LOGIN, headers);
    await measure(`login, ${browser}, snapshot`, `${LOGIN}&error=WECHAT_SNAPSHOT_USER`, headers);
    await measure(`linked, ${browser}`, '/login?linked=wx0', headers);
  }
  await measure('error', '/v1/web-qr-login/callback?code=0&state=0', {}, 400);
  const framed = { 'sec-fetch-dest': 'iframe' };
  await measure('relay', await deniedCallback({}), framed);
  await measure('result', await deniedCallback({ codeChallenge: CHALLENGE }), framed);
  await measureOfPerson();

  for (const { name, language, bytes } of sizes) {
    if (bytes <= BUDGET) continue;
    console.error(`The page "${name}" (${language}) has ${bytes} bytes: more than ${BUDGET}.`);
    process.exitCode = 1;
  }
  if (process.argv.includes('--list')) console.table(sizes);
} finally {
  await app.close();
  await sandbox.close();
  await rm(folder, { recursive: true });
}
