import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { StandIn } from '../harness/stand-in.js';
import { World } from '../harness/world.js';

const MINI = { appid: 'wxstandin00000001', secret: 'secretOfTheMiniProgram0123456789' };
const SITE = { appid: 'wxstandin00000002', secret: 'secretOfTheWebsite0123456789abcd' };
const SESSION_KEYS = ['c2Vzc2lvbktleU51bWJlcjE9PQ==', 'c2Vzc2lvbktleU51bWJlcjI9PQ=='];
const WECHAT_ACCESS_TOKEN = '59_accessTokenOfThePersonAtWeChat';
const WECHAT_REFRESH_TOKEN = '59_refreshTokenOfThePersonAtWeChat';
const ENCRYPTION_KEY = randomBytes(32).toString('base64');

describe('with a WeChat that is not the sandbox', () => {
  let world: World;
  let wechat: StandIn;
  /** The secrets, by name. */
  const secrets = new Map<string, string>([
    ['the first session_key', SESSION_KEYS[0] ?? ''],
    ['the second session_key', SESSION_KEYS[1] ?? ''],
    ["WeChat's access token", WECHAT_ACCESS_TOKEN],
    ["WeChat's refresh token", WECHAT_REFRESH_TOKEN],
    ['the AppSecret of the mini program', MINI.secret],
    ['the AppSecret of the website', SITE.secret],
    ['the encryption key', ENCRYPTION_KEY],
  ]);
  /** Everything that clients received. */
  let told = '';

  beforeAll(async () => {
    wechat = await StandIn.start();
    world = await World.start({
      WECHAT_API_URL: wechat.url,
      WECHAT_OPEN_URL: wechat.url,
      WECHAT_MINI_PROGRAMS: `${MINI.appid}:${MINI.secret}`,
      WECHAT_WEBSITES: `${SITE.appid}:${SITE.secret}`,
      ENCRYPTION_KEYS: ENCRYPTION_KEY,
      LOG_LEVEL: 'trace',
    });
  });
  afterAll(async () => {
    await world.stop();
    await wechat.stop();
  });

  test('both doors work, and each call says what the reference says and no more', async () => {
    const mini = { openid: 'oMini', unionid: 'oUnion', session_key: SESSION_KEYS[0] };
    wechat.answer('/sns/jscode2session', mini);
    const first = await world.loginWith('codeOne');
    wechat.answer('/sns/jscode2session', { ...mini, session_key: SESSION_KEYS[1] });
    world.clock.advance(1);
    const second = await world.loginWith('codeTwo');
    wechat.answer('/sns/oauth2/access_token', {
      access_token: WECHAT_ACCESS_TOKEN,
      expires_in: 7200,
      refresh_token: WECHAT_REFRESH_TOKEN,
      openid: 'oSite',
      scope: 'snsapi_login',
    });
    wechat.answer('/sns/userinfo', {
      openid: 'oSite',
      unionid: 'oUnion',
      nickname: '小明 🌱',
      headimgurl: '',
    });
    const browser = new Browser();
    const qrPage = await world.authorize(browser);
    expect(qrPage.origin + qrPage.pathname).toBe(`${wechat.url}/connect/qrconnect`);
    const state = qrPage.searchParams.get('state') ?? '';
    const location = locationOf(
      await browser.visit(`${world.url}/v1/web-qr-login/callback?code=codeThree&state=${state}`),
    );
    const loginCode = location.searchParams.get('loginCode') ?? '';
    const third = await world.redeem(browser, loginCode);
    expect([first, second, third].map((reply) => reply.status)).toEqual([200, 200, 200]);
    expect(new Set([first, second, third].map((reply) => reply.body.user.id)).size).toBe(1);
    expect(third.body.user.nickname).toBe('小明 🌱');

    const exchange = { grant_type: 'authorization_code' };
    expect(wechat.calls.filter(({ path }) => path.startsWith('/sns/'))).toEqual([
      { path: '/sns/jscode2session', query: { ...MINI, js_code: 'codeOne', ...exchange } },
      { path: '/sns/jscode2session', query: { ...MINI, js_code: 'codeTwo', ...exchange } },
      { path: '/sns/oauth2/access_token', query: { ...SITE, code: 'codeThree', ...exchange } },
      {
        path: '/sns/userinfo',
        query: { access_token: WECHAT_ACCESS_TOKEN, openid: 'oSite', lang: 'zh_CN' },
      },
    ]);

    told = [first, second, third].map((reply) => reply.text).join('\n') + location.href;
    for (const [index, reply] of [first, second, third].entries()) {
      secrets.set(`refresh token ${index}`, reply.body.refreshToken.split('.')[2] ?? '');
      secrets.set(`access token ${index}`, reply.body.accessToken.split('.')[2] ?? '');
    }
    for (const code of ['codeOne', 'codeTwo', 'codeThree', loginCode, state]) secrets.set(code, code);
  });

  test('what goes wrong spends no secret either', async () => {
    const { url } = world;
    const replies = [await world.loginWith('codeOne'), await world.refresh('nonsense.1.refreshTokenInvalid')];
    wechat.answer('/sns/jscode2session', { errcode: 40125, errmsg: `invalid appsecret ${MINI.secret}` });
    replies.push(await world.loginWith('codeFour'));
    wechat.answer('/sns/jscode2session', { openid: 'o bad', session_key: SESSION_KEYS[0] });
    replies.push(await world.loginWith('codeFive'));
    const body = `{"code":"codeSix","session_key":"${SESSION_KEYS[0] ?? ''}`;
    replies.push(
      await call(`${url}/v1/mini-program/login`, { body, headers: { 'content-type': 'application/json' } }),
    );
    replies.push(await call(`${url}/v1/web-qr-login/callback?code=codeSeven&state=stateUnknown`));
    replies.push(await call(`${url}/nowhere/codeEight?loginCode=codeNine`));
    replies.push(await call(`${url}/%E0%A4%A?code=codeTen`));
    expect(replies.every((reply) => reply.status >= 400)).toBe(true);
    told += replies.map((reply) => reply.text).join('\n');
    for (const name of ['Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten']) {
      secrets.set(`code${name}`, `code${name}`);
    }
    secrets.set('an unknown state', 'stateUnknown').set('a refresh token', 'refreshTokenInvalid');
  });

  test('the tables hold no secret in clear', async () => {
    let dump = '';
    for (const table of await world.backend.tables()) {
      dump += JSON.stringify(await world.backend.rows(`SELECT * FROM ${table}`));
    }
    // Otherwise the search below would prove nothing.
    expect(dump).toContain('oMini');
    expect(dump).toContain('login.succeeded');
    expect(dump).toContain('"private_key":"v1.');
    for (const [name, secret] of secrets)
      expect({ name, found: dump.includes(secret) }).toEqual({ name, found: false });
    expect(dump).not.toMatch(/PRIVATE KEY|BEGIN|\\?"d\\?":/);
    expect(dump).not.toContain(
      createHash('sha256')
        .update(SESSION_KEYS[0] ?? '')
        .digest('hex'),
    );
  });

  test('the log holds no secret', () => {
    const log = world.log();
    expect(log).toContain('/v1/web-qr-login/callback');
    expect(log).toContain('sns/jscode2session');
    for (const [name, secret] of secrets)
      expect({ name, found: log.includes(secret) }).toEqual({ name, found: false });
    expect(log).not.toMatch(/PRIVATE KEY/);
  });

  test('clients are told no secret of WeChat', () => {
    expect(told).toContain('oMini');
    const ofWeChat = [...SESSION_KEYS, WECHAT_ACCESS_TOKEN, WECHAT_REFRESH_TOKEN, MINI.secret, SITE.secret];
    for (const secret of ofWeChat) expect(told).not.toContain(secret);
  });
});
