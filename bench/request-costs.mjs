// Measures how long hostile requests to every route block the event loop: `npm run build && node bench/request-costs.mjs
// [part of a path]`. Prints those above 2 ms; no request may take more than 5 ms (docs/decisions/031). Takes some
// minutes on an idle machine, in this process and on SQLite in a temporary folder.
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { RouteTable } from '../dist/common/route-table.js';
import { loadConfig } from '../dist/config/load-config.js';
import { createApp } from '../dist/create-app.js';
import { createLogger } from '../dist/ops/logger.js';

const SHOWN_MS = 2;
/** The minimum of several tries is the cost of the request itself. */
const TRIES = 15;
/** The files of Swagger UI are large, and off in production. */
const SWAGGER_FILES = /^\/docs\/.*\.js$/;
const ID = '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52';

const json = (payload) => ({ payload, headers: { 'content-type': 'application/json' } });
const many = (count, member, joint = ',') =>
  Array.from({ length: count }, (_, index) => member(index)).join(joint);
const members = (count) => `{${many(count, (index) => `"${index.toString(36)}":0`)}}`;

/** Names of fields that routes read: a long value of each reaches the validation of that field. */
const FIELDS = [
  ...['code', 'appId', 'refreshToken', 'loginCode', 'codeVerifier', 'codeChallenge', 'returnTo', 'method'],
  ...[
    'encryptedData',
    'iv',
    'rawData',
    'signature',
    'nickname',
    'token',
    'token_type_hint',
    'state',
    'ticket',
  ],
  ...['cursor', 'limit', 'q', 'status', 'type', 'userId', 'consent', 'error', 'size', 'echostr', 'nonce'],
];
const LONG = ['a', ' ', '0', 'A=', '-_', '明', '\u202e', '=', '%', 'a.', '/', '"'];

/** Bodies that are expensive without bounds: as large as any route accepts, and larger. */
const BODIES = [
  ['28,000 short members', json(members(28_000))],
  ['members up to 16 kB', json(members(1_900))],
  ['members up to 128 kB', json(members(15_000))],
  ['an array of zeros', json(`{"code":[${many(8_000, () => '0')}]}`)],
  ['a long array of zeros', json(`[${many(60_000, () => '0')}]`)],
  ['arrays of arrays', json(`{"code":[${many(60, () => `[${many(60, () => '{}')}]`)}]}`)],
  ['one key again and again', json(`{${many(1_900, () => '"code":1')}}`)],
  ['levels within levels', json(`${'['.repeat(60_000)}${']'.repeat(60_000)}`)],
  ['levels within levels, few', json(`${'{"a":'.repeat(2_500)}1${'}'.repeat(2_500)}`)],
  [
    'members named like a prototype',
    json(`{${many(900, (index) => `"__proto_${index}":{}`)},"__proto__":{}}`),
  ],
  ['a number of 16,000 digits', json(`{"code":${'9'.repeat(16_000)}}`)],
  ['a number beyond all numbers', json(`{"code":1e999999999,"limit":-1e-999999999}`)],
  ['escapes', json(`{"code":"${'\\u0041'.repeat(2_500)}"}`)],
  ['a text without end', json(`{"code":"${'a'.repeat(16_000)}`)],
  ['white space', json(`${' '.repeat(16_000)}{}`)],
  ...LONG.map((text) => [
    `long values of ${JSON.stringify(text)}`,
    json(JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, text.repeat(500 / text.length)])))),
  ]),
  ...['code', 'encryptedData', 'rawData', 'returnTo', 'token', 'refreshToken', 'nickname'].flatMap((field) =>
    ['A', 'a/', '%2B', '明', ' ', 'https://a.b/'].map((text) => [
      `a ${field} of ${JSON.stringify(text)}`,
      json(JSON.stringify({ [field]: `${text.repeat(5_000)}!` })),
    ]),
  ),
  ...[7_000, 30_000].map((count) => [
    `a form of ${count} fields`,
    {
      payload: many(count, (index) => index.toString(36), '&'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
  ]),
  [
    'a form of escapes',
    {
      payload: `token=${'%E6'.repeat(5_000)}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
  ],
  [
    'a form of many parts',
    {
      payload: `--b\r\n${many(1_000, () => 'content-disposition: form-data; name="a"\r\n\r\nx', '\r\n--b\r\n')}\r\n--b--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    },
  ],
  ...[
    `<xml>${many(900, (index) => `<a${index}>x</a${index}>`, '')}</xml>`,
    `<xml>${'<a>'.repeat(15)}${'x'.repeat(60_000)}${'</a>'.repeat(15)}</xml>`,
    `<xml>${'<![CDATA['.repeat(7_000)}</xml>`,
    `<xml><a>${'<![CDATA[x]]>'.repeat(4_900)}</a></xml>`,
    `<xml>${'<'.repeat(64_000)}`,
    `<xml>${'<a'.repeat(32_000)}`,
    `<?xml ${' '.repeat(64_000)}`,
    `<xml><Encrypt>${'A'.repeat(65_000)}</Encrypt></xml>`,
    `<xml>${'&lt;'.repeat(16_000)}</xml>`,
    members(9_000),
  ].map((payload, index) => [
    `push ${index}`,
    { payload, url: '?msg_signature=x&timestamp=1&nonce=2', headers: { 'content-type': 'text/xml' } },
  ]),
];

/** Hostile URLs and header fields. Node accepts 16 kB of both together. */
const HEADS = [
  ['7,000 parameters', { url: `?${many(5_000, (index) => index.toString(36), '&').slice(0, 15_000)}` }],
  ['one parameter again and again', { url: `?${many(5_000, () => 'a', '&')}` }],
  ['escapes', { url: `?code=${'%E6%98%8E'.repeat(1_600)}&state=x` }],
  ['broken escapes', { url: `?code=${'%E'.repeat(7_000)}` }],
  ...FIELDS.map((name) => [`a long ${name}`, { url: `?${name}=${'a/.'.repeat(4_500)}!` }]),
  ['an address within another', { url: `?returnTo=https://a.example/${'..%2f'.repeat(2_800)}` }],
  ['4,000 cookies', { headers: { cookie: many(2_500, (index) => `${index.toString(36)}=`, ';') } }],
  ['one cookie of escapes', { headers: { cookie: `wechat-auth-browser=${'%41'.repeat(4_900)}` } }],
  ['hops', { headers: { 'x-forwarded-for': many(1_500, () => '127.0.0.1') } }],
  ['hops of IPv6', { headers: { 'x-forwarded-for': many(480, () => '::ffff:0:127.0.0.1%eth0') } }],
  ['commas', { headers: { 'x-forwarded-for': ','.repeat(15_000) } }],
  ['a long token', { headers: { authorization: `Bearer ${'a.'.repeat(7_000)}` } }],
  ['a long token of one part', { headers: { authorization: `Bearer ${'eyJh'.repeat(3_700)}` } }],
  ['spaces in a token', { headers: { authorization: `Bearer ${' '.repeat(14_000)}x y` } }],
  ['a long Basic', { headers: { authorization: `Basic ${'YTph'.repeat(3_700)}` } }],
  ['a long key', { headers: { 'x-api-key': 'k'.repeat(15_000) } }],
  ...['Mozilla/5.0 ', '(', 'Windows NT 10', 'a/1 ', 'Version/', '; ', 'MicroMessenger/1.'].map((text) => [
    `a browser called ${text}`,
    { headers: { 'user-agent': text.repeat(15_000 / text.length) } },
  ]),
  ['languages', { headers: { 'accept-language': many(3_000, () => 'zh;q') } }],
  ['types', { headers: { accept: many(2_400, () => 'a/*;q') } }],
  ['a long id', { headers: { 'x-request-id': 'a'.repeat(15_000) } }],
  ['a long origin', { headers: { origin: `https://${'a.'.repeat(7_000)}` } }],
  ['a long host', { headers: { host: 'a.'.repeat(7_000) } }],
  ['a long secret', { headers: { 'x-attempt-secret': 'a'.repeat(15_000) } }],
  ['an odd type', { headers: { 'content-type': `a/${';a=b'.repeat(3_700)}` } }],
  [
    '400 fields',
    { headers: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, '1'])) },
  ],
];

const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-costs-'));
const config = loadConfig({
  NODE_ENV: 'test',
  ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64'),
  DATABASE_URL: `sqlite:${join(folder, 'costs.sqlite')}`,
  AVATAR_STORE: `disk:${folder}`,
  TRUSTED_PROXIES: '127.0.0.0/8,::1',
  SERVICE_API_KEYS: 'orders:a-service-key-of-nobody',
  METRICS_TOKEN: 'a-token-of-nobody-else',
  WECHAT_PUSH_TOKEN: 'token0123',
  WECHAT_PUSH_AES_KEY: 'a'.repeat(43),
  WECHAT_API_URL: 'http://127.0.0.1:9',
  RATE_LIMITS: 'off',
});
const app = await createApp({ config, logger: createLogger('silent') });
await app.init();
await app.getHttpAdapter().getInstance().ready();

/** How long the event loop is busy while a request is answered (ms). */
async function costOf(request) {
  const before = performance.eventLoopUtilization();
  await app.inject(request);
  return performance.eventLoopUtilization(before).active;
}

const routes = [...app.get(RouteTable).all(), { method: 'POST', path: '/nowhere' }].filter(
  ({ path }) => !SWAGGER_FILES.test(path) && path.includes(process.argv[2] ?? ''),
);
let asked = 0;
let worst = 0;
for (const { method, path } of routes) {
  for (const [what, { url = '', ...request }] of [...BODIES, ...HEADS]) {
    if (request.payload !== undefined && ['GET', 'HEAD'].includes(method)) continue;
    let best = Infinity;
    for (let time = 0; time < TRIES && best > SHOWN_MS; time++) {
      best = Math.min(best, await costOf({ ...request, method, url: path.replace(/:\w+/g, ID) + url }));
    }
    asked++;
    worst = Math.max(worst, best);
    if (best > SHOWN_MS) process.stdout.write(`${best.toFixed(1)} ms  ${method} ${path}: ${what}\n`);
  }
}
process.stdout.write(`${asked} requests to ${routes.length} routes; the worst took ${worst.toFixed(1)} ms\n`);
await app.close();
rmSync(folder, { recursive: true });
