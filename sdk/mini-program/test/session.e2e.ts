import { describe, expect, test } from '@jest/globals';
import { ADMIN_KEY, callWithKey } from '../../../test/harness/operator.js';
import { LOGIN, LOGOUT, ME, REFRESH, setStage } from './phone/stage.js';

const MINUTES = 60;
const LOGGED_OUT = { code: 'LOGGED_OUT' };

const stage = setStage({ ADMIN_API_KEYS: `ops:${ADMIN_KEY}` });
const me = (auth = stage.auth) => auth.request({ url: ME });
const meOk = async (auth = stage.auth) => expect((await me(auth)).statusCode).toBe(200);

describe('a login', () => {
  test('happens at the first need, once for ten callers, and the next start needs none', async () => {
    expect(stage.auth.status).toBe('unknown');
    const replies = await Promise.all(Array.from({ length: 10 }, () => me()));
    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200));
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    expect(stage.auth.status).toBe('logged-in');
    await meOk(stage.restart());
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
  });

  test('is shared by login() and the silent one, and gives user and identity and no token', async () => {
    const [one, other] = await Promise.all([stage.auth.login(), stage.auth.login(), me()]);
    expect(Object.keys(one).sort()).toEqual(['identity', 'isNewUser', 'user']);
    expect(one).toEqual(other);
    expect(one.isNewUser).toBe(true);
    expect(stage.auth.user).toEqual(one.user);
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
  });

  test('is one for ten pages that have an instance each', async () => {
    const pages = Array.from({ length: 10 }, () => stage.another());
    await Promise.all(pages.map((page) => meOk(page)));
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    expect(await stage.liveSessions()).toBe(1);
  });

  test('works for ten pages also where storage throws', async () => {
    stage.phone.storage.state = 'throws';
    const pages = Array.from({ length: 10 }, () => stage.another());
    await Promise.all(pages.map((page) => meOk(page)));
    await Promise.all(pages.map((page) => meOk(page)));
    // They share nothing after a login, so each has its own.
    expect(stage.logins().login).toBeLessThanOrEqual(10);
  });

  test('names the app where the service has several', async () => {
    const auth = stage.restart({ appId: 'wx5a4db0c0de000001', baseUrl: `${stage.world.url}/` });
    await auth.login();
    expect(stage.phone.network.sent[0]).toMatchObject({ call: LOGIN, data: { appId: 'wx5a4db0c0de000001' } });
  });

  test.each(['WECHAT_CODE_INVALID', 'WECHAT_CODE_USED'])(
    'tries once more with a new code after %s',
    async (code) => {
      const errcode = code === 'WECHAT_CODE_USED' ? 40163 : 40029;
      await stage.world.fault('/sns/jscode2session', { errcode, errmsg: 'x' });
      await meOk();
      expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
      const codes = stage.phone.network.sent.slice(0, 2).map(({ data }) => (data as { code: string }).code);
      expect(new Set(codes).size).toBe(2);

      await stage.handOver();
      await stage.world.fault('/sns/jscode2session', { errcode, errmsg: 'x', times: 2 });
      await expect(me()).rejects.toMatchObject({ code, status: 401, retryable: false });
      expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
    },
  );

  test('waits as long as WeChat asks for, each time with a new code', async () => {
    await stage.world.fault('/sns/jscode2session', { errcode: -1, errmsg: 'system error', times: 3 });
    await meOk();
    expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
    expect(stage.phone.time.waits[0]).toBeGreaterThanOrEqual(2000);
    expect(stage.phone.time.waits[0]).toBeLessThanOrEqual(3000);
  });

  test('is not repeated for a person whom WeChat refuses', async () => {
    await stage.world.fault('/sns/jscode2session', { errcode: 40226, errmsg: 'code blocked' });
    await expect(me()).rejects.toMatchObject({ code: 'WECHAT_USER_BLOCKED', retryable: false });
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
    await meOk();
  });

  test.each([
    ['fails', { kind: 'fails', errno: 5 }],
    ['gives no code', { kind: 'gives', result: { code: '' } }],
    ['throws', { kind: 'throws' }],
    ['answers nothing', { kind: 'hangs' }],
  ] as const)('gets another code where wx.login %s', async (_, fault) => {
    stage.phone.faults.plan('login', fault);
    await meOk();
    expect(stage.logins()).toEqual({ wx: 2, login: 1, refresh: 0 });
  });

  test('gives up where wx.login goes on failing, and works later', async () => {
    stage.phone.faults.plan('login', { kind: 'fails', errMsg: 'login:fail network' }, 3);
    await expect(Promise.all([me(), me()])).rejects.toMatchObject({
      code: 'WX_LOGIN_FAILED',
      retryable: true,
      reason: { errMsg: 'login:fail network' },
    });
    expect(stage.phone.callsOf('login')).toBeLessThanOrEqual(3);
    expect(stage.phone.network.sent).toEqual([]);
    stage.phone.faults.clear();
    await meOk();
  });

  test('takes no page of a captive portal for an answer', async () => {
    stage.phone.faults.plan(LOGIN, { kind: 'answer', status: 200, body: '<html>Log in to the hotel</html>' });
    await expect(me()).rejects.toMatchObject({ code: 'NETWORK_FAILED', retryable: true });
    await meOk();
  });

  test.each([
    ['an object', {}],
    ['half an answer', { refreshToken: 'r' }],
    ['a text', 'ok'],
    ['nothing', null],
  ])('takes %s for no answer, and is stored as none', async (_, body) => {
    stage.phone.faults.plan(LOGIN, { kind: 'answer', status: 200, body });
    await expect(stage.auth.getUser()).rejects.toMatchObject({ name: 'AuthError', code: 'NETWORK_FAILED' });
    expect(stage.auth.status).toBe('unknown');
    await meOk(stage.restart());
    expect(stage.logins()).toMatchObject({ login: 2 });
    expect(stage.phone.network.callsOf(`GET ${ME}`)).toBe(1);
  });

  test('whose answer is lost with the words of Android is repeated with a new code', async () => {
    const errMsg = 'Software caused connection abort';
    stage.phone.faults.plan(LOGIN, { kind: 'lost-after', errMsg });
    stage.phone.faults.plan(`GET ${ME}`, { kind: 'lost-after', errMsg });
    await meOk();
    expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 0 });
  });

  test('is told to a listener that asks for the user, and nothing goes round', async () => {
    const heard: unknown[] = [];
    const asked: Promise<unknown>[] = [];
    stage.auth.onChange(({ status, user }) => {
      heard.push(user?.nickname);
      if (status === 'logged-in') asked.push(stage.auth.getUser());
    });
    await stage.auth.login();
    // Also those that are added meanwhile.
    for (const each of asked) await each;
    expect(stage.phone.network.callsOf(`GET ${ME}`)).toBe(1);
    await stage.auth.nickname({ detail: { value: 'tea' } });
    for (const each of asked) await each;
    expect(heard).toEqual([null, 'tea']);
  });

  test('replaces a session, and ends the one before', async () => {
    await stage.auth.login();
    await stage.auth.login();
    await meOk();
    while (stage.phone.network.callsOf(LOGOUT) < 1) await new Promise(setImmediate);
    await meOk();
    await stage.phone.time.during(Promise.resolve());
    expect(await stage.liveSessions()).toBe(1);
    expect(stage.logins().login).toBe(2);
  });
});

describe('the tokens', () => {
  test('are refreshed before they expire, once for ten callers and ten pages', async () => {
    const pages = Array.from({ length: 10 }, () => stage.another());
    await Promise.all(pages.map((page) => meOk(page)));
    await stage.world.pass(14 * MINUTES);
    await Promise.all([...pages, ...pages].map((page) => meOk(page)));
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    expect(stage.phone.network.sent.filter(({ status }) => status === 401)).toEqual([]);
  });

  test('are refreshed once after a 401, and each call is sent once more', async () => {
    await meOk();
    stage.phone.time.ahead = -60 * MINUTES * 1000;
    await stage.world.pass(16 * MINUTES);
    const before = stage.phone.network.callsOf(`GET ${ME}`);
    await Promise.all([meOk(), meOk(), meOk()]);
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    expect(stage.phone.network.callsOf(`GET ${ME}`) - before).toBe(6);
  });

  test.each([
    ['forward', 3],
    ['back', -3],
  ])('survive a clock that jumps %s by three years', async (_, years) => {
    await meOk();
    stage.phone.time.ahead = years * 365 * 24 * 3600_000;
    await Promise.all([meOk(), meOk()]);
    await meOk();
    expect(stage.logins().login).toBe(1);
    expect(stage.logins().refresh).toBeLessThanOrEqual(1);
    stage.phone.time.ahead = 0;
    await meOk();
    await stage.world.pass(16 * MINUTES);
    await Promise.all([meOk(), meOk()]);
    expect(stage.logins().login).toBe(1);
    expect(stage.logins().refresh).toBeLessThanOrEqual(2);
  });

  test('go on working where they cannot be refreshed in advance', async () => {
    await meOk();
    await stage.world.pass(14 * MINUTES);
    stage.phone.faults.plan(REFRESH, { kind: 'answer', status: 503, body: 'Service Unavailable' });
    await meOk();
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    await meOk();
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 2 });
  });

  test('are the same after a refresh whose answer was lost', async () => {
    await meOk();
    await stage.world.pass(16 * MINUTES);
    stage.phone.faults.plan(REFRESH, { kind: 'lost-after' }, 2);
    await meOk();
    expect(stage.logins().login).toBe(1);
    expect(await stage.liveSessions()).toBe(1);
  });

  test('are kept through an outage, and a proxy that answers in place of the service', async () => {
    await meOk();
    await stage.world.pass(16 * MINUTES);
    stage.phone.network.isOffline = true;
    await expect(me()).rejects.toMatchObject({ code: 'NETWORK_FAILED', retryable: true });
    stage.phone.network.isOffline = false;
    for (const status of [401, 403, 404, 502]) {
      stage.phone.faults.plan(REFRESH, { kind: 'answer', status, body: '<html></html>' }, 9);
      await expect(me()).rejects.toMatchObject({ code: `HTTP_${status}` });
      stage.phone.faults.clear();
    }
    await meOk();
    expect(stage.logins().login).toBe(1);
  });

  test('are kept where somebody else answers a refresh', async () => {
    await meOk();
    await stage.world.pass(16 * MINUTES);
    stage.phone.faults.plan(REFRESH, { kind: 'answer', status: 200, body: {} }, 2);
    await expect(me()).rejects.toMatchObject({ code: 'NETWORK_FAILED', retryable: true });
    await meOk();
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 3 });
  });

  test('give way to a login where the session has ended, once for three callers', async () => {
    await meOk();
    await stage.world.pass(31 * 24 * 60 * MINUTES);
    await Promise.all([meOk(), meOk(), meOk()]);
    expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 1 });
  });

  test('of an account that is disabled lead to no loop', async () => {
    await meOk();
    const [id = ''] = await stage.users();
    await callWithKey(`${stage.world.url}/v1/admin/users/${id}/disable`, ADMIN_KEY, { method: 'POST' });
    await expect(stage.auth.getUser()).rejects.toMatchObject({ code: 'ACCOUNT_DISABLED' });
    await expect(stage.auth.getUser()).rejects.toMatchObject({ code: 'ACCOUNT_DISABLED' });
    expect(stage.phone.network.sent.length).toBeLessThan(9);
  });
});

describe('logout', () => {
  test('ends the session here and at the service, until login is called, also after a restart', async () => {
    await meOk();
    await stage.auth.logout();
    expect(stage.auth).toMatchObject({ status: 'logged-out', user: null });
    expect(stage.phone.storage.text).not.toMatch(/eyJ/);
    expect(await stage.liveSessions()).toBe(0);
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
    await expect(stage.auth.getUser()).rejects.toMatchObject(LOGGED_OUT);
    await expect(me(stage.restart())).rejects.toMatchObject(LOGGED_OUT);
    expect(stage.logins().wx).toBe(1);
    await stage.auth.login();
    await meOk(stage.restart());
    expect(stage.logins().login).toBe(2);
  });

  test('takes effect at once and resolves without a network', async () => {
    await meOk();
    stage.phone.network.isOffline = true;
    const done = stage.auth.logout();
    expect(stage.auth.status).toBe('logged-out');
    await done;
    expect(stage.phone.network.callsOf(LOGOUT)).toBeLessThanOrEqual(3);
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
  });

  test('is told again where the answer was lost', async () => {
    await meOk();
    stage.phone.faults.plan(LOGOUT, { kind: 'lost-before' });
    await stage.auth.logout();
    expect(await stage.liveSessions()).toBe(0);
  });

  test('drops what a login or a refresh under way brings, and ends that session', async () => {
    let go = (): void => undefined;
    stage.phone.faults.plan(LOGIN, { kind: 'waits', until: new Promise<void>((resolve) => (go = resolve)) });
    const asked = [me(), stage.auth.login()].map((each) => each.catch((error: unknown) => error));
    while (stage.phone.network.callsOf(LOGIN) < 1) await new Promise(setImmediate);
    const out = stage.auth.logout();
    go();
    await out;
    expect(await Promise.all(asked)).toEqual([
      expect.objectContaining(LOGGED_OUT),
      expect.objectContaining(LOGGED_OUT),
    ]);
    expect(await stage.liveSessions()).toBe(0);
    expect(stage.phone.storage.text).not.toMatch(/eyJ/);

    await stage.auth.login();
    await stage.world.pass(16 * MINUTES);
    stage.phone.faults.plan(REFRESH, {
      kind: 'waits',
      until: new Promise<void>((resolve) => (go = resolve)),
    });
    const expired = me().catch((error: unknown) => error);
    while (stage.phone.network.callsOf(REFRESH) < 1) await new Promise(setImmediate);
    const again = stage.auth.logout();
    go();
    await again;
    expect(await expired).toMatchObject(LOGGED_OUT);
    expect(stage.auth.status).toBe('logged-out');
    expect(await stage.liveSessions()).toBe(0);
  });

  test('of one page is that of the other, also in the middle of a login', async () => {
    const other = stage.another();
    await meOk();
    await meOk(other);
    await other.logout();
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
    expect(stage.auth.status).toBe('logged-out');
    await stage.auth.login();
    await meOk(other);
    expect(stage.logins().login).toBe(2);
  });

  test('can be followed by a login before the one under way has ended', async () => {
    let go = (): void => undefined;
    stage.phone.faults.plan(LOGIN, { kind: 'waits', until: new Promise<void>((resolve) => (go = resolve)) });
    const first = stage.auth.login().catch((error: unknown) => error);
    while (stage.phone.network.callsOf(LOGIN) < 1) await new Promise(setImmediate);
    const out = stage.auth.logout();
    const second = stage.auth.login();
    await second;
    go();
    await out;
    expect(await first).toMatchObject(LOGGED_OUT);
    await meOk();
    expect(stage.auth.status).toBe('logged-in');
    expect(await stage.liveSessions()).toBe(1);
  });

  test.each([
    ['logout', 'logged-out'],
    ['continueAsGuest', 'guest'],
  ] as const)('by %s is not undone by an answer that comes later', async (act, status) => {
    await stage.auth.login();
    let go = (): void => undefined;
    const until = new Promise<void>((resolve) => (go = resolve));
    stage.phone.faults.plan(`GET ${ME}`, { kind: 'waits', until });
    const asked = stage.auth.getUser().catch((error: unknown) => error);
    while (stage.phone.network.callsOf(`GET ${ME}`) === 0) await new Promise(setImmediate);
    // A call that has been sent: the token is still good where the service has not heard of the logout.
    stage.phone.faults.plan(LOGOUT, { kind: 'waits', until });
    const heard: unknown[] = [];
    stage.auth.onChange((change) => heard.push(change));
    void stage.auth[act]();
    go();
    await asked;
    while (stage.phone.time.pending > 0) await new Promise(setImmediate);
    expect(stage.auth).toMatchObject({ status, user: null });
    expect(heard).toEqual([{ status, user: undefined, guest: undefined }]);
  });

  test('in a listener of the login stays', async () => {
    stage.auth.onChange(({ status }) => status === 'logged-in' && stage.auth.logout());
    await stage.auth.login().catch(() => undefined);
    expect(stage.auth.status).toBe('logged-out');
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
    while (stage.phone.time.pending > 0) await new Promise(setImmediate);
  });
});

describe('leaving', () => {
  const DELETE = `DELETE ${ME}`;

  test('deletes the account, and nothing makes a new one before login is called', async () => {
    await meOk();
    const other = stage.another();
    await meOk(other);
    await stage.auth.leave();
    expect(await stage.users()).toEqual([]);
    expect(stage.auth.status).toBe('logged-out');
    for (const auth of [stage.auth, other, stage.restart()]) {
      await expect(me(auth)).rejects.toMatchObject(LOGGED_OUT);
    }
    expect(await stage.users()).toEqual([]);
    expect(await stage.auth.login()).toMatchObject({ isNewUser: true });
  });

  test('logs in first where the login is older than ten minutes', async () => {
    await meOk();
    await stage.world.pass(11 * MINUTES);
    await stage.auth.leave();
    expect(await stage.users()).toEqual([]);
    expect(stage.logins()).toMatchObject({ login: 2 });
    // The end of the older session may still be under way.
    while (stage.phone.time.pending > 0) await new Promise(setImmediate);
  });

  test.each([
    ['the answer is lost', { kind: 'lost-after' }],
    ['a proxy gives up after it is done', { kind: 'answer', status: 504, isDone: true }],
    ['a portal answers after it is done', { kind: 'answer', status: 200, body: '<html>', isDone: true }],
    ['the call is lost', { kind: 'lost-before' }],
    ['a proxy is busy', { kind: 'answer', status: 503, header: { 'Retry-After': '1' } }],
    ['nothing answers', { kind: 'hangs', isDone: true }],
  ] as const)('is finished where %s', async (_, fault) => {
    await meOk();
    stage.phone.faults.plan(DELETE, fault);
    await stage.auth.leave().catch(() => stage.auth.leave());
    expect(await stage.users()).toEqual([]);
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
    expect(await stage.users()).toEqual([]);
  });

  test.each([
    ['was done', { kind: 'lost-after' }, false],
    ['was not done', { kind: 'lost-before' }, true],
  ] as const)('that %s in an outage can be repeated, also after a restart', async (_, fault, isThere) => {
    await meOk();
    stage.phone.faults.plan(DELETE, fault);
    stage.phone.faults.plan(DELETE, { kind: 'lost-before' }, 2);
    await expect(stage.auth.leave())
      .rejects.toMatchObject({ code: 'TIMEOUT' })
      .catch(() => undefined);
    expect((await stage.users()).length > 0).toBe(isThere);
    const auth = stage.restart();
    const early = await me(auth).catch((error: unknown) => error);
    if (isThere) expect(early).toMatchObject({ statusCode: 200 });
    else expect(early).toMatchObject(LOGGED_OUT);
    expect((await stage.users()).length > 0).toBe(isThere);

    await auth.leave();
    expect(await stage.users()).toEqual([]);
    await expect(me(auth)).rejects.toMatchObject(LOGGED_OUT);
    expect(stage.logins().login).toBe(1);
  });

  test.each([
    ['a limiter', { kind: 'answer', status: 429, header: { 'Retry-After': '1' } }],
    ['a firewall', { kind: 'answer', status: 403, body: '<html>' }],
  ] as const)('that was done unheard, and that %s refuses then, makes no new account', async (_, refusal) => {
    await meOk();
    stage.phone.faults.plan(DELETE, { kind: 'lost-after' });
    stage.phone.faults.plan(DELETE, refusal, 2);
    await expect(stage.auth.leave()).rejects.toMatchObject({ status: refusal.status });
    stage.phone.faults.clear();
    await expect(me()).rejects.toMatchObject(LOGGED_OUT);
    await expect(me(stage.restart())).rejects.toMatchObject(LOGGED_OUT);
    await stage.auth.leave();
    expect(await stage.users()).toEqual([]);
    expect(stage.logins()).toMatchObject({ login: 1 });
  });

  test('in an outage, repeated when the access token has expired, needs no login', async () => {
    await meOk();
    stage.phone.faults.plan(DELETE, { kind: 'lost-before' }, 3);
    await expect(stage.auth.leave()).rejects.toMatchObject({ retryable: true });
    await stage.world.pass(9 * MINUTES);
    stage.phone.time.ahead = 16 * MINUTES * 1000;
    await stage.auth.leave();
    expect(await stage.users()).toEqual([]);
    expect(stage.logins()).toMatchObject({ login: 1, refresh: 1 });
  });

  test('that is refused leaves the person logged in', async () => {
    await meOk();
    const body = { code: 'FORBIDDEN', status: 403, requestId: 'r' };
    stage.phone.faults.plan(DELETE, { kind: 'answer', status: 403, body });
    await expect(stage.auth.leave()).rejects.toMatchObject({ code: 'FORBIDDEN', requestId: 'r' });
    expect(stage.auth.status).toBe('logged-in');
    expect(await stage.auth.getUser()).not.toBeNull();
    expect(stage.logins().login).toBe(1);
    // The account was there, and the session ends for another reason: a silent login is right.
    await stage.world.pass(31 * 24 * 60 * MINUTES);
    await meOk();
    expect((await stage.users()).length).toBe(1);
  });

  test('of a session that an operator has ended deletes the account of the same person', async () => {
    await meOk();
    await stage.world.pass(31 * 24 * 60 * MINUTES);
    await stage.auth.leave();
    expect(await stage.users()).toEqual([]);
  });

  test('needs a login', async () => {
    await stage.auth.logout();
    await expect(stage.auth.leave()).rejects.toMatchObject(LOGGED_OUT);
    stage.auth.continueAsGuest();
    await expect(stage.auth.leave()).rejects.toMatchObject(LOGGED_OUT);
    expect(stage.phone.network.sent).toEqual([]);
  });
});
