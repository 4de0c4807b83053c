import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { type Pkce, pkce } from '../harness/pkce.js';
import { WECHAT_USER_AGENT } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, type Person, type Problem, SHOP, type TokenReply, World } from '../harness/world.js';

const LOGIN = '/sns/jscode2session';
const CART = `${SHOP}/cart`;
const INVALID = `${CART}?error=WEB_VIEW_TICKET_INVALID`;
const WEB_VIEW = { 'user-agent': `${WECHAT_USER_AGENT} MiniProgramEnv/android miniProgram/${MINI_PROGRAM}` };

interface Ticket extends Problem {
  readonly ticket: string;
  readonly expiresAt: string;
}

let world: World;
let person: Person;
let session: TokenReply;
beforeAll(async () => {
  world = await World.start({ RETURN_URLS: `${SHOP},https://blog.example.com` }, INSTANCES);
});
beforeEach(async () => {
  person = await world.person();
  session = await world.miniProgramLogin(person);
});
afterAll(() => world.stop());

/** Asks for a ticket, as the mini program does. */
function ask(
  json: unknown,
  token: string | null = session.accessToken,
  url = world.url,
): Promise<Reply<Ticket>> {
  return call(`${url}/v1/mini-program/web-view-tickets`, { json, ...(token === null ? {} : { token }) });
}

async function ticketFor(returnTo = CART): Promise<string> {
  const reply = await ask({ code: await world.wxLogin(person), returnTo });
  if (reply.status !== 201) throw new Error(reply.text);
  return reply.body.ticket;
}

/** Opens authorize, as the site in the web view does. */
function open(
  ticket: string,
  challenge: string | null,
  returnTo = CART,
  { browser = new Browser(), url = world.url } = {},
): Promise<Reply<Problem>> {
  const query = new URLSearchParams({
    ticket,
    returnTo,
    ...(challenge === null ? {} : { codeChallenge: challenge }),
  });
  return browser.visit(`${url}/v1/web-qr-login/authorize?${query.toString()}`, { headers: WEB_VIEW });
}

function loginCodeOf(reply: Reply<unknown>): string {
  return locationOf(reply).searchParams.get('loginCode') ?? '';
}

function redeem(
  loginCode: string,
  { verifier }: Pkce,
  browser = new Browser(),
): Promise<Reply<TokenReply & Problem>> {
  return world.redeem(browser, loginCode, { codeVerifier: verifier });
}

describe('the way from a mini program into its web view', () => {
  test('is a ticket, a redirect and a verifier, and ends in a session of the same person', async () => {
    const asked = await ask({ code: await world.wxLogin(person), returnTo: `${CART}?from=mini#top` });
    expect(asked.status).toBe(201);
    expect(Object.keys(asked.body).sort()).toEqual(['expiresAt', 'ticket']);
    expect(asked.body.ticket).toMatch(/^[0-9a-f]{64}$/);
    expect(Date.parse(asked.body.expiresAt) - world.clock.now()).toBeGreaterThan(28_000);
    expect(Date.parse(asked.body.expiresAt) - world.clock.now()).toBeLessThanOrEqual(30_000);

    const own = pkce();
    const opened = await open(asked.body.ticket, own.challenge, `${CART}?from=mini#top`);
    expect(opened.status).toBe(302);
    expect(opened.headers.getSetCookie()).toEqual([]);
    const location = locationOf(opened);
    expect([location.origin + location.pathname, location.hash]).toEqual([CART, '#top']);
    expect([...location.searchParams.keys()]).toEqual(['from', 'loginCode']);

    const reply = await redeem(location.searchParams.get('loginCode') ?? '', own);
    expect(reply.body).toMatchObject({
      isNewUser: false,
      user: { id: session.user.id },
      identity: { appId: MINI_PROGRAM, openId: person.openIds[MINI_PROGRAM] },
    });
  });

  test("opens a session of its own, of the mini program's identity on the web view's device", async () => {
    const own = pkce();
    const { body } = await redeem(loginCodeOf(await open(await ticketFor(), own.challenge)), own);
    const { items } = (
      await call<{
        items: { id: string; current: boolean; channel: string; device: { browser: string | null } }[];
      }>(`${world.url}/v1/users/me/sessions`, { token: body.accessToken })
    ).body;
    expect(items).toHaveLength(2);
    const current = items.find((each) => each.current);
    expect(current).toMatchObject({ channel: 'mini_program', appId: MINI_PROGRAM });
    expect(current?.device.browser).toMatch(/WeChat/);
    expect(items.find((each) => !each.current)?.device.browser).not.toBe(current?.device.browser);
    const out = await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: body.refreshToken } });
    expect(out.status).toBe(204);
    expect((await world.verify(body.accessToken)).status).toBe(401);
    expect((await world.verify(session.accessToken)).status).toBe(200);
  });

  test('goes over any instance at each step', async () => {
    const [here, there] = [world.url, world.service(INSTANCES - 1).url];
    const own = pkce();
    const { ticket } = (
      await ask({ code: await world.wxLogin(person), returnTo: CART }, session.accessToken, there)
    ).body;
    const loginCode = loginCodeOf(await open(ticket, own.challenge, CART, { url: here }));
    const reply = await world.redeem(new Browser(), loginCode, { codeVerifier: own.verifier }, there);
    expect(reply.status).toBe(200);
  });

  test('leads a disabled account nowhere', async () => {
    const own = pkce();
    const loginCode = loginCodeOf(await open(await ticketFor(), own.challenge));
    await world.backend.write(`UPDATE users SET status = 'disabled' WHERE id = '${session.user.id}'`);
    expect((await redeem(loginCode, own)).body.code).toBe('ACCOUNT_DISABLED');
  });

  test('leads nowhere if the account is deleted meanwhile', async () => {
    const own = pkce();
    const ticket = await ticketFor();
    const left = await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: session.accessToken });
    expect(left.status).toBe(204);
    const users = await world.count('users');
    expect((await redeem(loginCodeOf(await open(ticket, own.challenge)), own)).body.code).toBe(
      'LOGIN_CODE_INVALID',
    );
    expect(await world.count('users')).toBe(users);
  });
});

describe('a ticket', () => {
  test('lives 30 seconds', async () => {
    const [early, late] = [await ticketFor(), await ticketFor()];
    await world.pass(27);
    expect(loginCodeOf(await open(early, pkce().challenge))).not.toBe('');
    await world.pass(4);
    expect(refusalOf(locationOf(await open(late, pkce().challenge)))).toBe(INVALID);
  });

  test('is used up by the first challenge: another one gets nothing, at once and later', async () => {
    const ticket = await ticketFor();
    const own = pkce();
    expect(loginCodeOf(await open(ticket, own.challenge))).not.toBe('');
    expect(refusalOf(locationOf(await open(ticket, pkce().challenge)))).toBe(INVALID);
    await world.pass(31);
    expect(refusalOf(locationOf(await open(ticket, pkce().challenge)))).toBe(INVALID);
  });

  test('repeated with its challenge lands where the first one did, for 60 s', async () => {
    const ticket = await ticketFor();
    const own = pkce();
    const first = locationOf(await open(ticket, own.challenge)).href;
    await world.pass(55);
    expect(locationOf(await open(ticket, own.challenge)).href).toBe(first);
    await world.pass(6);
    expect(refusalOf(locationOf(await open(ticket, own.challenge)))).toBe(INVALID);
  });

  test('repeated after the login opens no second session', async () => {
    const ticket = await ticketFor();
    const own = pkce();
    const loginCode = loginCodeOf(await open(ticket, own.challenge));
    expect((await redeem(loginCode, own)).status).toBe(200);
    expect(loginCodeOf(await open(ticket, own.challenge))).toBe(loginCode);
    expect((await redeem(loginCode, own)).body.code).toBe('LOGIN_CODE_INVALID');
  });

  test.each([
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  ])('sent to somebody in another browser logs nobody in there, and is not used up: %s', async (agent) => {
    const ticket = await ticketFor();
    const own = pkce();
    const query = new URLSearchParams({ ticket, returnTo: CART, codeChallenge: own.challenge });
    const reply = await call(`${world.url}/v1/web-qr-login/authorize?${query.toString()}`, {
      headers: { 'user-agent': agent },
    });
    expect(refusalOf(locationOf(reply))).toBe(INVALID);
    expect(loginCodeOf(await open(ticket, own.challenge))).not.toBe('');
  });

  test('used twenty times at once, by one challenge or by many, gives one loginCode', async () => {
    const [shared, contested] = [await ticketFor(), await ticketFor()];
    const urls = world.services.map(({ url }) => url);
    const at = (index: number) => ({ url: urls[index % urls.length] ?? world.url });
    const own = pkce();
    const same = await Promise.all(
      Array.from({ length: 20 }, (_, index) => open(shared, own.challenge, CART, at(index))),
    );
    expect(new Set(same.map(loginCodeOf)).size).toBe(1);
    const rivals = Array.from({ length: 20 }, pkce);
    const different = await Promise.all(
      rivals.map(({ challenge }, index) => open(contested, challenge, CART, at(index))),
    );
    const codes = different.map(loginCodeOf);
    expect(codes.filter((code) => code !== '')).toHaveLength(1);
    const sessions = await world.count('sessions');
    const redeemed = await Promise.all(
      rivals.map((rival) => redeem(codes.find((code) => code !== '') ?? '', rival)),
    );
    expect(redeemed.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await world.count('sessions')).toBe(sessions + 1);
  });

  test('is for its returnTo: with another one that is allowed it is refused, and not used up', async () => {
    const ticket = await ticketFor();
    const own = pkce();
    for (const other of ['https://blog.example.com/', `${CART}/`, `${CART}?x=1`, `${CART}#x`, SHOP]) {
      const location = locationOf(await open(ticket, own.challenge, other));
      expect(location.origin).toBe(new URL(other).origin);
      expect(location.searchParams.get('error')).toBe('WEB_VIEW_TICKET_INVALID');
      expect(location.searchParams.has('loginCode')).toBe(false);
    }
    expect(loginCodeOf(await open(ticket, own.challenge))).not.toBe('');
  });

  test('is for the same address however it is written', async () => {
    const ticket = await ticketFor('HTTPS://SHOP.example.com:443/cart');
    expect(loginCodeOf(await open(ticket, pkce().challenge, CART))).not.toBe('');
  });

  test.each(['f'.repeat(64), 'x', '', '__proto__', `${'f'.repeat(64)}\n`])(
    'that was made up returns with an error: %j',
    async (ticket) => {
      expect(refusalOf(locationOf(await open(ticket, pkce().challenge)))).toBe(INVALID);
    },
  );

  test('with a returnTo that is not allowed shows an error page, good ticket or bad, and is not used up', async () => {
    const ticket = await ticketFor();
    const own = pkce();
    for (const each of [ticket, 'f'.repeat(64)]) {
      for (const returnTo of [
        'https://evil.example.com/',
        'javascript:alert(1)',
        `${SHOP}.evil.com/`,
        `${SHOP}\\@evil.com`,
      ]) {
        const reply = await open(each, own.challenge, returnTo);
        expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
        expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
        expect(reply.text).toContain('RETURN_URL_FORBIDDEN');
      }
    }
    expect(loginCodeOf(await open(ticket, own.challenge))).not.toBe('');
  });

  test('needs a challenge: without one even a browser with our cookie is refused, and nothing is used up', async () => {
    const ticket = await ticketFor();
    const browser = new Browser();
    await world.authorize(browser);
    for (const challenge of [null, '', 'short', 'ä'.repeat(43)]) {
      const reply = await open(ticket, challenge, CART, { browser, url: world.url });
      expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
      expect(reply.text).toContain('VALIDATION_FAILED');
    }
    expect(loginCodeOf(await open(ticket, pkce().challenge))).not.toBe('');
  });

  test('is no state, no loginCode and no ticket of a scan', async () => {
    const ticket = await ticketFor();
    const browser = new Browser();
    const callback = await browser.visit(`${world.url}/v1/web-qr-login/callback?code=081iIL&state=${ticket}`);
    expect([callback.status, callback.headers.get('location')]).toEqual([400, null]);
    expect((await world.redeem(browser, ticket)).body.code).toBe('LOGIN_CODE_INVALID');
    expect((await world.scan(session.accessToken, ticket)).body.code).toBe('SCAN_UNKNOWN');
    expect(loginCodeOf(await open(ticket, pkce().challenge))).not.toBe('');
  });
});

describe('the loginCode of a ticket', () => {
  test('needs the verifier: neither a cookie nor a wrong verifier uses it up', async () => {
    const browser = new Browser();
    await world.authorize(browser);
    const own = pkce();
    const loginCode = loginCodeOf(
      await open(await ticketFor(), own.challenge, CART, { browser, url: world.url }),
    );
    expect((await world.redeem(browser, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    expect((await redeem(loginCode, pkce(), browser)).body.code).toBe('LOGIN_CODE_INVALID');
    expect((await redeem(loginCode, { ...own, verifier: own.challenge }, browser)).body.code).toBe(
      'LOGIN_CODE_INVALID',
    );
    expect((await redeem(loginCode, own)).status).toBe(200);
    expect((await redeem(loginCode, own)).body.code).toBe('LOGIN_CODE_INVALID');
  });
});

describe('a ticket is refused', () => {
  test('without a fresh code: a stolen access token is not enough', async () => {
    const codes = [undefined, null, '', 1, 'x'.repeat(513), 'with space', ['081'], { $ne: null }];
    const calls = await world.callsOf(LOGIN);
    for (const code of codes) {
      const reply = await ask({ code, returnTo: CART });
      expect([reply.status, reply.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
    expect(await world.callsOf(LOGIN)).toBe(calls);
    expect((await ask({ code: 'made-up', returnTo: CART })).body.code).toBe('WECHAT_CODE_INVALID');
  });

  test('with a code that was used', async () => {
    const code = await world.wxLogin(person);
    expect((await ask({ code, returnTo: CART })).status).toBe(201);
    expect((await ask({ code, returnTo: CART })).body.code).toBe('WECHAT_CODE_USED');
    const spent = await world.wxLogin(person);
    await world.loginWith(spent);
    expect((await ask({ code: spent, returnTo: CART })).body.code).toBe('WECHAT_CODE_USED');
  });

  test("with somebody else's code, who gets no account by it", async () => {
    const thief = await world.person();
    const users = await world.count('users');
    expect((await ask({ code: await world.wxLogin(thief), returnTo: CART })).body.code).toBe(
      'TOKEN_CODE_MISMATCH',
    );
    expect(await world.count('users')).toBe(users);
    await world.miniProgramLogin(thief);
    expect((await ask({ code: await world.wxLogin(thief), returnTo: CART })).body.code).toBe(
      'TOKEN_CODE_MISMATCH',
    );
  });

  test('without a token, with a rotten one, after a logout', async () => {
    const json = { code: await world.wxLogin(person), returnTo: CART };
    expect((await ask(json, null)).body.code).toBe('TOKEN_MISSING');
    expect((await ask(json, `${session.accessToken.slice(0, -4)}AAAA`)).body.code).toBe('TOKEN_INVALID');
    await call(`${world.url}/v1/auth/logout`, { method: 'POST', token: session.accessToken });
    expect((await ask(json)).body.code).toBe('SESSION_ENDED');
  });

  test('with the token of a website', async () => {
    const { accessToken } = await world.websiteLogin(person);
    const reply = await ask({ code: await world.wxLogin(person), returnTo: CART }, accessToken);
    expect([reply.status, reply.body.code]).toEqual([403, 'MINI_PROGRAM_SESSION_REQUIRED']);
  });

  test.each([
    'javascript:alert(1)',
    '//evil.example.com',
    '/cart',
    '',
    'http://shop.example.com/',
    'https://shop.example.com.evil.com/',
    'https://shop.example.com@evil.com/',
    'https://shop.example.com\\@evil.com/',
    'https://shop.example.com/\u0000',
  ])('for a returnTo that is not allowed (%j), and the code is not spent', async (returnTo) => {
    const code = await world.wxLogin(person);
    const calls = await world.callsOf(LOGIN);
    expect((await ask({ code, returnTo })).body.code).toBe('RETURN_URL_FORBIDDEN');
    expect(await world.callsOf(LOGIN)).toBe(calls);
    expect((await ask({ code, returnTo: CART })).status).toBe(201);
  });

  test.each([
    undefined,
    null,
    1,
    ['https://shop.example.com/'],
    { href: 'x' },
    `${SHOP}/${'a'.repeat(2048)}`,
  ])('for what is no returnTo (%j), and the code is not spent', async (returnTo) => {
    const code = await world.wxLogin(person);
    const reply = await ask({ code, returnTo });
    expect([reply.status, reply.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(reply.body.errors?.map(({ field }) => field)).toContain('returnTo');
    expect((await ask({ code, returnTo: CART })).status).toBe(201);
  });

  test.each(['[]', '"text"', 'null', '1'])('who sends no object: %s', async (body) => {
    const reply = await call<Problem>(`${world.url}/v1/mini-program/web-view-tickets`, {
      body,
      token: session.accessToken,
      headers: { 'content-type': 'application/json' },
    });
    expect(reply.status).toBe(400);
  });

  test('while WeChat is busy, and the same code works afterwards', async () => {
    const code = await world.wxLogin(person);
    await world.fault(LOGIN, { errcode: -1, times: 3 });
    expect((await ask({ code, returnTo: CART })).body.code).toBe('WECHAT_BUSY');
    expect((await ask({ code, returnTo: CART })).status).toBe(201);
  });
});

test('no log and no table holds a ticket, a loginCode, a verifier or a token', async () => {
  const own = pkce();
  const code = await world.wxLogin(person);
  const { ticket } = (await ask({ code, returnTo: CART })).body;
  const loginCode = loginCodeOf(await open(ticket, own.challenge));
  await open(ticket, pkce().challenge);
  const { body } = await redeem(loginCode, own);
  let tables = '';
  for (const table of await world.backend.tables()) {
    tables += JSON.stringify(await world.backend.rows(`SELECT * FROM ${table}`));
  }
  expect(world.log()).toContain('/v1/mini-program/web-view-tickets');
  expect(world.log()).toContain('/v1/web-qr-login/authorize');
  const secrets = {
    code,
    ticket,
    loginCode,
    verifier: own.verifier,
    token: body.accessToken.split('.')[2] ?? '',
  };
  for (const [name, secret] of Object.entries(secrets)) {
    expect({ name, logged: world.log().includes(secret), stored: tables.includes(secret) }).toEqual({
      name,
      logged: false,
      stored: false,
    });
  }
});
