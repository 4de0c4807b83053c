import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Module, type Type } from '@nestjs/common';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { createLogger } from '../../src/ops/logger.js';
import { WeChatModule } from '../../src/wechat/wechat.module.js';
import { addMobileApp } from '../fixtures/mobile-app/entry.js';
import { MobileAppExchange } from '../fixtures/mobile-app/mobile-app.exchange.js';
import { Browser } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { type Person, type Problem, type TokenReply, World } from '../harness/world.js';

/** Values that every part of the service must take from the channel's own folder, `test/fixtures/mobile-app`. */
const APP = { appId: 'wx5a4db0c0de000009', secret: 'c0de0000000000000000000000000009' };
const ENVIRONMENT = { WECHAT_MOBILE_APPS: `${APP.appId}:${APP.secret}` };
// The sandbox simulates no SDK for apps: for it the app is a second official account, whose codes are alike.
const SANDBOX = { apps: { officialAccounts: [APP] } };

/** Brings the exchange a second time. */
@Module({ imports: [WeChatModule], providers: [MobileAppExchange] })
class SecondDoor {}

let removeEntry: () => void;
/** Imported after the entry was added: its decorators name the channel's quota. */
let doorOf: () => Promise<Type>;
beforeAll(() => {
  removeEntry = addMobileApp();
  doorOf = async () => (await import('../fixtures/mobile-app/mobile-app.module.js')).MobileAppModule;
});
afterAll(() => removeEntry());

describe('a channel that is made of its own folder alone', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ ...ENVIRONMENT, RATE_LIMITS: 'mobile-app-login=10' }, 1, {
      ...SANDBOX,
      doors: [await doorOf()],
    });
  });
  beforeEach(() => world.pass(61));
  afterAll(() => world.stop());

  /** A code that the app gets from WeChat. */
  async function codeOf(person: Person): Promise<string> {
    const query = new URLSearchParams({
      appid: APP.appId,
      redirect_uri: `${world.url}/`,
      response_type: 'code',
      scope: 'snsapi_userinfo',
      state: 'ofTheApp',
    });
    const page = `${world.sandbox.url}/connect/oauth2/authorize?${query.toString()}`;
    return (await new WeChatBrowser(world, person).pass(page)).searchParams.get('code') ?? '';
  }

  const loginWith = (code: string): Promise<Reply<TokenReply & Problem>> =>
    call(`${world.url}/v1/mobile-app/login`, { json: { code } });

  async function login(person: Person): Promise<TokenReply> {
    const reply = await loginWith(await codeOf(person));
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body;
  }

  async function loginsCounted(outcome: string): Promise<string | undefined> {
    const { text } = await call(`${world.url}/metrics`);
    const series = `wechat_auth_logins_total{channel="mobile-app",outcome="${outcome}"} `;
    return text
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.slice(series.length);
  }

  async function eventsOf(type: string): Promise<Record<string, unknown>[]> {
    const rows = await world.backend.rows(`SELECT details FROM events WHERE type = '${type}' ORDER BY id`);
    return rows.map(({ details }) => JSON.parse(String(details)) as Record<string, unknown>);
  }

  test('logs a person in, with nickname and openid of the app, and counts the login from 0', async () => {
    expect(await loginsCounted('success')).toBe('0');
    const person = await world.person({ nickname: '小红' });
    const reply = await login(person);
    expect(reply).toMatchObject({
      tokenType: 'Bearer',
      isNewUser: true,
      user: { nickname: '小红' },
      identity: { appId: APP.appId, openId: person.openIds[APP.appId], unionId: person.unionId },
    });
    expect((await world.verify(reply.accessToken)).status).toBe(200);
    expect((await world.refresh(reply.refreshToken)).status).toBe(200);
    expect(await loginsCounted('success')).toBe('1');
  });

  test('shows its app kind in the identity, the session and the event of the login', async () => {
    const { accessToken: token, user } = await login(await world.person());
    const identities = await call<{ items: unknown[] }>(`${world.url}/v1/users/me/identities`, { token });
    expect(identities.body.items).toEqual([
      expect.objectContaining({ appId: APP.appId, appKind: 'mobile_app' }),
    ]);
    const sessions = await call<{ items: unknown[] }>(`${world.url}/v1/users/me/sessions`, { token });
    expect(sessions.body.items).toEqual([
      expect.objectContaining({ appId: APP.appId, channel: 'mobile_app', current: true }),
    ]);
    expect((await eventsOf('user.created')).at(-1)).toMatchObject({ appKind: 'mobile_app' });
    expect((await eventsOf('login.succeeded')).at(-1)).toMatchObject({
      appId: APP.appId,
      channel: 'mobile_app',
    });
    expect(user.lastLoginAt).not.toBeNull();
  });

  test('finds the user of a mini program by the unionid', async () => {
    const person = await world.person();
    const inMiniProgram = await world.miniProgramLogin(person);
    const inApp = await login(person);
    expect(inApp).toMatchObject({ isNewUser: false, user: { id: inMiniProgram.user.id } });
  });

  test('uses a code once, and records a refused login under its name', async () => {
    const code = await codeOf(await world.person());
    expect((await loginWith(code)).status).toBe(200);
    const { status, body } = await loginWith(code);
    expect([status, body.code]).toEqual([401, 'WECHAT_CODE_USED']);
    expect((await eventsOf('login.refused')).at(-1)).toEqual({
      reason: 'WECHAT_CODE_USED',
      channel: 'mobile-app',
      purpose: 'log-in',
      appId: APP.appId,
    });
    expect(await loginsCounted('WECHAT_CODE_USED')).toBe('1');
  });

  test('has a quota of its own, which RATE_LIMITS knows', async () => {
    for (let request = 0; request < 10; request++) await loginWith('noSuchCode');
    const { status, body } = await loginWith('noSuchCode');
    expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(await loginsCounted('RATE_LIMITED')).toBe('1');
    expect((await eventsOf('login.refused')).at(-1)).toMatchObject({
      reason: 'RATE_LIMITED',
      channel: 'mobile-app',
    });
  });

  test('brings a method of attempts: its screen, its lifetime, and its name among those that are allowed', async () => {
    const begunAt = world.clock.now();
    const browser = new Browser();
    const attempt = await world.attempt(browser, { method: 'mobile-app' });
    expect(attempt).toMatchObject({
      method: 'mobile-app',
      qrImageUrl: 'https://app.example.com/code.png',
    });
    expect(Math.round((Date.parse(attempt.expiresAt) - begunAt) / 10_000)).toBe(12);
    expect((await world.status(browser, attempt.id)).body.status).toBe('pending');
    await world.pass(120);
    expect((await world.status(browser, attempt.id)).body.status).toBe('expired');
    const unknown = await call<Problem>(`${world.url}/v1/web-qr-login/attempts`, { json: { method: 'fax' } });
    expect(unknown.body.errors).toEqual([
      { field: 'method', message: 'method must be website, mini-program, in-wechat or mobile-app' },
    ]);
  });

  test('is in the OpenAPI document: its route, its quota, and its app kind in every enum of app kinds', async () => {
    const { body } = await call<{
      paths: Record<string, { post?: Record<string, unknown> }>;
      components: { schemas: Record<string, { properties?: Record<string, { enum?: string[] }> }> };
    }>(`${world.url}/docs/json`);
    expect(body.paths['/v1/mobile-app/login']?.post).toMatchObject({
      operationId: 'mobileAppLogin',
      'x-rate-limit': { policy: 'mobile-app-login', perAddress: 3_000, perApp: 40_000 },
    });
    const enums = Object.values(body.components.schemas)
      .flatMap(({ properties }) => Object.values(properties ?? {}))
      .flatMap((property) => (property.enum?.includes('mini_program') ? [property.enum] : []));
    expect(enums.length).toBeGreaterThan(1);
    for (const each of enums) expect(each).toContain('mobile_app');
  });
});

describe('the start is refused', () => {
  test('without the exchange of a channel that has codes', async () => {
    await expect(startWith([])).rejects.toThrow('No provider is the exchange of mobile-app.');
  });

  test('with two exchanges of one channel', async () => {
    await expect(startWith([await doorOf(), SecondDoor])).rejects.toThrow(
      'Two providers are the exchange of mobile-app.',
    );
  });

  test('with an entry whose name, quota or variable is taken', () => {
    expect(() => addMobileApp()).toThrow('the app kind mobile_app');
  });

  async function startWith(doors: readonly Type[]): Promise<void> {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', ...ENVIRONMENT });
    const app = await createApp({ config, logger: createLogger('silent'), doors });
    try {
      await app.init();
    } finally {
      await app.close();
    }
  }
});
