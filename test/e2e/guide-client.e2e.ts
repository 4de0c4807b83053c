import { createHash, randomBytes } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { type MiniProgram, Phone } from '../harness/mini-program.js';
import { blockOf, filesOf } from '../harness/printed-code.js';
import { type AttemptReply, type Person, SHOP, World } from '../harness/world.js';

interface User {
  readonly id: string;
  readonly nickname: string | null;
}

/** What `auth.js` exports. */
interface Client {
  readonly login: () => Promise<{ user: User; isNewUser: boolean }>;
  readonly logout: () => Promise<void>;
  readonly leave: () => Promise<void>;
  readonly request: (options: { url: string }) => Promise<{ statusCode: number; data: unknown }>;
}

const LOGIN = '/v1/mini-program/login';
const REFRESH = '/v1/auth/refresh';
const ME = '/v1/users/me';
const LOGGED_OUT = { code: 'LOGGED_OUT' };
const MINI_PROGRAM_PAGE = 'docs/guide/mini-program-plain.md';
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

describe("the guide's code for mini programs without a package", () => {
  let world: World;
  let person: Person;
  let phone: Phone;
  let program: MiniProgram;
  let auth: Client;
  const files = filesOf(MINI_PROGRAM_PAGE);

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    person = await world.person();
    const hosts = { 'https://auth.example.com': world.url, 'https://api.example.com': world.url };
    phone = new Phone(world, person, hosts, files);
    await restart();
  });

  async function restart(): Promise<void> {
    program = phone.start();
    auth = await program.exportsOf<Client>('auth.js');
  }
  async function me(): Promise<User> {
    const { statusCode, data } = await auth.request({ url: `https://auth.example.com${ME}` });
    expect(statusCode).toBe(200);
    return data as User;
  }
  const logins = () => ({ wx: phone.wxLogins, login: phone.callsOf(LOGIN), refresh: phone.callsOf(REFRESH) });
  const isKept = () => phone.storage.has('tokens');
  const liveSessionsOf = (id: string) =>
    world.count(
      `sessions JOIN wechat_identities ON wechat_identities.id = sessions.identity_id WHERE user_id = '${id}' AND revoked_at IS NULL`,
    );
  const usersOf = (id: string) => world.count(`users WHERE id = '${id}'`);

  describe('auth.js', () => {
    test('logs in once for three callers, and the next start needs no login', async () => {
      const users = await Promise.all([me(), me(), me()]);
      expect(new Set(users.map(({ id }) => id)).size).toBe(1);
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
      await restart();
      expect(await me()).toEqual(users[0]);
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    });

    test('joins login calls to each other and to the silent login', async () => {
      const [one, other] = await Promise.all([auth.login(), auth.login(), me()]);
      expect(one.user.id).toBe(other.user.id);
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    });

    test('refreshes once for three callers whose token has expired, and replays each once', async () => {
      const user = await me();
      await world.pass(16 * 60);
      const before = phone.callsOf(ME);
      expect((await Promise.all([me(), me(), me()])).map(({ id }) => id)).toEqual([
        user.id,
        user.id,
        user.id,
      ]);
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
      expect(phone.callsOf(ME) - before).toBe(6);
      // The new refresh token is the one that is kept.
      await world.pass(16 * 60);
      await restart();
      await me();
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 2 });
    });

    test('logs in once for three callers whose session has ended', async () => {
      const user = await me();
      await world.pass(31 * 24 * 3600);
      expect((await Promise.all([me(), me(), me()])).map(({ id }) => id)).toEqual([
        user.id,
        user.id,
        user.id,
      ]);
      expect(logins()).toEqual({ wx: 2, login: 2, refresh: 1 });
    });

    test('tries once more with a fresh code where WeChat refuses one', async () => {
      await world.fault('/sns/jscode2session', { errcode: 40029, errmsg: 'invalid code' });
      await me();
      expect(logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
      const codes = phone.sent.filter(({ path }) => path === LOGIN).map(({ data }) => JSON.stringify(data));
      expect(new Set(codes).size).toBe(2);
    });

    test('keeps the session through a failed refresh', async () => {
      await me();
      await world.pass(16 * 60);
      phone.lost = 'call';
      await expect(me()).rejects.toEqual({ errMsg: 'request:fail' });
      phone.lost = 'nothing';
      await me();
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    });

    test.each(['throws', 'loses'] as const)('works in memory where storage %s', async (state) => {
      phone.storageState = state;
      await restart();
      const user = await me();
      await world.pass(16 * 60);
      expect(await Promise.all([me(), me()])).toEqual([user, user]);
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
      await auth.logout();
      await expect(me()).rejects.toEqual(LOGGED_OUT);
    });

    test('leaves no spent token in a storage that loses what it is given', async () => {
      await me();
      phone.storageState = 'loses';
      await world.pass(16 * 60);
      await me();
      expect(isKept()).toBe(false);
    });

    test('logs in anew where storage holds what is no token', async () => {
      phone.storage.set('tokens', {});
      await restart();
      await me();
      expect(logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    });

    test('logs out here and at the service, until login is called', async () => {
      const user = await me();
      const { accessToken } = phone.storage.get('tokens') as { accessToken: string };
      await auth.logout();
      expect(isKept()).toBe(false);
      expect((await world.verify(accessToken)).status).toBe(401);
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      await restart();
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      expect(phone.wxLogins).toBe(1);

      expect((await auth.login()).user.id).toBe(user.id);
      await restart();
      await me();
      expect(logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
    });

    test('forgets what a login or a refresh under way brings after the logout', async () => {
      const asked = me();
      await Promise.all([auth.logout(), asked.catch(() => null)]);
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      expect(isKept()).toBe(false);

      const { user } = await auth.login();
      await world.pass(16 * 60);
      const expired = me().catch((error: unknown) => error);
      while (phone.callsOf(REFRESH) === 0) await new Promise((next) => setImmediate(next));
      await auth.logout();
      expect(await expired).toEqual(LOGGED_OUT);
      expect(isKept()).toBe(false);
      expect(await liveSessionsOf(user.id)).toBe(0);
    });

    test('leaves, however old the login is, and nothing makes a new account before login is called', async () => {
      const user = await me();
      await world.pass(11 * 60);
      await auth.leave();
      expect(await usersOf(user.id)).toBe(0);
      expect(isKept()).toBe(false);
      const { wx } = logins();
      await expect(Promise.all([me(), me()])).rejects.toEqual(LOGGED_OUT);
      await restart();
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      expect(logins().wx).toBe(wx);

      const again = await auth.login();
      expect(again).toMatchObject({ isNewUser: true });
      expect(again.user.id).not.toBe(user.id);
    });

    test('forgets the tokens, too, where the answer to leaving is lost, and leaving can be repeated', async () => {
      const user = await me();
      await auth.login();
      const leaving = auth.leave();
      while (phone.sent.at(-1)?.path !== LOGIN || phone.callsOf(LOGIN) < 3) {
        await new Promise((next) => setImmediate(next));
      }
      phone.lost = 'answer';
      await expect(leaving).rejects.toEqual({ errMsg: 'request:fail' });
      phone.lost = 'nothing';
      expect(isKept()).toBe(false);
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      await auth.leave();
      expect(await usersOf(user.id)).toBe(0);
      expect(
        await world.count(`wechat_identities WHERE open_id = '${Object.values(person.openIds)[0]}'`),
      ).toBe(0);
    });
  });

  describe('its pages', () => {
    test('show data of wechat-auth and of another service, and log out, in and leave', async () => {
      const page = await program.open('pages/me/me');
      expect(page.data.me).toMatchObject({ nickname: null });
      expect(phone.sent.at(-1)?.path).toBe('/orders');
      await page.call('onLogOut');
      await expect(me()).rejects.toEqual(LOGGED_OUT);
      await page.call('onLogIn');
      const { id } = await me();
      await page.call('onLeave');
      expect(await usersOf(id)).toBe(0);
    });

    test('take nickname, picture, phone number and steps', async () => {
      const page = await program.open('pages/profile/profile');
      await page.call('onNickname', { detail: { value: { nickname: '小红 🌸' } } });
      expect(page.data.me).toMatchObject({ nickname: '小红 🌸' });
      await page.call('onAvatar', {
        detail: { avatarUrl: `${world.sandbox.url}/mmopen/vi_32/xiaoming-1/0` },
      });
      expect(page.data.me).toMatchObject({ avatarUrl: expect.stringContaining('/avatars/') });
      const code = await world.control<{ code: string }>('phone-code', { person: person.id });
      await page.call('onPhone', { detail: code });
      expect(page.data.me).toMatchObject({ phoneNumber: expect.stringMatching(/^\+/) });

      expect(await page.call('steps')).toEqual([{ timestamp: 1, step: 4321 }]);
      // A key that the service does not have: wx.login was called, and its code never came.
      await world.pass(11 * 60);
      await world.wxLogin(person);
      const before = logins().login;
      expect(await page.call('steps')).toEqual([{ timestamp: 1, step: 4321 }]);
      expect(logins().login).toBe(before + 1);
    });
  });

  describe('its scan page', () => {
    interface Screen {
      readonly browser: Browser;
      readonly attempt: AttemptReply;
      readonly scene: string;
    }
    async function screen(): Promise<Screen> {
      const browser = new Browser();
      const attempt = await world.attempt(browser, {}, world.url, { 'user-agent': CHROME });
      return { browser, attempt, scene: encodeURIComponent(await world.ticketOf(attempt)) };
    }
    const statusOf = async ({ browser, attempt }: Screen) => (await world.status(browser, attempt.id)).body;
    const open = (scene: string) => program.open('pages/scan/scan', { scene });

    test('shows which site and device ask, and lets the person in there with a fresh code', async () => {
      const shown = await screen();
      const page = await open(shown.scene);
      expect(page.text).toContain(`wechat-auth at ${new URL(SHOP).host}`);
      expect(page.text).toMatch(/Chrome 142 · Windows[^·]* · 127\.0\.0\.1 · \d/);
      expect(await statusOf(shown)).toEqual({ status: 'scanned' });
      expect(phone.wxLogins).toBe(1);

      await page.tap('Log in');
      expect(phone.wxLogins).toBe(2);
      expect(page.text).toBe('You are logged in on the other screen.');
      expect(page.buttons).toEqual([]);
      const { loginCode = null } = await statusOf(shown);
      expect((await world.redeem(shown.browser, loginCode)).body.user.id).toBe((await me()).id);
    });

    test('confirms once at a double tap, and with a token that has expired', async () => {
      await me();
      await world.pass(14 * 60);
      const shown = await screen();
      const page = await open(shown.scene);
      await world.pass(90);
      await Promise.all([page.tap('Log in'), page.tap('Log in')]);
      expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
      expect(logins()).toEqual({ wx: 2, login: 1, refresh: 1 });
    });

    test('refuses', async () => {
      const shown = await screen();
      const page = await open(shown.scene);
      await page.tap('This wasn’t me');
      expect(page.text).toBe('You refused this login.');
      expect(await statusOf(shown)).toEqual({ status: 'denied' });
      expect(phone.wxLogins).toBe(1);
    });

    test('says in words what is wrong with the code', async () => {
      expect((await open('nobody')).text).toContain('This code has expired.');
      expect((await program.open('pages/scan/scan')).text).not.toBe('');

      const taken = await screen();
      const other = await world.miniProgramLogin(await world.person());
      await world.scan(other.accessToken, taken.scene);
      await restart();
      expect((await open(taken.scene)).text).toContain('Someone else has scanned this code.');

      const decided = await screen();
      await restart();
      const page = await open(decided.scene);
      const { accessToken } = phone.storage.get('tokens') as { accessToken: string };
      await world.scan(accessToken, decided.scene, 'deny');
      await page.tap('Log in');
      expect(page.text).toContain('This login has already been handled.');
      expect(page.buttons).toEqual([]);
    });

    test('says that there was no answer, and tries again', async () => {
      const shown = await screen();
      const page = await open(shown.scene);
      phone.lost = 'call';
      await page.tap('Log in');
      expect(page.text).toBe('Something went wrong. Try again');
      expect(page.buttons).toEqual(['Try again']);
      phone.lost = 'nothing';
      await page.tap('Try again');
      await page.tap('Log in');
      expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
    });

    test('sends a code that was refused to the service no second time', async () => {
      const page = await open((await screen()).scene);
      await world.fault('/sns/jscode2session', { errcode: 40029, errmsg: 'invalid code' });
      await page.tap('Log in');
      expect(page.data.error).toBe('WECHAT_CODE_INVALID');
      expect(phone.sent.filter(({ path }) => path.endsWith('/confirm'))).toHaveLength(1);
      expect(logins()).toEqual({ wx: 2, login: 1, refresh: 0 });
    });

    test('asks a user who has logged out to log in first', async () => {
      await me();
      await auth.logout();
      const shown = await screen();
      const page = await open(shown.scene);
      expect(page.text).toContain('You are logged out in this mini program.');
      expect(phone.wxLogins).toBe(1);
      await page.tap('Log in here');
      await page.tap('Log in');
      expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
    });

    test('lets no forged code lead to another route', async () => {
      for (const scene of ['../session-key/reset?', '..%2Fsession-key%2Freset%3F', '%', '../../users/me#']) {
        await restart();
        expect((await open(scene)).text).not.toBe('');
      }
      const paths = phone.sent.map(({ path }) => path).filter((path) => path !== LOGIN);
      expect(paths.every((path) => /^\/v1\/mini-program\/scans\/[^/]+$/.test(path))).toBe(true);
    });
  });
});

// That the code is the same in both languages is a check: scripts/translations.mjs.
describe('the page about mini programs without a package', () => {
  test.each(['.md', '.zh-CN.md'])('prints the same files in %s', (ending) => {
    expect([...filesOf(MINI_PROGRAM_PAGE.replace('.md', ending)).keys()]).toEqual([
      'auth.js',
      'pages/me/me.js',
      'pages/profile/profile.js',
      'pages/scan/scan.js',
      'pages/scan/scan.wxml',
    ]);
  });
});

describe('the code on the front page', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test.each(['README.md', 'README.zh-CN.md'])(
    'of %s logs a mini program in without a package',
    async (page) => {
      const code = blockOf(page, 'wx.login(');
      const hosts = { 'https://auth.example.com': world.url };
      const phone = new Phone(world, await world.person(), hosts, new Map([['app.js', code]]));
      await phone.start().exportsOf('app.js');
      while (!phone.storage.has('tokens')) await new Promise((next) => setImmediate(next));
      const { accessToken } = phone.storage.get('tokens') as { accessToken: string };
      expect((await world.verify(accessToken)).status).toBe(200);
    },
  );
});

describe("the guide's code for a website's back end without a package", () => {
  interface Request {
    readonly session: Record<string, unknown>;
    readonly query: Record<string, string>;
  }
  type Handler = (request: Request, response: object) => unknown;

  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  /** As much of Express as the code uses. @returns the routes of the code by path */
  function routes(): Map<string, Handler> {
    const code = blockOf('docs/guide/website.md', 'app.get(');
    const handlers = new Map<string, Handler>();
    const app = { get: (path: string, handler: Handler) => handlers.set(path, handler) };
    runInNewContext(code, { app, AUTH: world.url, URLSearchParams, fetch, createHash, randomBytes });
    return handlers;
  }
  /** Calls a route, as the browser that has this session. @returns the status, and the address or the text */
  async function get(
    path: string,
    session: Request['session'],
    query: Request['query'] = {},
  ): Promise<{ status: number; body: string }> {
    const reply = { status: 200, body: '' };
    const response = {
      redirect: (to: string) => Object.assign(reply, { status: 302, body: to }),
      status: (status: number) =>
        Object.assign(response, { send: (body: string) => Object.assign(reply, { status, body }) }),
    };
    await routes().get(path)?.({ session, query }, response);
    return reply;
  }

  test('logs a person in, keeps the user in the session and shows no token to the browser', async () => {
    const session: Request['session'] = {};
    const person = await world.person();
    const browser = new Browser();
    const start = await get('/login', session);
    const qrPage = locationOf(await browser.visit(start.body));
    const callback = await world.scanAndAllow(qrPage, person);
    const back = locationOf(await browser.visit(callback.href));
    expect(back.href).toMatch(/^https:\/\/shop\.example\.com\/back\?loginCode=\w+$/);
    expect(await get('/back', session, Object.fromEntries(back.searchParams))).toEqual({
      status: 302,
      body: '/',
    });
    expect(await world.count(`wechat_identities WHERE user_id = '${String(session.userId)}'`)).toBe(1);
    expect(Object.keys(session).sort()).toEqual(['codeVerifier', 'userId']);
  });

  test('refuses the loginCode of a browser that has another session', async () => {
    const start = await get('/login', {});
    const browser = new Browser();
    const qrPage = locationOf(await browser.visit(start.body));
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const back = locationOf(await browser.visit(callback.href));
    const session: Request['session'] = { codeVerifier: randomBytes(32).toString('base64url') };
    expect((await get('/back', session, Object.fromEntries(back.searchParams))).status).toBe(401);
    expect(session).not.toHaveProperty('userId');
  });
});
