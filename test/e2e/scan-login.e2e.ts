import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import {
  type AttemptReply,
  type AttemptStatus,
  MINI_PROGRAM,
  type Person,
  type Problem,
  SHOP,
  type TokenReply,
  World,
} from '../harness/world.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const CODE_EXCHANGE = '/sns/jscode2session';

/** A screen that shows a code, and what the code says. */
interface Shown {
  readonly browser: Browser;
  readonly attempt: AttemptReply;
  readonly ticket: string;
}

/** Somebody with the mini program open. */
interface Phone {
  readonly person: Person;
  readonly tokens: TokenReply;
}

type Scan = Reply<AttemptStatus & Problem>;

function expectRefusal(reply: Scan, status: number, code: string): void {
  expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
}

describe('a login by scanning with a mini program', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  async function shown(): Promise<Shown> {
    const browser = new Browser();
    const attempt = await world.attempt(browser, {}, world.url, { 'user-agent': CHROME });
    return { browser, attempt, ticket: await world.ticketOf(attempt) };
  }

  async function phone(): Promise<Phone> {
    const person = await world.person();
    return { person, tokens: await world.miniProgramLogin(person) };
  }

  const open = ({ tokens }: Phone, { ticket }: Shown): Promise<Scan> =>
    world.scan(tokens.accessToken, ticket);
  const confirm = async ({ person, tokens }: Phone, { ticket }: Shown): Promise<Scan> =>
    world.scan(tokens.accessToken, ticket, 'confirm', { code: await world.wxLogin(person) });
  const deny = ({ tokens }: Phone, { ticket }: Shown): Promise<Scan> =>
    world.scan(tokens.accessToken, ticket, 'deny');
  const status = async ({ browser, attempt }: Shown): Promise<AttemptStatus> =>
    (await world.status(browser, attempt.id)).body;

  /** Scanned by somebody who has not decided yet. */
  async function scanned(): Promise<Shown & Phone> {
    const screen = { ...(await shown()), ...(await phone()) };
    expect((await open(screen, screen)).status).toBe(200);
    return screen;
  }

  describe('that is confirmed', () => {
    test('goes from the code on the screen to tokens in its browser, for the user of the mini program', async () => {
      const screen = await shown();
      const someone = await phone();
      expect(await status(screen)).toEqual({ status: 'pending' });

      expect((await open(someone, screen)).body.status).toBe('scanned');
      expect(await status(screen)).toEqual({ status: 'scanned' });

      const confirmed = await confirm(someone, screen);
      expect({ status: confirmed.status, body: confirmed.body }).toEqual({
        status: 200,
        body: { status: 'confirmed' },
      });
      const { loginCode = '', ...rest } = await status(screen);
      expect(rest).toEqual({ status: 'confirmed' });
      expect(loginCode).toMatch(/^[0-9a-f]{64}$/);

      const { status: code, body } = await world.redeem(screen.browser, loginCode);
      expect(code).toBe(200);
      expect(body).toMatchObject({ tokenType: 'Bearer', isNewUser: false });
      expect(body.user.id).toBe(someone.tokens.user.id);
      expect(body.identity).toEqual(someone.tokens.identity);
      expect((await world.verify(body.accessToken)).status).toBe(200);
      expect(await status(screen)).toEqual({ status: 'confirmed' });
    });

    test('opens the session of the screen, not of the phone', async () => {
      const screen = await scanned();
      await confirm(screen, screen);
      const { loginCode = null } = await status(screen);
      const { body } = await world.redeem(screen.browser, loginCode);
      const { body: sessions } = await call<{ items: { current: boolean; device: object }[] }>(
        `${world.url}/v1/users/me/sessions`,
        { token: body.accessToken },
      );
      expect(sessions.items.find(({ current }) => current)?.device).toEqual({
        browser: 'Chrome 142',
        os: expect.stringContaining('Windows'),
      });
    });

    test('tells the person what asks, at each look, before and after the decision', async () => {
      const before = Date.now();
      const screen = await shown();
      const someone = await phone();
      const looks = [await open(someone, screen), await open(someone, screen)];
      await confirm(someone, screen);
      looks.push(await open(someone, screen));
      expect(looks.map(({ body }) => body.status)).toEqual(['scanned', 'scanned', 'confirmed']);
      for (const { body } of looks) {
        const { requestedAt = '', ...names } = body.device ?? {};
        expect(names).toMatchObject({ browser: 'Chrome 142', ip: '127.0.0.1' });
        expect(names.os).toContain('Windows');
        expect(Date.parse(requestedAt ?? '')).toBeGreaterThanOrEqual(before);
        expect(Date.parse(requestedAt ?? '')).toBeLessThanOrEqual(world.clock.now());
      }
      for (const { body } of looks) {
        expect(Object.keys(body).sort()).toEqual(['device', 'site', 'status']);
        expect(body.site).toEqual({ host: new URL(SHOP).host, name: 'wechat-auth' });
      }
      expect(looks[0]?.text).not.toContain('loginCode');
    });

    test('omits the device of a screen without a User-Agent, and accepts a User-Agent that is too long', async () => {
      const someone = await phone();
      for (const [userAgent, browser] of [
        ['', null],
        ['x'.repeat(12_000), null],
        [`${CHROME} ${'x'.repeat(12_000)}`, 'Chrome 142'],
        // The User-Agent of a client is not shown as a name.
        ['Your account is in danger: tap confirm/1 x', null],
      ] as const) {
        const attempt = await world.attempt(new Browser(), {}, world.url, { 'user-agent': userAgent });
        const reply = await world.scan(someone.tokens.accessToken, await world.ticketOf(attempt));
        expect(reply.status).toBe(200);
        expect(reply.body.device?.browser).toBe(browser);
      }
    });

    test('twice stays confirmed with the same loginCode, each time with a fresh code', async () => {
      const screen = await scanned();
      expect((await confirm(screen, screen)).body).toEqual({ status: 'confirmed' });
      const first = await status(screen);
      expect((await confirm(screen, screen)).body).toEqual({ status: 'confirmed' });
      expect(await status(screen)).toEqual(first);
      await world.redeem(screen.browser, first.loginCode ?? null);
      expect((await confirm(screen, screen)).body).toEqual({ status: 'confirmed' });
      expect(await status(screen)).toEqual({ status: 'confirmed' });
    });

    test('twenty times at once opens one session', async () => {
      const screen = await scanned();
      const sessions = await world.count('sessions');
      const codes = await Promise.all(Array.from({ length: 20 }, () => world.wxLogin(screen.person)));
      const replies = await Promise.all(
        codes.map((code) => world.scan(screen.tokens.accessToken, screen.ticket, 'confirm', { code })),
      );
      expect(replies.map(({ body }) => body)).toEqual(codes.map(() => ({ status: 'confirmed' })));
      const { loginCode = null } = await status(screen);
      const redeemed = await Promise.all(
        Array.from({ length: 10 }, () => world.redeem(screen.browser, loginCode)),
      );
      expect(redeemed.filter((reply) => reply.status === 200)).toHaveLength(1);
      expect(redeemed.filter((reply) => reply.body.code === 'LOGIN_CODE_INVALID')).toHaveLength(9);
      expect(await world.count('sessions')).toBe(sessions + 1);
      expect(await status(screen)).toEqual({ status: 'confirmed' });
    });
  });

  describe('that is refused', () => {
    test('is denied for its browser, and stays so when it is refused again', async () => {
      const screen = await scanned();
      for (let time = 0; time < 2; time++) {
        const reply = await deny(screen, screen);
        expect({ status: reply.status, body: reply.body }).toEqual({
          status: 200,
          body: { status: 'denied' },
        });
        expect(await status(screen)).toEqual({ status: 'denied' });
      }
      expect((await open(screen, screen)).body.status).toBe('denied');
    });

    test('cannot be confirmed afterwards, nor a confirmed one refused', async () => {
      const refused = await scanned();
      await deny(refused, refused);
      const calls = await world.callsOf(CODE_EXCHANGE);
      expectRefusal(await confirm(refused, refused), 409, 'SCAN_DECIDED');
      expect(await world.callsOf(CODE_EXCHANGE)).toBe(calls);
      expect(await status(refused)).toEqual({ status: 'denied' });

      const confirmed = await scanned();
      await confirm(confirmed, confirmed);
      expectRefusal(await deny(confirmed, confirmed), 409, 'SCAN_DECIDED');
      expect((await status(confirmed)).status).toBe('confirmed');
    });

    test('and confirmed at once ends as one of the two says, for everybody', async () => {
      for (let round = 0; round < 5; round++) {
        const screen = await scanned();
        const code = await world.wxLogin(screen.person);
        const [yes, no] = await Promise.all([
          world.scan(screen.tokens.accessToken, screen.ticket, 'confirm', { code }),
          deny(screen, screen),
        ]);
        const [won, lost] = yes.status === 200 ? [yes, no] : [no, yes];
        expect(won.status).toBe(200);
        expectRefusal(lost, 409, 'SCAN_DECIDED');
        expect((await status(screen)).status).toBe(won.body.status);
      }
    });
  });

  describe('by several people', () => {
    test('belongs to the person who scanned first', async () => {
      const screen = await scanned();
      const stranger = await phone();
      expectRefusal(await open(stranger, screen), 409, 'SCAN_TAKEN');
      expectRefusal(await confirm(stranger, screen), 409, 'SCAN_TAKEN');
      expectRefusal(await deny(stranger, screen), 409, 'SCAN_TAKEN');
      expect(await status(screen)).toEqual({ status: 'scanned' });
      expect((await confirm(screen, screen)).status).toBe(200);
      expectRefusal(await open(stranger, screen), 409, 'SCAN_TAKEN');
    });

    test('at once belongs to one of them', async () => {
      const screen = await shown();
      const people = await Promise.all(Array.from({ length: 5 }, phone));
      const replies = await Promise.all(people.map((someone) => open(someone, screen)));
      expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
      expect(replies.filter((reply) => reply.body.code === 'SCAN_TAKEN')).toHaveLength(4);
      const winner = people[replies.findIndex((reply) => reply.status === 200)];
      if (!winner) throw new Error('nobody has it');
      await confirm(winner, screen);
      const { loginCode = null } = await status(screen);
      expect((await world.redeem(screen.browser, loginCode)).body.user.id).toBe(winner.tokens.user.id);
    });
  });

  describe('by time', () => {
    test('expires after 5 minutes for the browser, its picture and the phone', async () => {
      const [early, late] = [await shown(), await shown()];
      const someone = await phone();
      expect(Date.parse(early.attempt.expiresAt) - world.clock.now()).toBeGreaterThan(4.9 * 60_000);
      await world.pass(295);
      expect((await open(someone, early)).status).toBe(200);
      await world.pass(6);
      expect(await status(late)).toEqual({ status: 'expired' });
      expectRefusal(await open(someone, late), 404, 'SCAN_UNKNOWN');
      const picture = await call<Problem>(late.attempt.qrImageUrl ?? '');
      expect({ status: picture.status, code: picture.body.code }).toEqual({
        status: 404,
        code: 'ATTEMPT_UNKNOWN',
      });
      // After a late scan the person has a minute to decide.
      expect(await status(early)).toEqual({ status: 'scanned' });
      await world.pass(50);
      expect((await confirm(someone, early)).status).toBe(200);
      expect((await status(early)).status).toBe('confirmed');
    });

    test('a minute after a late scan it is over, and no code is spent for it', async () => {
      const screen = await shown();
      const someone = await phone();
      await world.pass(290);
      await open(someone, screen);
      await world.pass(61);
      expect(await status(screen)).toEqual({ status: 'expired' });
      const calls = await world.callsOf(CODE_EXCHANGE);
      expectRefusal(await confirm(someone, screen), 404, 'SCAN_UNKNOWN');
      expectRefusal(await deny(someone, screen), 404, 'SCAN_UNKNOWN');
      expect(await world.callsOf(CODE_EXCHANGE)).toBe(calls);
    });

    test('the loginCode lives a minute; then the attempt is expired', async () => {
      const [early, late] = [await scanned(), await scanned()];
      await confirm(early, early);
      await confirm(late, late);
      const codes = [(await status(early)).loginCode ?? null, (await status(late)).loginCode ?? null];
      await world.pass(55);
      expect((await world.redeem(early.browser, codes[0] ?? null)).status).toBe(200);
      await world.pass(6);
      expect(await status(late)).toEqual({ status: 'expired' });
      expect((await world.redeem(late.browser, codes[1] ?? null)).body.code).toBe('LOGIN_CODE_INVALID');
      expect(await status(early)).toEqual({ status: 'confirmed' });
    });

    test('is forgotten some time after its end', async () => {
      const screen = await shown();
      await world.pass(5 * 60 + 9 * 60);
      expect(await status(screen)).toEqual({ status: 'expired' });
      await world.pass(2 * 60);
      expect(await status(screen)).toMatchObject({ code: 'ATTEMPT_UNKNOWN', status: 404 });
    });
  });

  describe('without the right person', () => {
    test('cannot be decided before it was scanned, and no code is spent for that', async () => {
      const screen = await shown();
      const someone = await phone();
      const code = await world.wxLogin(someone.person);
      const calls = await world.callsOf(CODE_EXCHANGE);
      const early = await world.scan(someone.tokens.accessToken, screen.ticket, 'confirm', { code });
      expectRefusal(early, 409, 'SCAN_REQUIRED');
      expectRefusal(await deny(someone, screen), 409, 'SCAN_REQUIRED');
      expect(await world.callsOf(CODE_EXCHANGE)).toBe(calls);
      await open(someone, screen);
      const later = await world.scan(someone.tokens.accessToken, screen.ticket, 'confirm', { code });
      expect(later.status).toBe(200);
    });

    test('a stolen access token confirms nothing', async () => {
      const screen = await scanned();
      const thief = await phone();
      const nobody = await world.person();
      const used = await world.wxLogin(screen.person);
      await world.loginWith(used);
      const [users, sessions] = [await world.count('users'), await world.count('sessions')];
      for (const [json, status, code] of [
        [{}, 400, 'VALIDATION_FAILED'],
        [{ code: '' }, 400, 'VALIDATION_FAILED'],
        [{ code: ['a'] }, 400, 'VALIDATION_FAILED'],
        [{ code: 'made-up' }, 401, 'WECHAT_CODE_INVALID'],
        [{ code: used }, 401, 'WECHAT_CODE_USED'],
        [{ code: await world.wxLogin(thief.person) }, 401, 'TOKEN_CODE_MISMATCH'],
        [{ code: await world.wxLogin(nobody) }, 401, 'TOKEN_CODE_MISMATCH'],
      ] as const) {
        const reply = await world.scan(screen.tokens.accessToken, screen.ticket, 'confirm', json);
        expectRefusal(reply, status, code);
      }
      expect(await status(screen)).toEqual({ status: 'scanned' });
      expect([await world.count('users'), await world.count('sessions')]).toEqual([users, sessions]);
    });

    test("a session of a website scans, confirms and refuses nothing, also the same person's", async () => {
      const person = await world.person();
      const { accessToken } = await world.websiteLogin(person);
      const { ticket } = await shown();
      const code = await world.wxLogin(person);
      for (const step of ['open', 'confirm', 'deny'] as const) {
        expectRefusal(
          await world.scan(accessToken, ticket, step, { code }),
          403,
          'MINI_PROGRAM_SESSION_REQUIRED',
        );
      }
      expect((await world.loginWith(code)).status).toBe(200);
    });

    test('refuses a request without a token, or with one whose session has ended', async () => {
      const screen = await scanned();
      const path = `${world.url}/v1/mini-program/scans/${screen.ticket}`;
      for (const step of ['', '/confirm', '/deny']) {
        expect((await call(`${path}${step}`, { json: { code: 'a' } })).body).toMatchObject({
          code: 'TOKEN_MISSING',
        });
      }
      await call(`${world.url}/v1/auth/logout`, { token: screen.tokens.accessToken, json: {} });
      expectRefusal(await open(screen, screen), 401, 'SESSION_ENDED');
      expectRefusal(await confirm(screen, screen), 401, 'SESSION_ENDED');
    });

    test.each([
      ['unknown', 'a'.repeat(32)],
      ['too short', 'a'.repeat(31)],
      ['too long', 'a'.repeat(33)],
      ['very long', 'a'.repeat(4_000)],
      ['of other letters', encodeURIComponent('微'.repeat(32))],
      ['broken', '%E5%BE'],
      ['a path', '..%2f..%2fusers%2fme'],
    ])('a ticket that is %s is refused', async (_what, ticket) => {
      const { tokens } = await phone();
      const reply = await world.scan(tokens.accessToken, ticket);
      expect([400, 404, 414]).toContain(reply.status);
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    });
  });
});

describe('of two mini programs', () => {
  const OTHER = 'wx5a4db0c0de000009';
  const APPS = [
    { appId: MINI_PROGRAM, secret: '5a4db0c0de0000000000000000000001' },
    { appId: OTHER, secret: '5a4db0c0de0000000000000000000009' },
  ];
  let world: World;
  beforeAll(async () => {
    const environment = {
      WECHAT_MINI_PROGRAMS: APPS.map(({ appId, secret }) => `${appId}:${secret}`).join(','),
    };
    world = await World.start(environment, 1, { apps: { miniPrograms: APPS } });
  });
  afterAll(() => world.stop());

  test('each confirms what its own code shows, and does not take what the other one shows', async () => {
    const person = await world.person();
    const tokens = {
      [MINI_PROGRAM]: (await world.miniProgramLogin(person)).accessToken,
      [OTHER]: (await world.loginWith(await world.wxLogin(person, OTHER), { appId: OTHER })).body.accessToken,
    };
    for (const [appId, foreign] of [
      [OTHER, MINI_PROGRAM],
      [MINI_PROGRAM, OTHER],
    ] as const) {
      const browser = new Browser();
      const attempt = await world.attempt(browser, { appId });
      const ticket = await world.ticketOf(attempt);
      expectRefusal(await world.scan(tokens[foreign], ticket), 404, 'SCAN_UNKNOWN');
      expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'pending' });

      expect((await world.scan(tokens[appId], ticket)).status).toBe(200);
      const wrong = await world.scan(tokens[appId], ticket, 'confirm', {
        code: await world.wxLogin(person, foreign),
      });
      expectRefusal(wrong, 401, 'WECHAT_CODE_INVALID');
      await world.scan(tokens[appId], ticket, 'confirm', { code: await world.wxLogin(person, appId) });
      const { loginCode = null } = (await world.status(browser, attempt.id)).body;
      expect((await world.redeem(browser, loginCode)).body.identity.appId).toBe(appId);
    }
  });
});

describe('the picture of a code', () => {
  const MAKE = '/wxa/getwxacodeunlimit';
  let world: World;
  beforeAll(async () => {
    world = await World.start({ WECHAT_SCAN_PAGE: 'pages/scan/scan@trial' });
  });
  afterAll(() => world.stop());

  const codes = async () => (await world.control<{ codes: Record<string, string>[] }>('wxacodes')).codes;

  async function pictureUrl(): Promise<string> {
    return (await world.attempt(new Browser())).qrImageUrl ?? '';
  }

  test('is made at WeChat when it is fetched, and once', async () => {
    const before = await world.callsOf(MAKE);
    const url = await pictureUrl();
    expect(await world.callsOf(MAKE)).toBe(before);
    const pictures = [];
    for (let fetched = 0; fetched < 3; fetched++) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      expect(response.headers.get('cache-control')).toBe('private, max-age=60');
      expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(response.headers.get('set-cookie')).toBeNull();
      pictures.push(Buffer.from(await response.arrayBuffer()));
    }
    expect(pictures[0]?.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect(pictures[1]).toEqual(pictures[0]);
    expect(pictures[2]).toEqual(pictures[0]);
    expect(await world.callsOf(MAKE)).toBe(before + 1);
  });

  test('fetched ten times at once is made once', async () => {
    const before = await world.callsOf(MAKE);
    const url = await pictureUrl();
    await world.fault(MAKE, { delayMs: 200 });
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(url)));
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 200));
    expect(await world.callsOf(MAKE)).toBe(before + 1);
  });

  test('opens the page of WECHAT_SCAN_PAGE with a ticket that no browser receives', async () => {
    const browser = new Browser();
    const attempt = await world.attempt(browser);
    const scene = await world.ticketOf(attempt);
    expect((await codes())[0]).toMatchObject({
      appId: MINI_PROGRAM,
      page: 'pages/scan/scan',
      envVersion: 'trial',
      scene,
    });
    expect(scene).toMatch(/^[0-9A-Za-z_-]{32}$/);
    expect(new Set([scene, attempt.id, attempt.secret, attempt.qrImageUrl]).size).toBe(4);
    const told = [JSON.stringify(attempt), (await world.status(browser, attempt.id)).text];
    for (const text of told) expect(text).not.toContain(scene);
    // The ticket in the QR code grants nothing that the browser's secrets grant, and vice versa.
    expect((await world.status(browser, scene)).status).toBe(404);
    expect((await world.status(new Browser(), attempt.id, { 'x-attempt-secret': scene })).status).toBe(404);
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const key = attempt.qrImageUrl?.split('/').at(-1) ?? '';
    for (const other of [attempt.id, attempt.secret, key]) {
      expect((await world.scan(accessToken, other)).status).toBe(404);
    }
    expect(world.log()).not.toContain(scene);
    expect(world.log()).not.toContain(attempt.id);
  });

  test('of every attempt shows another ticket', async () => {
    await Promise.all(Array.from({ length: 20 }, async () => call(await pictureUrl())));
    const scenes = (await codes()).map(({ scene }) => scene);
    expect(new Set(scenes).size).toBe(scenes.length);
  });

  test.each([
    ['41030, a page that is not published', { errcode: 41030 }, 500, 'WECHAT_CONFIGURATION'],
    ['48001, an app without the right', { errcode: 48001 }, 500, 'WECHAT_CONFIGURATION'],
    ['40097, a fault of ours', { errcode: 40097 }, 502, 'WECHAT_ERROR'],
    ['what is no picture', { status: 200, body: '<html>' }, 502, 'WECHAT_BAD_REPLY'],
    ['JSON without an errcode', { status: 200, body: '{}' }, 502, 'WECHAT_BAD_REPLY'],
    ['a broken connection', { reset: true }, 503, 'WECHAT_UNAVAILABLE'],
  ])(
    'for which WeChat answers %s is a typed error, and is made at the next fetch',
    async (_what, fault, status, code) => {
      const url = await pictureUrl();
      await world.fault(MAKE, fault);
      const reply = await call<Problem>(url);
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
      expect(reply.headers.get('cache-control')).toBe('no-store');
      expect((await call(url)).status).toBe(200);
    },
  );

  test('is not asked for again while the minute of WeChat is used up, and then again', async () => {
    const [first, second] = [await pictureUrl(), await pictureUrl()];
    await world.fault(MAKE, { errcode: 45009 });
    const refused = await call<Problem>(first);
    expect(refused.body).toMatchObject({ status: 429, code: 'WECHAT_RATE_LIMITED' });
    const calls = await world.callsOf(MAKE);
    const stopped = await call<Problem>(second);
    expect(stopped.body).toMatchObject({ status: 429, code: 'WECHAT_RATE_LIMITED' });
    for (const { headers } of [refused, stopped]) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
    expect(await world.callsOf(MAKE)).toBe(calls);
    await world.pass(61);
    expect((await call(second)).status).toBe(200);
  });

  test.each([
    ['unknown', 'f'.repeat(64)],
    ['malformed', 'F'.repeat(64)],
    ['long', 'f'.repeat(65)],
    ['of other letters', encodeURIComponent('微信')],
  ])('whose key is %s is not there', async (_what, key) => {
    const reply = await call<Problem>(`${world.url}/v1/web-qr-login/qr-codes/${key}`);
    expect(reply.status).toBe(404);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test('opens the home page of the published version where WECHAT_SCAN_PAGE says nothing', async () => {
    const plain = await World.start();
    await plain.ticketOf(await plain.attempt(new Browser()));
    const { codes: made } = await plain.control<{ codes: object[] }>('wxacodes');
    expect(made[0]).toMatchObject({ page: '', envVersion: 'release' });
    await plain.control('settings', { publishedPages: ['pages/index'] });
    await plain.stop();
    const wrong = await World.start({ WECHAT_SCAN_PAGE: 'pages/gone' });
    await wrong.control('settings', { publishedPages: ['pages/index'] });
    const attempt = await wrong.attempt(new Browser());
    const reply = await call<Problem>(attempt.qrImageUrl ?? '');
    expect(reply.body.code).toBe('WECHAT_CONFIGURATION');
    expect(reply.body.detail).not.toContain('WECHAT_SCAN_PAGE');
    expect(wrong.log()).toContain('WECHAT_SCAN_PAGE');
    await wrong.stop();
  });
});
