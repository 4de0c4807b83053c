/**
 * better-auth with its own WeChat provider and its own tables, on its handler for node:http (without a framework).
 * WeChat's host is a constant in its provider, so `fetch` redirects requests for that host to the stand-in; nothing else
 * is changed. Session check: with its cookie cache, with the same maximum age as this service's (5 s).
 *
 *   node bench/contestants/better-auth.mjs   (PORT, DATABASE_URL, WECHAT_API_URL, WEBSITE)
 */
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { createPool } from 'mysql2/promise';
import { listening } from '../listening.mjs';

const WECHAT = 'https://api.weixin.qq.com/';
const { DATABASE_URL, WECHAT_API_URL, WEBSITE, PORT } = process.env;
const [clientId, clientSecret] = WEBSITE.split(':');

const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = String(input);
  return realFetch(url.startsWith(WECHAT) ? `${WECHAT_API_URL}/${url.slice(WECHAT.length)}` : url, init);
};

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: 'a-secret-of-the-benchmark-and-of-nothing-else',
  database: createPool({ uri: DATABASE_URL, connectionLimit: 20, timezone: 'Z' }),
  socialProviders: { wechat: { clientId, clientSecret } },
  session: { cookieCache: { enabled: true, maxAge: 5 } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
listening(createServer(toNodeHandler(auth)));
