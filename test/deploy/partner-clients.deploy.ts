import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { freePort } from '../harness/free-port.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';
import { World } from '../harness/world.js';
import { APACHE_MODULES, ApacheProcess } from './apache-process.js';

/** The Python of the system, for which Debian packs Authlib. */
const PYTHON = '/usr/bin/python3';

const hasApache = existsSync(`${APACHE_MODULES}/mod_auth_openidc.so`);
if (!hasApache) console.warn('not run: mod_auth_openidc needs the package libapache2-mod-auth-openidc');
const hasAuthlib = spawnSync(PYTHON, ['-c', 'import authlib, flask']).status === 0;
if (!hasAuthlib) console.warn('not run: Authlib needs the packages python3-authlib and python3-flask');

let world: World;
beforeAll(async () => {
  world = await World.start(API_KEYS);
});
afterAll(() => world.stop());

/** A person logs in on a site. @returns the URL at the site to which the browser comes back */
async function logIn(partner: PartnerApp, browser: Browser, url: URL, nickname: string): Promise<URL> {
  const begun = { browser, url, verifier: '', state: '', nonce: '' };
  return partner.authorize(await world.person({ nickname }), begun);
}

(hasApache ? describe : describe.skip)('mod_auth_openidc of Apache', () => {
  let apache: ApacheProcess | undefined;
  let partner: PartnerApp;
  let site: string;
  beforeAll(async () => {
    const port = await freePort();
    site = `http://127.0.0.1:${port}`;
    partner = await PartnerApp.register(world, {
      redirectUris: [`${site}/inside/callback`],
      postLogoutRedirectUris: [`${site}/index.html`],
      authMethod: 'client_secret_basic',
    });
    apache = await ApacheProcess.start(
      port,
      `OIDCProviderMetadataURL ${world.url}/oidc/.well-known/openid-configuration
       OIDCClientID ${partner.id}
       OIDCClientSecret ${partner.secret ?? ''}
       OIDCRedirectURI ${site}/inside/callback
       OIDCCryptoPassphrase a-passphrase-of-the-site
       OIDCScope "openid profile email"
       OIDCPKCEMethod S256
       OIDCRemoteUserClaim name
       # The browser of the tests sends what fetch sends, not what a navigation does.
       OIDCUnAuthAction auth true
       <Location /inside>
         AuthType openid-connect
         Require valid-user
         Header set X-User "expr=%{REMOTE_USER}"
         Header set X-Sub "%{OIDC_CLAIM_sub}e"
       </Location>`,
    );
  });
  afterAll(() => apache?.stop());

  test('lets in who logs in, and tells the name; nobody after the logout', async () => {
    const browser = new Browser();
    const inside = `${site}/inside/index.html`;
    const start = locationOf(await browser.visit(inside));
    const callback = await logIn(partner, browser, start, 'Xiao Ming');
    expect(locationOf(await browser.visit(callback.href)).href).toBe(inside);
    const page = await browser.visit(inside);
    expect(page.status).toBe(200);
    expect(page.headers.get('x-user')).toBe('Xiao Ming');
    expect(page.headers.get('x-sub')).toMatch(/^[0-9a-f]{32}$/);

    const leave = `${site}/inside/callback?logout=${encodeURIComponent(`${site}/index.html`)}`;
    const logout = locationOf(await browser.visit(leave));
    const { location } = await partner.logOut(browser, logout.href);
    expect(location?.href).toBe(`${site}/index.html`);
    const again = locationOf(await browser.visit(inside));
    const { url } = await partner.follow(browser, again.href);
    expect(new URL(url).pathname).toBe('/login');
  });
});

(hasAuthlib ? describe : describe.skip)('Authlib', () => {
  let program: Program;
  let partner: PartnerApp;
  let site: string;
  beforeAll(async () => {
    const port = await freePort();
    site = `http://127.0.0.1:${port}`;
    partner = await PartnerApp.register(world, {
      redirectUris: [`${site}/callback`],
      authMethod: 'client_secret_basic',
    });
    program = startProgram([PYTHON, resolve('test/deploy/authlib-site.py')], resolve('test/deploy'), {
      PORT: String(port),
      ISSUER: `${world.url}/oidc`,
      CLIENT_ID: partner.id,
      CLIENT_SECRET: partner.secret ?? '',
      AUTHLIB_INSECURE_TRANSPORT: '1',
    });
    await untilAnswers(site, 200, program);
  });
  afterAll(() => endProgram(program));

  test('logs a person in, and reads the claims', async () => {
    const browser = new Browser();
    const start = locationOf(await browser.visit(`${site}/login`));
    const callback = await logIn(partner, browser, start, '小红');
    const reply = await browser.visit<Record<'id_token' | 'userinfo', { sub: string; name: string }>>(
      callback.href,
    );
    expect(reply.status).toBe(200);
    expect(reply.body.id_token.name).toBe('小红');
    expect(reply.body.userinfo).toMatchObject({ sub: reply.body.id_token.sub, name: '小红' });
  });
});
