// Checks the size of each hosted page as served: HTML with style, script and texts inline.
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../dist/config/load-config.js';
import { createApp } from '../dist/create-app.js';
import { DatabaseOpening } from '../dist/database/database-opening.js';
import { createLogger } from '../dist/ops/logger.js';

/** Maximum size of a page (bytes). */
const BUDGET = 30_000;
/** A long returnTo and a codeChallenge, because a page contains both more than once. */
const RETURN_TO = `${'https://shop.example.com/checkout?cart='.padEnd(300, '0123456789')}&from=home`;
const CHALLENGE = createHash('sha256').update('verifier').digest('base64url');
const USER_AGENTS = {
  desk: 'Mozilla/5.0 (X11; Linux x64) Chrome/140.0',
  phone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1',
  WeChat: 'Mozilla/5.0 (Linux; Android 15) Mobile MicroMessenger/8.0.60',
  'web-view': 'Mozilla/5.0 (Linux; Android 15) Mobile MicroMessenger/8.0.60 miniProgram/wx0',
};

const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-pages-'));
const config = loadConfig({
  NODE_ENV: 'test',
  ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64'),
  DATABASE_URL: `sqlite:${join(folder, 'pages.sqlite')}`,
  AVATAR_STORE: `disk:${join(folder, 'avatars')}`,
  RETURN_URLS: 'https://shop.example.com',
  // Never called: no page makes a request to WeChat.
  WECHAT_API_URL: 'http://127.0.0.1:1',
  WECHAT_OPEN_URL: 'http://127.0.0.1:1',
});
const app = await createApp({ config, logger: createLogger('fatal') });
const sizes = [];

/** Requests a page in all languages. */
async function measure(name, url, headers = {}) {
  for (const language of ['zh-CN', 'zh-TW', 'en']) {
    const page = await app.inject({
      url,
      headers: { accept: 'text/html', 'accept-language': language, ...headers },
    });
    if (!page.headers['content-type']?.startsWith('text/html')) throw new Error(`${url} answers no page`);
    sizes.push({ name, language, bytes: page.rawPayload.length });
  }
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

  const login = `/login?${new URLSearchParams({ returnTo: RETURN_TO, codeChallenge: CHALLENGE })}`;
  for (const [browser, userAgent] of Object.entries(USER_AGENTS)) {
    const headers = { 'user-agent': userAgent };
    // In WeChat's browser the login begins with a redirect, unless it has just failed.
    await measure(`login, ${browser}`, browser === 'WeChat' ? `${login}&error=LOGIN_DENIED` : login, headers);
    await measure(`login, ${browser}, snapshot`, `${login}&error=WECHAT_SNAPSHOT_USER`, headers);
    await measure(`linked, ${browser}`, '/login?linked=wx0', headers);
  }
  await measure('error', '/v1/web-qr-login/callback?code=0&state=0');
  const framed = { 'sec-fetch-dest': 'iframe' };
  await measure('relay', await deniedCallback({}), framed);
  await measure('result', await deniedCallback({ codeChallenge: CHALLENGE }), framed);

  for (const { name, language, bytes } of sizes) {
    if (bytes <= BUDGET) continue;
    console.error(`The page "${name}" (${language}) has ${bytes} bytes: more than ${BUDGET}.`);
    process.exitCode = 1;
  }
  if (process.argv.includes('--list')) console.table(sizes);
} finally {
  await app.close();
  await rm(folder, { recursive: true });
}
