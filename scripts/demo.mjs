// `npm run demo`: one person logs in from a mini program and on a website, and is one user.
// Starts the service and the sandbox itself, on free ports; DATABASE_URL and REDIS_URL are honoured.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [port, sandboxPort] = [await freePort(), await freePort()];
const service = `http://localhost:${port}`;
const sandbox = `http://localhost:${sandboxPort}`;
const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-demo-'));

const child = spawn(process.execPath, ['dist/main.js'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    DATABASE_URL: `sqlite:${join(folder, 'demo.sqlite')}`,
    ...process.env,
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX: 'on',
    PUBLIC_URL: service,
    RETURN_URLS: service,
    LOG_LEVEL: 'error',
  },
});
const ended = new Promise((resolve) => child.once('exit', resolve));

try {
  await until(() => fetch(`${service}/health/ready`).then((reply) => reply.ok));
  await play();
} finally {
  child.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
}

async function play() {
  step('A person opens WeChat for the first time');
  const person = await post(`${sandbox}/control/people`, { nickname: '小明 🌱', withUnionId: true });
  say(`${person.nickname}, known to WeChat as ${person.unionId}`);

  step('In the mini program: wx.login gives a code');
  const { code } = await post(`${sandbox}/control/wx-login`, { person: person.id });
  say(`code ${short(code)}`);

  step('POST /v1/mini-program/login: the code for tokens');
  const first = await post(`${service}/v1/mini-program/login`, { code });
  show(first);

  step('On the website: GET /v1/web-qr-login/authorize sends the browser to WeChat');
  const started = await fetch(
    `${service}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(`${service}/login`)}`,
    {
      redirect: 'manual',
    },
  );
  const cookie = started.headers.getSetCookie()[0].split(';')[0];
  const qrPage = new URL(started.headers.get('location'));
  say(`${qrPage.origin}${qrPage.pathname}?…&state=${short(qrPage.searchParams.get('state'))}`);

  step('The person scans the QR code and taps 允许');
  const html = await (await fetch(qrPage)).text();
  const [, uuid] = /\/connect\/qrcode\/([A-Za-z0-9]+)/.exec(html);
  await post(`${sandbox}/control/scan`, { uuid, person: person.id });
  await post(`${sandbox}/control/allow`, { uuid });
  const poll = await (await fetch(`${sandbox}/connect/l/qrconnect?uuid=${uuid}`)).text();
  const [, wxCode] = /wx_code='([^']+)'/.exec(poll);
  say(`the page learns wx_code ${short(wxCode)} and goes to our callback`);

  step('GET /v1/web-qr-login/callback: the browser comes back with a loginCode');
  const callback = new URL(qrPage.searchParams.get('redirect_uri'));
  callback.search = new URLSearchParams({ code: wxCode, state: qrPage.searchParams.get('state') });
  const landed = await fetch(callback, { redirect: 'manual', headers: { cookie } });
  const loginCode = new URL(landed.headers.get('location')).searchParams.get('loginCode');
  say(`${service}/login?loginCode=${short(loginCode)}`);

  step('POST /v1/web-qr-login/token: the loginCode, with the cookie of this browser, for tokens');
  const second = await post(`${service}/v1/web-qr-login/token`, { loginCode }, { cookie });
  show(second);

  step('GET /v1/users/me/identities');
  const reply = await fetch(`${service}/v1/users/me/identities`, {
    headers: { authorization: `Bearer ${second.accessToken}` },
  });
  const { items } = await reply.json();
  for (const identity of items) say(`${identity.appKind.padEnd(12)} ${identity.appId}  ${identity.openId}`);

  const users = new Set([first.user.id, second.user.id]);
  console.log(`\n${users.size} user, ${items.length} identities\n`);
  if (users.size !== 1 || items.length !== 2) process.exitCode = 1;
}

function step(text) {
  console.log(`\n\u001b[1m${text}\u001b[0m`);
}

function say(text) {
  console.log(`  ${text}`);
}

function show({ user, identity, isNewUser, expiresIn }) {
  say(`user ${user.id}${isNewUser ? ' (new)' : ''}, nickname ${user.nickname ?? '(none yet)'}`);
  say(`openId ${identity.openId}, unionId ${identity.unionId}, access token for ${expiresIn} s`);
}

function short(secret) {
  return `${secret.slice(0, 8)}…`;
}

async function post(url, body, headers = {}) {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

async function until(ready) {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (child.exitCode !== null) throw new Error(`the service ended with status ${child.exitCode}`);
    if (await ready().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the service did not start within 30 s');
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return free;
}
