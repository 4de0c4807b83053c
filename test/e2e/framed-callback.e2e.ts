import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf, refusalOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { type Pkce, pkce } from '../harness/pkce.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { type AttemptReply, type Person, type Problem, SHOP, WEBSITE, World } from '../harness/world.js';

const EXCHANGE = '/sns/oauth2/access_token';
const WELCOME = `${SHOP}/welcome`;
/** Fetch Metadata of a page in a frame. */
const FRAMED = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' };
const AT_THE_TOP = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
};
/** Tries to break out of a script, of a string in it, and of an attribute. */
const HOSTILE_BRAND = `</script><script>alert(1)</script>"'\`\u2028\u2029<!--`;

/** The message of the frame to the surrounding page. */
interface Result {
  readonly location: string;
  readonly targetOrigin: string;
  readonly message: Readonly<Record<string, string | null>>;
  readonly report: string | null;
}

let world: World;
let person: Person;
beforeAll(async () => {
  world = await World.start({
    RETURN_URLS: `${SHOP},https://staging.shop.example.com:8443`,
    BRAND_NAME: HOSTILE_BRAND,
  });
});
beforeEach(async () => {
  await world.control('faults', undefined, 'DELETE');
  person = await world.person();
});
afterAll(() => world.stop());

/** An attempt whose code was scanned in its frame. */
async function scanned(
  asked: Readonly<Record<string, unknown>> = {},
  browser = new Browser(),
): Promise<{ browser: Browser; attempt: AttemptReply; callback: URL }> {
  const attempt = await world.attempt(browser, { method: 'website', ...asked });
  const callback = await world.scanAndAllow(new URL(String(attempt.wxLogin?.src)), person);
  return { browser, attempt, callback };
}

/** The same for an attempt of a site that has a verifier. The frame sends no cookie of ours. */
async function scannedWith(own: Pkce, asked: Readonly<Record<string, unknown>> = {}) {
  const { attempt, callback } = await scanned({ codeChallenge: own.challenge, ...asked });
  return { attempt, callback, frame: new Browser() };
}

function inFrame(browser: Browser, callback: URL): Promise<Reply<unknown>> {
  return browser.visit(callback.href, { headers: FRAMED });
}

function policyOf(reply: Reply<unknown>): Partial<Record<string, string>> {
  const directives = (reply.headers.get('content-security-policy') ?? '').split('; ');
  return Object.fromEntries(
    directives.map((line): [string, string] => {
      const [name = '', ...sources] = line.split(' ');
      return [name, sources.join(' ')];
    }),
  );
}

/** The data of a result page, read as a browser would: the text of the element, which must be JSON. */
function resultOf(reply: Reply<unknown>): Result {
  expect(reply.status).toBe(200);
  const json = /<script type="application\/json" id="page-data">([^<]*)<\/script>/.exec(reply.text)?.[1];
  return JSON.parse(json ?? 'null') as Result;
}

/** The request that the page makes once a browser has displayed it. */
function show({ report }: Result): Promise<Reply<Problem>> {
  return call(`${world.url}/v1/web-qr-login/framed-callbacks`, { json: { secret: report } });
}

/** The status of an attempt, read with its secret. */
async function statusOf({ id, secret }: AttemptReply): Promise<unknown> {
  return (await world.status(new Browser(), id, { 'x-attempt-secret': secret })).body;
}

/** Every page for a frame: no other origin may frame it, and it runs no foreign script. */
function expectFramePage(reply: Reply<unknown>, origin: string): void {
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
  expect(reply.headers.get('cache-control')).toBe('no-store');
  expect(reply.headers.get('location')).toBeNull();
  const policy = policyOf(reply);
  expect(policy['frame-ancestors']).toBe(`'self' ${origin}`);
  expect(policy['default-src']).toBe("'none'");
  expect(policy['script-src']).toMatch(/^'nonce-[A-Za-z0-9+/=]{20,}'$/);
  // It would contradict the policy in browsers that look at both.
  expect(reply.headers.get('x-frame-options')).toBeNull();
  expect(reply.text).not.toContain('<script>alert');
  const scripts = reply.text.match(/<script\b[^>]*>/g) ?? [];
  expect(
    scripts.filter((tag) => !tag.includes(' nonce="') && !tag.includes('type="application/json"')),
  ).toEqual([]);
  expect(reply.text.match(/<\/script/g)).toHaveLength(scripts.length);
}

describe('the callback of a login that a cookie binds, in a frame', () => {
  test('is a page that asks for the whole window, uses nothing up, and tells nothing', async () => {
    const { browser, attempt, callback } = await scanned();
    const calls = await world.callsOf(EXCHANGE);
    for (const frame of [new Browser(), browser, new Browser()]) {
      const reply = await inFrame(frame, callback);
      expectFramePage(reply, SHOP);
      expect(reply.headers.getSetCookie()).toEqual([]);
      for (const name of ['code', 'state']) expect(reply.text).not.toContain(callback.searchParams.get(name));
      expect(reply.text).not.toMatch(/loginCode|welcome/);
      expect(reply.text).not.toContain(attempt.id);
    }
    expect(await world.callsOf(EXCHANGE)).toBe(calls);
    expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'pending' });

    const location = locationOf(await browser.visit(callback.href, { headers: AT_THE_TOP }));
    const loginCode = location.searchParams.get('loginCode');
    expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'confirmed', loginCode });
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
  });

  test('stays that page after the login: what was told at the top is not told in a frame', async () => {
    const { browser, callback } = await scanned();
    const loginCode = locationOf(await browser.visit(callback.href)).searchParams.get('loginCode') ?? '';
    const reply = await inFrame(browser, callback);
    expectFramePage(reply, SHOP);
    expect(reply.text).not.toContain(loginCode);
  });

  test('that a stranger brings to the top is refused as ever', async () => {
    const { browser, callback } = await scanned();
    await inFrame(new Browser(), callback);
    expect(refusalOf(locationOf(await new Browser().visit(callback.href)))).toBe(
      `${WELCOME}?error=STATE_INVALID`,
    );
    expect(locationOf(await browser.visit(callback.href)).searchParams.has('loginCode')).toBe(true);
  });

  test.each(['iframe', 'frame'])('is known by Sec-Fetch-Dest: %s', async (destination) => {
    const { callback } = await scanned();
    const reply = await new Browser().visit(callback.href, { headers: { 'sec-fetch-dest': destination } });
    expectFramePage(reply, SHOP);
  });

  test.each(['document', 'embed', 'object', 'empty', 'IFRAME, document', ''])(
    'is not taken for one where the browser says %j',
    async (destination) => {
      const { browser, callback } = await scanned();
      const reply = await browser.visit(callback.href, { headers: { 'sec-fetch-dest': destination } });
      expect(locationOf(reply).searchParams.has('loginCode')).toBe(true);
    },
  );

  test('without an attempt is the same page', async () => {
    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser), person);
    expectFramePage(await inFrame(browser, callback), SHOP);
    expect(locationOf(await browser.visit(callback.href)).searchParams.has('loginCode')).toBe(true);
  });
});

describe('the callback of a login that a challenge binds, in a frame', () => {
  test('tells the page around it, by its exact origin, and the verifier redeems', async () => {
    const own = pkce();
    const { attempt, callback, frame } = await scannedWith(own);
    const reply = await inFrame(frame, callback);
    expectFramePage(reply, SHOP);
    expect(reply.headers.getSetCookie()).toEqual([]);
    const { location, targetOrigin, message } = resultOf(reply);
    expect(targetOrigin).toBe(SHOP);
    expect(Object.keys(message).sort()).toEqual(['attempt', 'loginCode', 'type']);
    expect(message).toMatchObject({ type: 'wechat-auth:login', attempt: attempt.id });
    expect(location).toBe(`${WELCOME}?loginCode=${message.loginCode ?? ''}`);
    const loginCode = message.loginCode ?? '';
    expect((await world.redeem(new Browser(), loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const redeemed = await world.redeem(new Browser(), loginCode, { codeVerifier: own.verifier });
    expect(redeemed.body.identity).toMatchObject({ appId: WEBSITE, openId: person.openIds[WEBSITE] });
  });

  test('knows the origin of returnTo with its port, and without what follows it', async () => {
    const own = pkce();
    const returnTo = `https://staging.shop.example.com:8443/a/b?c=d#e`;
    const { callback, frame } = await scannedWith(own, { returnTo });
    const reply = await inFrame(frame, callback);
    expectFramePage(reply, 'https://staging.shop.example.com:8443');
    expect(resultOf(reply).targetOrigin).toBe('https://staging.shop.example.com:8443');
  });

  test('without an attempt says so', async () => {
    const own = pkce();
    const qrPage = await world.authorize(new Browser(), { codeChallenge: own.challenge });
    const { message } = resultOf(await inFrame(new Browser(), await world.scanAndAllow(qrPage, person)));
    expect(message).toEqual({ type: 'wechat-auth:login', attempt: null, loginCode: message.loginCode });
    expect(
      (await world.redeem(new Browser(), message.loginCode ?? '', { codeVerifier: own.verifier })).status,
    ).toBe(200);
  });

  test.each([
    ['a script that is ended', '/welcome?q=</script><script>alert(1)</script>'],
    ['a comment that is begun', '/welcome?q=<!--<script>'],
    ['separators of lines', '/welcome?q=\u2028alert(1)\u2029#\u2028'],
    ['quotes', `/welcome?q="';alert(1)//\`\${alert(1)}`],
    ['a hostile fragment', '/welcome#</script><img src=x onerror=alert(1)>'],
    ['a query of its own', '/welcome?loginCode=old&linked=old&error=old&attempt=old&type=old'],
  ])('is not impressed by %s in returnTo', async (_what, path) => {
    const own = pkce();
    const returnTo = new URL(`${SHOP}${path.replace(/\s/gu, encodeURIComponent)}`).href;
    const { attempt, callback, frame } = await scannedWith(own, { returnTo });
    const reply = await inFrame(frame, callback);
    expectFramePage(reply, SHOP);
    const { location, targetOrigin, message } = resultOf(reply);
    expect(targetOrigin).toBe(SHOP);
    expect(message).toEqual({ type: 'wechat-auth:login', attempt: attempt.id, loginCode: message.loginCode });
    expect(message.loginCode).toMatch(/^[0-9a-f]{64}$/);
    const landed = new URL(location);
    expect([landed.origin, landed.pathname, landed.hash]).toEqual([SHOP, '/welcome', new URL(returnTo).hash]);
    expect(landed.searchParams.getAll('loginCode')).toEqual([message.loginCode]);
  });

  test('tells of an error, and the attempt is over', async () => {
    const own = pkce();
    const { attempt, callback, frame } = await scannedWith(own);
    await world.fault(EXCHANGE, { errcode: 40029 });
    const reply = await inFrame(frame, callback);
    expectFramePage(reply, SHOP);
    const result = resultOf(reply);
    const requestId = reply.headers.get('x-request-id');
    expect(result).toEqual({
      location: `${WELCOME}?error=WECHAT_CODE_INVALID&request_id=${requestId ?? ''}`,
      targetOrigin: SHOP,
      message: {
        type: 'wechat-auth:login',
        attempt: attempt.id,
        error: 'WECHAT_CODE_INVALID',
        request_id: requestId,
      },
      report: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await statusOf(attempt)).toEqual({ status: 'pending' });
    await show(result);
    expect(await statusOf(attempt)).toEqual({ status: 'expired' });
  });

  test('tells that the person cancelled', async () => {
    const { attempt, callback, frame } = await scannedWith(pkce());
    callback.searchParams.delete('code');
    const result = resultOf(await inFrame(frame, callback));
    expect(result.message).toEqual({
      type: 'wechat-auth:login',
      attempt: attempt.id,
      error: 'LOGIN_DENIED',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await statusOf(attempt)).toEqual({ status: 'pending' });
    await show(result);
    expect(await statusOf(attempt)).toEqual({ status: 'denied' });
  });

  test('repeated tells the same for 60 s, then nothing; another code is refused at any time', async () => {
    const own = pkce();
    const { callback, frame } = await scannedWith(own);
    const first = resultOf(await inFrame(frame, callback));
    const other = new URL(callback);
    other.searchParams.set('code', 'another');
    const refused = `${WELCOME}?error=STATE_INVALID`;
    await world.pass(55);
    // Each page has a secret of its own to say that it was shown.
    const repeated = resultOf(await inFrame(frame, callback));
    expect({ ...repeated, report: first.report }).toEqual(first);
    expect(repeated.report).not.toBe(first.report);
    expect(locationOf(await frame.visit(callback.href)).href).toBe(first.location);
    const beside = resultOf(await inFrame(frame, other));
    expect([refusalOf(beside.location), beside.report]).toEqual([refused, null]);
    await world.pass(6);
    expect(resultOf(await inFrame(frame, callback)).message.error).toBe('STATE_INVALID');
    expect(refusalOf(resultOf(await inFrame(frame, other)).location)).toBe(refused);
  });

  test('with an unknown state is an error page that may not be framed', async () => {
    const callback = new URL(`${world.url}/v1/web-qr-login/callback?code=x&state=${'a'.repeat(64)}`);
    const reply = await inFrame(new Browser(), callback);
    expect(reply.status).toBe(400);
    expect(policyOf(reply)['frame-ancestors']).toBe("'none'");
    expect(reply.text).toContain('STATE_INVALID');
  });

  test('is a redirect where it is not in a frame', async () => {
    const { callback, frame } = await scannedWith(pkce());
    const reply = await frame.visit(callback.href, { headers: AT_THE_TOP });
    expect(reply.status).toBe(302);
    expect(locationOf(reply).searchParams.has('loginCode')).toBe(true);
  });
});

describe('one attempt gives one session', () => {
  test('whether its loginCode comes by message, by redirect or by its status', async () => {
    const own = pkce();
    const { attempt, callback, frame } = await scannedWith(own);
    const result = resultOf(await inFrame(frame, callback));
    const { message } = result;
    const redirected = locationOf(await frame.visit(callback.href)).searchParams.get('loginCode');
    await show(result);
    expect(await statusOf(attempt)).toEqual({ status: 'confirmed', loginCode: message.loginCode });
    expect(redirected).toBe(message.loginCode);
    const sessions = await world.count('sessions');
    const replies = await Promise.all(
      Array.from({ length: 6 }, () =>
        world.redeem(new Browser(), redirected, { codeVerifier: own.verifier }),
      ),
    );
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    expect(await world.count('sessions')).toBe(sessions + 1);
    expect(await statusOf(attempt)).toEqual({ status: 'confirmed' });
  });

  test('by callbacks in frame and window at once', async () => {
    const { callback, frame } = await scannedWith(pkce());
    const calls = await world.callsOf(EXCHANGE);
    await world.fault(EXCHANGE, { delayMs: 200 });
    const codes = await Promise.all(
      Array.from({ length: 8 }, async (_, index) =>
        index % 2 === 0
          ? resultOf(await inFrame(frame, callback)).message.loginCode
          : locationOf(await frame.visit(callback.href)).searchParams.get('loginCode'),
      ),
    );
    expect(new Set(codes).size).toBe(1);
    expect(await world.callsOf(EXCHANGE)).toBe(calls + 1);
  });

  test('which the surrounding page may redeem before the attempt is updated: then the attempt ends without a loginCode', async () => {
    const own = pkce();
    const { attempt, callback, frame } = await scannedWith(own);
    const result = resultOf(await inFrame(frame, callback));
    const loginCode = result.message.loginCode ?? '';
    expect((await world.redeem(new Browser(), loginCode, { codeVerifier: own.verifier })).status).toBe(200);
    await show(result);
    expect(await statusOf(attempt)).toEqual({ status: 'confirmed' });
  });

  test('never to the client that began it elsewhere: if another person opens the link, only that browser gets the result', async () => {
    const stranger = new Browser();
    const { attempt, callback } = await scanned({ codeChallenge: pkce().challenge }, stranger);
    const victim = new Browser();
    await world.authorize(victim);
    const location = locationOf(await victim.visit(callback.href, { headers: AT_THE_TOP }));
    expect(location.searchParams.has('loginCode')).toBe(true);
    expect((await world.status(stranger, attempt.id)).body).toEqual({ status: 'confirmed' });
    const bySecret = await world.status(new Browser(), attempt.id, { 'x-attempt-secret': attempt.secret });
    expect(bySecret.body).toEqual({ status: 'confirmed' });
  });
});

describe('a page in a frame that was not displayed', () => {
  test('tells the attempt nothing: a foreign page around the code learns no loginCode', async () => {
    const thief = pkce();
    const thiefsBrowser = new Browser();
    const { attempt, callback } = await scanned({ codeChallenge: thief.challenge }, thiefsBrowser);
    // The victim's browser asks, and shows none of the answer on the thief's page.
    await inFrame(new Browser(), callback);
    await inFrame(new Browser(), callback);
    expect(await statusOf(attempt)).toEqual({ status: 'pending' });
    expect((await world.status(thiefsBrowser, attempt.id)).body).toEqual({ status: 'pending' });
    await world.pass(601);
    expect(await statusOf(attempt)).toEqual({ status: 'expired' });
  });

  test('updates the attempt once it is displayed, by a single-use secret that appears nowhere else', async () => {
    const { attempt, callback, frame } = await scannedWith(pkce());
    const reply = await inFrame(frame, callback);
    const result = resultOf(reply);
    expect(JSON.stringify([...reply.headers])).not.toContain(result.report);
    expect(result.location + JSON.stringify(result.message)).not.toContain(result.report);
    expect((await show(result)).status).toBe(204);
    expect(await statusOf(attempt)).toEqual({ status: 'confirmed', loginCode: result.message.loginCode });
    const again = await show(result);
    expect([again.status, again.body.code]).toEqual([404, 'ATTEMPT_UNKNOWN']);
  });

  test.each([
    ['nothing', {}, 400],
    ['a list', { secret: ['a'] }, 400],
    ['a guess', { secret: 'a'.repeat(64) }, 404],
  ])('is not told by %s', async (_what, json, status) => {
    const reply = await call<Problem>(`${world.url}/v1/web-qr-login/framed-callbacks`, { json });
    expect(reply.status).toBe(status);
  });

  test.each(['id', 'secret', 'state'] as const)('is not told by the %s of the attempt', async (what) => {
    const { attempt, callback, frame } = await scannedWith(pkce());
    await inFrame(frame, callback);
    const known = { ...attempt, state: callback.searchParams.get('state') ?? '' };
    const reply = await call(`${world.url}/v1/web-qr-login/framed-callbacks`, {
      json: { secret: known[what] },
    });
    expect(reply.status).toBe(404);
    expect(await statusOf(attempt)).toEqual({ status: 'pending' });
  });

  test('is reported for as long as its loginCode is valid', async () => {
    const { attempt, callback, frame } = await scannedWith(pkce());
    const result = resultOf(await inFrame(frame, callback));
    await world.pass(61);
    expect((await show(result)).status).toBe(404);
    expect(await statusOf(attempt)).toEqual({ status: 'pending' });
  });
});

test('a login inside WeChat needs the top window, whatever binds it: the page that may follow may not be framed', async () => {
  const browser = new WeChatBrowser(world, person);
  const own = pkce();
  const callback = await browser.pass(await browser.authorize({ codeChallenge: own.challenge }));
  const calls = await world.callsOf(EXCHANGE);
  expectFramePage(await inFrame(browser, callback), SHOP);
  expect(await world.callsOf(EXCHANGE)).toBe(calls);
  const location = locationOf(await browser.visit(callback.href, { headers: AT_THE_TOP }));
  expect(location.searchParams.has('consent')).toBe(true);
});

test('the reply of the attempt contains the options of WxLogin.js, which begin the same login as its URL', async () => {
  const attempt = await world.attempt(new Browser(), { method: 'website' });
  const callback = `${world.url}/v1/web-qr-login/callback`;
  const state = new URL(attempt.authorizeUrl ?? '').searchParams.get('state');
  expect(attempt.wxLogin).toEqual({
    appid: WEBSITE,
    scope: 'snsapi_login',
    redirect_uri: encodeURIComponent(callback),
    state,
    self_redirect: true,
    stylelite: 1,
    color_scheme: 'auto',
    allow: 'local-network-access',
    src:
      `${world.sandbox.url}/connect/qrconnect?appid=${WEBSITE}&redirect_uri=${encodeURIComponent(callback)}` +
      `&response_type=code&scope=snsapi_login&state=${state ?? ''}` +
      '&login_type=jssdk&self_redirect=true&stylelite=1&color_scheme=auto',
  });
  expect((await call(String(attempt.wxLogin?.src))).text).toContain('/connect/qrcode/');
});

test('the login page and WeChat-facing redirects stay out of frames of other sites', async () => {
  for (const path of [
    'login',
    `login?returnTo=${encodeURIComponent(WELCOME)}&consent=x`,
    'v1/web-qr-login/authorize',
  ]) {
    const reply = await call(`${world.url}/${path}`, { headers: FRAMED });
    expect(policyOf(reply)['frame-ancestors']).toBe("'none'");
    expect(reply.headers.get('x-frame-options')).toMatch(/^(DENY|SAMEORIGIN)$/);
  }
});
