import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BLOCK, MAX_BLOCKS } from '../../src/attempt/open-logins.js';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import {
  type AttemptReply,
  type AttemptStatus,
  MINI_PROGRAM,
  type Problem,
  SHOP,
  WEBSITE,
  World,
} from '../harness/world.js';

declare const backend: { redisUrl: string | null };

const PARTNER = 'https://partner.example.com';
const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const EXCHANGE = '/sns/oauth2/access_token';
const UNKNOWN = { status: 404, code: 'ATTEMPT_UNKNOWN' };

function answer(reply: Reply<{ code?: string }>): { status: number; code: string | undefined } {
  return { status: reply.status, code: reply.body.code };
}

function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** In memory only: the test counts up in the store, which would take too long with Redis. */
const inMemory = backend.redisUrl === null ? describe : describe.skip;

inMemory('an app with too many open logins', () => {
  test('begins no further login, by any door, until the window ends; other apps and open logins continue', async () => {
    const world = await World.start();
    // The start of a window, so that none ends during the test.
    await world.pass(600 - ((world.clock.now() / 1_000) % 600));
    const browser = new Browser();
    const open = await world.attempt(browser, { method: 'website' });
    const store = world.service().app.get(EphemeralStore, { strict: false });
    const window = Math.floor(world.clock.now() / 600_000);
    for (let block = 0; block < MAX_BLOCKS; block++) {
      await store.count(`login-blocks:${WEBSITE}:${window}`, 600_000);
    }
    // What this instance has counted already, it may still begin.
    for (let begun = 1; begun < BLOCK; begun++) await world.attempt(browser, { method: 'website' });
    const begin = { json: { method: 'website', returnTo: `${SHOP}/welcome` } };
    const refused = await browser.visit<Problem>(`${world.url}/v1/web-qr-login/attempts`, begin);
    expect(answer(refused)).toEqual({ status: 429, code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(600);
    const authorize = `${world.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(SHOP)}`;
    expect((await browser.visit(authorize)).status).toBe(429);

    const written: string[] = [];
    const write = store.begin.bind(store);
    store.begin = (key, value, ttl) => {
      written.push(key);
      return write(key, value, ttl);
    };
    expect((await browser.visit(authorize)).status).toBe(429);
    expect(answer(await browser.visit<Problem>(`${world.url}/v1/web-qr-login/attempts`, begin)).status).toBe(
      429,
    );
    expect(written).toEqual([]);
    store.begin = write;

    expect((await world.status(browser, open.id)).body.status).toBe('pending');
    await world.attempt(browser, { method: 'mini-program' });
    await world.pass(1_200);
    await world.attempt(browser, { method: 'website' });
    await world.stop();
  });
});

describe('the picture of a code', () => {
  test('is made once, is not kept in the shared store, and ends with its attempt', async () => {
    const world = await World.start();
    const store = world.service().app.get(EphemeralStore, { strict: false });
    const attempt = await world.attempt(new Browser());
    const written: string[] = [];
    for (const method of ['set', 'begin'] as const) {
      const write = store[method].bind(store);
      store[method] = (key, value, ttl) => {
        written.push(value);
        return write(key, value, ttl);
      };
    }
    const before = await world.callsOf('/wxa/getwxacodeunlimit');
    const pictures = await Promise.all(Array.from({ length: 5 }, () => fetch(attempt.qrImageUrl ?? '')));
    const bytes = await Promise.all(pictures.map(async (reply) => Buffer.from(await reply.arrayBuffer())));
    expect(bytes[0]?.length).toBeGreaterThan(500);
    expect(new Set(bytes.map((each) => each.toString('hex'))).size).toBe(1);
    expect((await world.callsOf('/wxa/getwxacodeunlimit')) - before).toBe(1);
    // All that a first picture leaves in the store is the app's sealed access token.
    expect(Math.max(0, ...written.map((value) => value.length))).toBeLessThan(Number(bytes[0]?.length));
    await world.pass(301);
    expect((await fetch(attempt.qrImageUrl ?? '')).status).toBe(404);
    await world.stop();
  });
});

describe('an attempt', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ RETURN_URLS: `${SHOP},${PARTNER}/app` });
  });
  afterAll(() => world.stop());

  const begin = (json: unknown, headers = {}): Promise<Reply<AttemptReply & Problem>> =>
    call(`${world.url}/v1/web-qr-login/attempts`, { json, headers });

  /** Somebody scans and confirms. */
  async function confirm(ticket: string): Promise<void> {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    await world.scan(accessToken, ticket);
    const code = await world.wxLogin(person);
    expect((await world.scan(accessToken, ticket, 'confirm', { code })).status).toBe(200);
  }

  describe('that begins', () => {
    test("shows a mini-program code and nothing of WeChat's pages", async () => {
      const { status, body, headers } = await begin({ method: 'mini-program' });
      expect(status).toBe(201);
      expect(Object.keys(body).sort()).toEqual(['expiresAt', 'id', 'method', 'qrImageUrl', 'secret']);
      expect(body.qrImageUrl).toMatch(new RegExp(`^${world.url}/v1/web-qr-login/qr-codes/[0-9a-f]{64}$`));
      expect(headers.get('cache-control')).toBe('no-store');
    });

    test('has secrets of which none is another, or part of another', async () => {
      const website = (await begin({ method: 'website' })).body;
      const scan = (await begin({ method: 'mini-program' })).body;
      const secrets = [
        website.id,
        website.secret,
        new URL(website.authorizeUrl ?? '').searchParams.get('state') ?? '',
        scan.id,
        scan.secret,
        scan.qrImageUrl?.split('/').at(-1) ?? '',
      ];
      for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
      expect(new Set(secrets).size).toBe(6);
    });

    test("with WeChat's website page shows its address for the window, and what WxLogin.js needs for a frame", async () => {
      const { body } = await begin({ method: 'website', returnTo: `${SHOP}/welcome` });
      expect(Object.keys(body).sort()).toEqual([
        'authorizeUrl',
        'expiresAt',
        'id',
        'method',
        'secret',
        'wxLogin',
      ]);
      const state = new URL(body.authorizeUrl ?? '').searchParams.get('state') ?? '';
      const callback = encodeURIComponent(`${world.url}/v1/web-qr-login/callback`);
      const query = `appid=${WEBSITE}&redirect_uri=${callback}&response_type=code&scope=snsapi_login&state=${state}`;
      expect(body.authorizeUrl).toBe(`${world.sandbox.url}/connect/qrconnect?${query}#wechat_redirect`);
      expect(body.wxLogin).toEqual({
        appid: WEBSITE,
        scope: 'snsapi_login',
        redirect_uri: callback,
        state,
        self_redirect: true,
        stylelite: 1,
        color_scheme: 'auto',
        allow: 'local-network-access',
        src: `${world.sandbox.url}/connect/qrconnect?${query}&login_type=jssdk&self_redirect=true&stylelite=1&color_scheme=auto`,
      });
      expect((await call(String(body.wxLogin?.src))).status).toBe(200);
    });

    test("inside WeChat shows the address of the official account's silent page", async () => {
      const { body } = await begin({ method: 'in-wechat' });
      const url = new URL(body.authorizeUrl ?? '');
      expect(`${url.origin}${url.pathname}${url.hash}`).toBe(
        `${world.sandbox.url}/connect/oauth2/authorize#wechat_redirect`,
      );
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        appid: OFFICIAL_ACCOUNT,
        scope: 'snsapi_base',
        response_type: 'code',
      });
      expect(body).not.toHaveProperty('wxLogin');
      expect(body).not.toHaveProperty('qrImageUrl');
    });

    test.each([
      [{ method: 'mini-program', appId: WEBSITE }, 'APP_UNKNOWN'],
      [{ method: 'website', appId: MINI_PROGRAM }, 'APP_UNKNOWN'],
      [{ method: 'in-wechat', appId: WEBSITE }, 'APP_UNKNOWN'],
      [{ method: 'mini-program', appId: 'wx0000000000000000' }, 'APP_UNKNOWN'],
      [{ method: 'carrier-pigeon' }, 'VALIDATION_FAILED'],
      [{ method: ['website'] }, 'VALIDATION_FAILED'],
      [{ method: null }, 'VALIDATION_FAILED'],
      [{}, 'VALIDATION_FAILED'],
      [{ method: 'website', appId: 'w'.repeat(65) }, 'VALIDATION_FAILED'],
      [{ method: 'website', returnTo: { href: SHOP } }, 'VALIDATION_FAILED'],
      [{ method: 'website', codeChallenge: 'short' }, 'VALIDATION_FAILED'],
      [{ method: 'website', codeChallenge: `${'a'.repeat(42)}=` }, 'VALIDATION_FAILED'],
    ])('with %j is refused: %s', async (json, code) => {
      const reply = await begin(json);
      expect(answer(reply)).toEqual({ status: 400, code });
      expect(reply.headers.get('set-cookie')).toBeNull();
    });

    test.each([
      'https://evil.example',
      'https://shop.example.com.evil.example/welcome',
      'https://shop.example.com@evil.example/welcome',
      'https://user:pw@shop.example.com/welcome',
      'http://shop.example.com/welcome',
      'https://shop.example.com:8443/welcome',
      'https://partner.example.com/',
      'https://partner.example.com/application',
      'https://partner.example.com/app/../admin',
      'https://partner.example.com/app/%2e%2e/admin',
      'https://partner.example.com/app/..%2fadmin',
      'https://partner.example.com/app/..%5cadmin',
      'https://shop.example.com\\@evil.example',
      'https:\\\\evil.example',
      ' https://shop.example.com/welcome',
      'https://shop.example.com/\twelcome',
      'https://shop.example.com/wel\ncome',
      'https://shop.example.com/\u0000',
      '//shop.example.com/welcome',
      '/welcome',
      '',
      'javascript:alert(1)//https://shop.example.com',
      'data:text/html,https://shop.example.com',
      'blob:https://shop.example.com/a',
      'filesystem:https://shop.example.com/a',
      'ftp://shop.example.com/',
      'https://shop。example。com.evil.example/',
      'null',
    ])('with the returnTo %j is refused by every method', async (returnTo) => {
      for (const method of ['website', 'mini-program', 'in-wechat']) {
        expect(answer(await begin({ method, returnTo }))).toEqual({
          status: 400,
          code: 'RETURN_URL_FORBIDDEN',
        });
      }
    });

    test.each([
      SHOP,
      `${SHOP}/any/path?with=query#and-fragment`,
      'HTTPS://SHOP.EXAMPLE.COM:443/welcome',
      `${PARTNER}/app`,
      `${PARTNER}/app/inner`,
    ])('with the returnTo %s begins', async (returnTo) => {
      expect((await begin({ method: 'mini-program', returnTo })).status).toBe(201);
    });
  });

  describe('bound to its browser', () => {
    test('tells another browser nothing, whatever of it the QR code shows', async () => {
      const browser = new Browser();
      const attempt = await world.attempt(browser);
      const stranger = new Browser();
      await world.attempt(stranger);
      const ticket = await world.ticketOf(attempt);
      const key = attempt.qrImageUrl?.split('/').at(-1) ?? '';
      const picture = await stranger.visit(attempt.qrImageUrl ?? '');
      expect(picture.status).toBe(200);
      expect(picture.headers.get('set-cookie')).toBeNull();
      const strangers = async (): Promise<void> => {
        for (const id of [ticket, key, attempt.id]) {
          for (const secret of [undefined, ticket, key, attempt.id, '']) {
            const headers: Record<string, string> =
              secret === undefined ? {} : { 'x-attempt-secret': secret };
            expect(answer(await world.status(stranger, id, headers))).toEqual(UNKNOWN);
            expect(answer(await world.status(stranger, `${id}/events`, headers))).toEqual(UNKNOWN);
          }
        }
        for (const code of [ticket, key, attempt.id, attempt.secret]) {
          expect(answer(await world.redeem(stranger, code))).toEqual({
            status: 401,
            code: 'LOGIN_CODE_INVALID',
          });
        }
      };
      await strangers();
      await confirm(ticket);
      await strangers();
      const { loginCode = null } = (await world.status(browser, attempt.id)).body;
      // Not even with the loginCode itself, which is not used up by this.
      expect((await world.redeem(stranger, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
      expect((await world.redeem(new Browser(), loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
      expect((await world.redeem(browser, loginCode)).status).toBe(200);
      await strangers();
    });

    test('is visible to all tabs of its browser, and with its secret', async () => {
      const browser = new Browser();
      const [one, other] = [await world.attempt(browser), await world.attempt(browser)];
      for (const { id } of [one, other]) {
        expect((await world.status(browser, id)).body).toEqual({ status: 'pending' });
      }
      const elsewhere = new Browser();
      const withSecret = (secret: string): Promise<Reply<AttemptStatus & Problem>> =>
        world.status(elsewhere, one.id, { 'x-attempt-secret': secret });
      expect((await withSecret(one.secret)).body).toEqual({ status: 'pending' });
      for (const wrong of [other.secret, one.secret.toUpperCase(), `${one.secret} x`, 'f'.repeat(64), '']) {
        expect(answer(await withSecret(wrong))).toEqual(UNKNOWN);
      }
      // The right cookie is enough with a wrong secret, and vice versa.
      expect((await world.status(browser, one.id, { 'x-attempt-secret': 'wrong' })).status).toBe(200);
      const stranger = new Browser();
      await world.attempt(stranger);
      expect((await world.status(stranger, one.id, { 'x-attempt-secret': one.secret })).status).toBe(200);
    });

    test('by its cookie is not redeemed by its secret', async () => {
      const attempt = await world.attempt(new Browser());
      await confirm(await world.ticketOf(attempt));
      const elsewhere = new Browser();
      const headers = { 'x-attempt-secret': attempt.secret };
      const { loginCode } = (await world.status(elsewhere, attempt.id, headers)).body;
      const reply = await elsewhere.visit(`${world.url}/v1/web-qr-login/token`, {
        json: { loginCode },
        headers,
      });
      expect(reply.body.code).toBe('LOGIN_CODE_INVALID');
    });

    test('by a codeChallenge is redeemed by the verifier, anywhere, and by nothing else', async () => {
      const { verifier, challenge } = pkce();
      const browser = new Browser();
      const attempt = await world.attempt(browser, { codeChallenge: challenge });
      await confirm(await world.ticketOf(attempt));
      const { loginCode = null } = (await world.status(browser, attempt.id)).body;
      for (const extra of [{}, { codeVerifier: pkce().verifier }, { codeVerifier: challenge }]) {
        expect((await world.redeem(browser, loginCode, extra)).body.code).toBe('LOGIN_CODE_INVALID');
      }
      expect((await world.redeem(new Browser(), loginCode, { codeVerifier: verifier })).status).toBe(200);
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'confirmed' });
    });

    test('gives a browser one cookie for all its attempts, a day from the last, out of reach of scripts and of other sites', async () => {
      const first = await begin({ method: 'mini-program' });
      const cookie = first.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(
        /^wechat-auth-browser=[0-9a-f]{64}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      const sent = cookie.split(';', 1)[0] ?? '';
      for (const secret of [first.body.id, first.body.secret]) expect(sent).not.toContain(secret);
      const second = await begin({ method: 'website' }, { cookie: sent });
      expect(second.headers.get('set-cookie')).toBe(cookie);
      // A cookie that we did not issue is replaced: a client cannot choose the name of its browser.
      const planted = await begin({ method: 'website' }, { cookie: 'wechat-auth-browser=chosen' });
      expect(planted.headers.get('set-cookie')).toMatch(/^wechat-auth-browser=[0-9a-f]{64};/);
    });

    test.each([
      ['unknown', 'f'.repeat(64), 404],
      ['short', 'f'.repeat(63), 404],
      ['long', 'f'.repeat(65), 404],
      ['very long', 'f'.repeat(1_000), 414],
      ['in capitals', 'F'.repeat(64), 404],
      ['of other letters', encodeURIComponent('微信登录'.repeat(4)), 404],
      ['of a line', `${'f'.repeat(64)}%0a`, 404],
      ['of nothing that can be seen', '%00', 404],
      ['a path', '..%2f..%2ftoken', 404],
      ['not decodable', '%E5%BE', 400],
    ])('with an id that is %s is not there', async (_what, id, status) => {
      for (const path of [id, `${id}/events`]) {
        const reply = await world.status(new Browser(), path, { 'x-attempt-secret': 'f'.repeat(64) });
        expect(reply.status).toBe(status);
        expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
    });
  });

  describe("by WeChat's website page", () => {
    /** An attempt that the person has just confirmed. */
    async function allowed(
      asked = {},
    ): Promise<{ browser: Browser; attempt: AttemptReply; callback: string }> {
      const browser = new Browser();
      const attempt = await world.attempt(browser, { method: 'website', ...asked });
      const callback = await world.scanAndAllow(new URL(attempt.authorizeUrl ?? ''), await world.person());
      return { browser, attempt, callback: callback.href };
    }

    test('is confirmed with the loginCode of the redirect, and redeemed once by either', async () => {
      const { browser, attempt, callback } = await allowed();
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'pending' });
      const location = locationOf(await browser.visit(callback));
      expect(`${location.origin}${location.pathname}`).toBe(`${SHOP}/welcome`);
      const loginCode = location.searchParams.get('loginCode');
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'confirmed', loginCode });
      const replies = await Promise.all(Array.from({ length: 10 }, () => world.redeem(browser, loginCode)));
      expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'confirmed' });
    });

    test.each([
      // It is not known yet whether the browser displays the answer: framed-callback.e2e.ts.
      ['in a frame', { 'sec-fetch-dest': 'iframe' }, 'pending'],
      // A person who followed a link of another person's attempt logs in only themselves.
      ['in the window of another browser', { 'sec-fetch-dest': 'document' }, 'confirmed'],
    ])(
      'with a codeChallenge, %s: has no loginCode for an observer and is %s',
      async (_where, headers, expected) => {
        const { verifier, challenge } = pkce();
        const browser = new Browser();
        const attempt = await world.attempt(browser, { method: 'website', codeChallenge: challenge });
        const page = new URL(String(attempt.wxLogin?.src));
        const callback = await world.scanAndAllow(page, await world.person());
        await new Browser().visit(callback.href, { headers });
        const { status, loginCode } = (await world.status(browser, attempt.id)).body;
        expect({ status, loginCode }).toEqual({ status: expected });
        const reply = await world.redeem(browser, loginCode ?? null, { codeVerifier: verifier });
        expect(reply.status).toBe(400);
      },
    );

    test('is denied where WeChat comes back without a code', async () => {
      const browser = new Browser();
      const attempt = await world.attempt(browser, { method: 'website' });
      const state = new URL(attempt.authorizeUrl ?? '').searchParams.get('state') ?? '';
      const reply = await browser.visit(`${world.url}/v1/web-qr-login/callback?state=${state}`);
      expect(locationOf(reply).searchParams.get('error')).toBe('LOGIN_DENIED');
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'denied' });
    });

    test('is expired where WeChat does not take the code', async () => {
      const { browser, attempt, callback } = await allowed();
      await world.fault(EXCHANGE, { errcode: 40029 });
      const location = locationOf(await browser.visit(callback));
      expect(location.searchParams.get('error')).toBe('WECHAT_CODE_INVALID');
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'expired' });
    });

    test('is not touched by a callback in another browser', async () => {
      const { browser, attempt, callback } = await allowed();
      const refusal = new URL(callback);
      refusal.searchParams.delete('code');
      for (const url of [callback, refusal.href]) await new Browser().visit(url);
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'pending' });
      const location = locationOf(await browser.visit(callback));
      expect(location.searchParams.has('loginCode')).toBe(true);
    });

    test('brought back twice stays as it was, with one loginCode', async () => {
      const { browser, attempt, callback } = await allowed();
      const first = locationOf(await browser.visit(callback)).href;
      expect(locationOf(await browser.visit(callback)).href).toBe(first);
      const { loginCode } = (await world.status(browser, attempt.id)).body;
      expect(first).toContain(loginCode);
    });

    test('is over after 10 minutes, and its loginCode after one', async () => {
      const { browser, attempt, callback } = await allowed();
      await world.pass(4 * 60);
      await browser.visit(callback);
      await world.pass(61);
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'expired' });
      const waiting = await world.attempt(browser, { method: 'website' });
      await world.pass(595);
      expect((await world.status(browser, waiting.id)).body).toEqual({ status: 'pending' });
      await world.pass(6);
      expect((await world.status(browser, waiting.id)).body).toEqual({ status: 'expired' });
    });
  });

  describe('asked for from another site', () => {
    const asks = (origin: string, method: string, headers?: string): Promise<Reply> =>
      call(`${world.url}/v1/web-qr-login/attempts${method === 'POST' ? '' : `/${'f'.repeat(64)}`}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
        },
      });
    const allowance = ({ headers }: Reply): unknown[] => [
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-credentials'),
    ];

    test('is open, with credentials and X-Attempt-Secret, to the origins of RETURN_URLS', async () => {
      for (const origin of [SHOP, PARTNER, world.url]) {
        const preflight = await asks(origin, 'GET', 'x-attempt-secret');
        expect(preflight.status).toBe(204);
        expect(allowance(preflight)).toEqual([origin, 'true']);
        expect(preflight.headers.get('access-control-allow-headers')).toBe('x-attempt-secret');
        expect(preflight.headers.get('access-control-allow-methods')).toContain('GET');
        expect(allowance(await asks(origin, 'POST', 'content-type'))).toEqual([origin, 'true']);
        const begun = await begin({ method: 'mini-program' }, { origin });
        expect(allowance(begun as unknown as Reply)).toEqual([origin, 'true']);
        expect(begun.headers.get('vary')).toMatch(/\borigin\b/i);
      }
    });

    test('is closed to all others', async () => {
      for (const origin of [
        'https://evil.example',
        'http://shop.example.com',
        'https://shop.example.com:8443',
        'https://shop.example.com.evil.example',
        'https://sub.shop.example.com',
        'https://SHOP.example.com.',
        'null',
        '*',
      ]) {
        expect(
          (await asks(origin, 'GET', 'x-attempt-secret')).headers.get('access-control-allow-origin'),
        ).toBeNull();
        const begun = await begin({ method: 'mini-program' }, { origin });
        expect(begun.headers.get('access-control-allow-origin')).toBeNull();
      }
    });

    test('is not begun by a form, which a browser would send without asking', async () => {
      for (const type of [
        'application/x-www-form-urlencoded',
        'text/plain',
        'multipart/form-data; boundary=x',
      ]) {
        const reply = await call<Problem>(`${world.url}/v1/web-qr-login/attempts`, {
          body: '{"method":"mini-program"}',
          headers: { 'content-type': type },
        });
        expect(answer(reply)).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
      }
    });
  });
});

describe('on https', () => {
  test('the cookie is bound to this host and to https, and the addresses are those of PUBLIC_URL', async () => {
    const world = await World.start({ PUBLIC_URL: 'https://auth.example.com' });
    const reply = await call<AttemptReply>(`${world.url}/v1/web-qr-login/attempts`, {
      json: { method: 'mini-program' },
      headers: { host: 'evil.example' },
    });
    expect(reply.headers.get('set-cookie')).toMatch(
      /^__Host-wechat-auth-browser=[0-9a-f]{64}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(reply.body.qrImageUrl).toMatch(/^https:\/\/auth\.example\.com\/v1\/web-qr-login\/qr-codes\//);
    // The cookie name without the prefix, which a subdomain could set, is ignored.
    const value = /=([0-9a-f]{64});/.exec(reply.headers.get('set-cookie') ?? '')?.[1] ?? '';
    const path = `${world.url}/v1/web-qr-login/attempts/${reply.body.id}`;
    const planted = await call(path, { headers: { cookie: `wechat-auth-browser=${value}` } });
    expect(planted.status).toBe(404);
    const own = await call(path, { headers: { cookie: `__Host-wechat-auth-browser=${value}` } });
    expect(own.body).toEqual({ status: 'pending' });
    await world.stop();
  });
});
