import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Auth, Callbacks, EncryptedData, UploadOptions } from '../src/index.js';
import { run, source } from './phone/run.js';
import { LOGIN, LOGOUT, ME, REFRESH, setStage } from './phone/stage.js';

// The end of a session that a login has replaced is told beside the test.
afterEach(async () => {
  while (stage.phone.time.pending > 0) await new Promise(setImmediate);
});
const stage = setStage();

const MINUTES = 60;
const me = (auth = stage.auth) => auth.request({ url: ME });
const meOk = async (auth = stage.auth) => expect((await me(auth)).statusCode).toBe(200);

type Run = (options?: object) => object | undefined;

/** Calls a function of `wx` as a promise, with what else it returns. */
function promised(run: Run, options: object | undefined): Promise<object> {
  let task: object | undefined;
  const promise = new Promise<object>((success, fail) => {
    task = run({ ...options, success, fail });
  });
  return Object.assign(promise, task);
}

/** How frameworks hand the functions of `wx` on. */
const STYLES: Readonly<Record<string, (run: Run) => (options?: object) => unknown>> = {
  'callbacks and promises, as Taro':
    (run) =>
    (options: Callbacks<object> = {}) => {
      const promise = promised(run, options);
      promise.then(options.success, options.fail as (error: unknown) => void);
      return promise;
    },
  'promises only': (run) => (options) => promised(run, options),
  'arrays of error and result, as uni-app': (run) => (options) => {
    const promise = promised(run, options);
    return promise.then(
      (result) => [null, result],
      (failure: unknown) => [failure, undefined],
    );
  },
  'callbacks in an async function': (run) => async (options) => {
    await Promise.resolve();
    run(options);
  },
};

describe.each(Object.entries(STYLES))('a platform with %s', (_, style) => {
  const adapter = (): object =>
    Object.fromEntries(
      Object.entries(stage.phone.wx).map(([name, run]) => [
        name,
        name.endsWith('Sync') ? run : style(run as Run),
      ]),
    );
  const start = () => run(stage.phone, null).createAuth({ baseUrl: stage.world.url, adapter: adapter() });

  test('logs in, refreshes, and gets encrypted data', async () => {
    const auth = start();
    await Promise.all([meOk(auth), meOk(auth)]);
    await stage.world.pass(16 * MINUTES);
    await meOk(auth);
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    const { getWeRunData } = adapter() as { getWeRunData: (callbacks: Callbacks<EncryptedData>) => unknown };
    expect(await auth.openData(getWeRunData)).toMatchObject({ stepInfoList: [{ step: 4321 }] });
  });

  test('tells what fails', async () => {
    const auth = start();
    stage.phone.faults.plan('login', { kind: 'fails', errMsg: 'login:fail' });
    stage.phone.faults.plan(`GET ${ME}`, { kind: 'lost-before', errMsg: 'timeout' });
    await meOk(auth);
    expect(stage.logins()).toMatchObject({ wx: 2, login: 1 });
    stage.phone.consent.answer = 'deny';
    const outcomes = [await auth.ensureScope('scope.camera'), await auth.ensureScope('scope.camera')];
    expect(outcomes.map(({ status }) => status)).toEqual(['refused', 'refused-before']);
    await expect(auth.request({ url: '/v1/nothing' })).resolves.toMatchObject({ statusCode: 404 });
  });
});

describe('a call with callbacks', () => {
  test.each([
    ['succeeds', false, ['success', 'complete']],
    ['fails', true, ['fail', 'complete']],
  ])(
    'that %s calls back as wx.request, and leaves no rejection unhandled',
    async (_, isOffline, expected) => {
      stage.phone.network.isOffline = isOffline;
      const called: string[] = [];
      const given: unknown[] = [];
      const callback = (name: string) => (result: unknown) => {
        called.push(name);
        given.push(result);
      };
      await new Promise<void>((resolve) => {
        void stage.auth.request({
          url: ME,
          success: callback('success'),
          fail: callback('fail'),
          complete: (result) => {
            callback('complete')(result);
            resolve();
          },
        });
      });
      await new Promise(setImmediate);
      expect(called).toEqual(expected);
      expect(given[0]).toBe(given[1]);
      expect(given[0]).toMatchObject(
        isOffline
          ? { code: 'WX_LOGIN_FAILED', errMsg: expect.stringContaining(':fail') }
          : { statusCode: 200 },
      );
    },
  );

  test.each([
    ['success', { statusCode: 200, data: {} }],
    ['fail', { errMsg: 'request:fail' }],
  ])('is complete, too, where %s throws, and the platform hears of the fault', (name, result) => {
    const wx = `{ request: ({ ${name} }) => ${name}(${JSON.stringify(result)}) }`;
    const program = `${source()}
      const auth = module.exports.createAuth({ baseUrl: '', adapter: ${wx} });
      process.on('unhandledRejection', ({ message }) => console.log(message));
      auth.continueAsGuest();
      auth.request({
        url: '/orders',
        method: 'POST',
        ${name}() { throw new Error('of the app'); },
        complete: () => console.log('complete'),
      });`;
    // A test may leave no rejection unhandled, another process may.
    const { stdout } = spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8' });
    expect(stdout).toBe('complete\nof the app\n');
  });

  test('that has no address fails with an AuthError', async () => {
    const options = { method: 'POST' } as unknown as UploadOptions;
    for (const call of [stage.auth.request, stage.auth.upload])
      await expect(call(options)).rejects.toMatchObject({ name: 'AuthError' });
  });

  test('gets a status that is not 2xx by success', async () => {
    const success = new Promise((resolve) => {
      void stage.auth.request({ url: '/v1/nothing', success: resolve });
    });
    expect(await success).toMatchObject({ statusCode: 404, data: { code: 'NOT_FOUND' } });
  });

  test.each(['before it is sent', 'under way'])('is aborted %s', async (when) => {
    await meOk();
    let go = (): void => undefined;
    const until = new Promise<void>((resolve) => (go = resolve));
    stage.phone.faults.plan('GET /v1/app', { kind: 'waits', until });
    const task = stage.auth.request({ url: '/v1/app' });
    if (when === 'under way')
      while (stage.phone.network.callsOf('GET /v1/app') < 1) await new Promise(setImmediate);
    task.abort();
    await expect(task).rejects.toMatchObject({ code: 'ABORTED', retryable: false });
    task.abort();
    go();
    await meOk();
    expect(stage.phone.network.callsOf('GET /v1/app')).toBe(when === 'under way' ? 1 : 0);
  });
});

describe('the task of a call', () => {
  const picture = () => ({
    url: `${ME}/avatar`,
    filePath: `${stage.world.sandbox.url}/mmopen/vi_32/xiaoming-1/0`,
    name: 'file',
  });

  test('has listeners before it is sent, while the login is under way', async () => {
    const task = stage.auth.upload(picture());
    const told: unknown[] = [];
    task.onProgressUpdate(({ progress }) => told.push(progress));
    task.onHeadersReceived(({ header }) => told.push(Object.keys(header).includes('x-request-id')));
    expect(await task).toMatchObject({ statusCode: 200 });
    expect(told).toEqual([true, 100]);
  });

  test('has listeners while it is under way', async () => {
    await meOk();
    let go = (): void => undefined;
    const until = new Promise<void>((resolve) => (go = resolve));
    stage.phone.faults.plan('GET /v1/app', { kind: 'waits', until });
    const task = stage.auth.request({ url: '/v1/app', enableChunked: true });
    while (stage.phone.network.callsOf('GET /v1/app') < 1) await new Promise(setImmediate);
    const chunks: string[] = [];
    task.onChunkReceived(({ data }) => chunks.push(new TextDecoder().decode(data)));
    go();
    const { data } = await task;
    expect(JSON.parse(chunks.join(''))).toEqual(data);
  });

  test('has them again when it is sent again after a 401', async () => {
    await meOk();
    stage.phone.time.ahead = -60 * MINUTES * 1000;
    await stage.world.pass(16 * MINUTES);
    const task = me();
    const told: string[] = [];
    const left = () => told.push('left');
    task.onHeadersReceived(() => told.push('kept'));
    task.onHeadersReceived(left);
    task.offHeadersReceived(left);
    expect(await task).toMatchObject({ statusCode: 200 });
    expect(stage.phone.network.callsOf(`GET ${ME}`)).toBe(3);
    expect(told).toEqual(['kept', 'kept']);
  });

  test('does nothing where the platform has no such function, or no task', async () => {
    for (const task of [undefined, {}]) {
      const { request } = stage.phone.wx as { request: (options: object) => void };
      const wx = {
        ...stage.phone.wx,
        request(options: object) {
          request(options);
          return task;
        },
      };
      const call = me(stage.restart({}, wx));
      call.onProgressUpdate(() => undefined);
      call.offChunkReceived();
      expect(await call).toMatchObject({ statusCode: 200 });
      call.onHeadersReceived(() => undefined);
      call.abort();
    }
  });
});

test('every function can be handed on without its object', async () => {
  const { login, getUser, request, continueAsGuest, logout } = stage.auth;
  await login();
  const { abort, onHeadersReceived } = request({ url: ME });
  onHeadersReceived(() => undefined);
  abort();
  expect(await getUser()).toMatchObject({ id: expect.any(String) });
  await logout();
  const { note } = continueAsGuest();
  ['tea', 'rice'].forEach(note);
  const told: unknown[] = [];
  stage.auth.onChange(({ guest }) => told.push(guest?.notes));
  await login();
  expect(told).toEqual([['tea', 'rice']]);
});

describe('storage', () => {
  test.each(['throws', 'full', 'forgets'] as const)(
    'that %s keeps nobody from working, and costs one login at the next start',
    async (state) => {
      stage.phone.storage.state = state;
      await meOk(stage.restart());
      await stage.world.pass(16 * MINUTES);
      await Promise.all([meOk(), meOk()]);
      expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
      await meOk(stage.restart());
      expect(stage.logins()).toMatchObject({ login: 2 });
      await stage.auth.logout();
      await expect(me()).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    },
  );

  test('that is full at a refresh keeps no token that is spent', async () => {
    await meOk();
    stage.phone.storage.state = 'full';
    await stage.world.pass(16 * MINUTES);
    await meOk();
    expect(stage.phone.storage.text).not.toMatch(/eyJ/);
    await meOk(stage.restart());
    expect(stage.logins()).toEqual({ wx: 2, login: 2, refresh: 1 });
  });

  test.each([
    ['a session that has ended', (auth) => auth.getUser()],
    ['a login', (auth) => auth.login()],
    ['a logout', (auth) => auth.logout()],
    ['a guest', (auth) => Promise.resolve(auth.continueAsGuest())],
  ] as const satisfies readonly (readonly [string, (auth: Auth) => Promise<unknown>])[])(
    'that is frozen with %s in it hides nothing that happens afterwards',
    async (what, act) => {
      await act(stage.auth);
      if (what.includes('ended')) {
        await stage.world.pass(31 * 24 * 60 * MINUTES);
        // The login that follows fails, so that the end of the session is what is stored.
        stage.phone.faults.plan('login', { kind: 'fails', errMsg: 'login:fail' }, 3);
        await expect(me()).rejects.toMatchObject({ code: 'WX_LOGIN_FAILED' });
      }
      stage.phone.storage.state = 'frozen';
      const { login, refresh } = stage.logins();
      await stage.restart().login();
      await Promise.all([meOk(), meOk()]);
      await stage.world.pass(16 * MINUTES);
      await meOk();
      expect(stage.auth.status).toBe('logged-in');
      expect(stage.logins()).toMatchObject({ login: login + 1, refresh: refresh + 1 });
      await stage.auth.logout();
      await expect(me()).rejects.toMatchObject({ code: 'LOGGED_OUT' });
      stage.auth.continueAsGuest();
      expect(await stage.auth.getUser()).toBeNull();
    },
  );

  test('of Web Storage form is used in place of the platform', async () => {
    const values = new Map<string, string>();
    const storage = {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
      removeItem: (key: string) => void values.delete(key),
    };
    await meOk(stage.restart({ storage }));
    await meOk(stage.restart({ storage }));
    expect(stage.logins().login).toBe(1);
    expect([...values.values()].join('')).toMatch(/eyJ/);
    expect(stage.phone.storage.text).toBe('[]');
  });

  test('is not used with null', async () => {
    await meOk(stage.restart({ storage: null }));
    expect(stage.phone.storage.text).toBe('[]');
    await meOk(stage.restart({ storage: null }));
    expect(stage.logins().login).toBe(2);
  });

  test('with the tokens of the plain client goes on with that session', async () => {
    const { accessToken, refreshToken } = await stage.world.miniProgramLogin(stage.person);
    stage.phone.storage.values.set('tokens', { accessToken, refreshToken });
    await meOk(stage.restart());
    await stage.world.pass(16 * MINUTES);
    await meOk(stage.restart());
    expect(stage.logins()).toEqual({ wx: 0, login: 0, refresh: 1 });
    expect([...stage.phone.storage.values.keys()]).toEqual([`wechat-auth-1 ${stage.world.url}`]);
  });

  test('with the logout of the plain client stays logged out', async () => {
    stage.phone.storage.values.set('loggedOut', true);
    for (const auth of [stage.restart(), stage.restart()]) {
      await expect(me(auth)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    }
    expect(stage.logins().wx).toBe(0);
  });

  test.each([
    ['of another program', 'tokens', { accessToken: 'a', refreshToken: 'b' }],
    ['of another program, as text', 'tokens', 'abc'],
    ['of a newer version', 'wechat-auth-2 https://auth.example.com', { any: 'thing' }],
  ])('leaves alone what is %s', async (_, key, value) => {
    stage.phone.storage.values.set(key, value);
    await meOk(stage.restart());
    expect(stage.logins().login).toBe(1);
    expect(stage.phone.storage.values.get(key)).toEqual(value);
  });

  test.each([
    '{',
    'null',
    '7',
    'true',
    '"x"',
    '[]',
    '[["a","b"]]',
    '{}',
    '{"status":5}',
    '{"status":"later"}',
    '{"status":"about"}',
    '{"status":["guest"]}',
    '{"status":"logged-in"}',
    '{"tokens":7}',
    '{"tokens":[1]}',
    '{"status":"logged-in","tokens":7}',
    '{"status":"logged-in","tokens":true}',
    '{"status":"logged-in","tokens":{}}',
    '{"status":"logged-in","tokens":"ab"}',
    '{"status":"logged-in","tokens":[1]}',
    '{"status":"logged-in","tokens":["a",{"b":1}]}',
    '{"status":"logged-in","tokens":["a",""]}',
    '{"status":"logged-in","tokens":[null,"b"]}',
    '{"status":"logged-in","tokens":["a","b",{}]}',
    '{"status":"guest","guest":7}',
    '{"status":"guest","guest":{"notes":5}}',
    '{"status":"guest","guest":{"notes":"abc"}}',
    '{"status":"guest","guest":[]}',
    '{"status":"logged-in","tokens":["a","b"],"guest":{}}',
    7,
    { status: 'logged-out' },
    ['logged-out'],
  ])('with what is damaged, %j, costs no more than a login', async (value) => {
    stage.phone.storage.values.set(`wechat-auth-1 ${stage.world.url}`, value);
    const auth = stage.restart();
    auth.onChange(() => undefined);
    expect(await me(auth)).toMatchObject({ statusCode: 200 });
    expect(auth.status).toBe('logged-in');
    expect(stage.logins()).toMatchObject({ login: 1 });
    await meOk(stage.restart());
    expect(stage.logins()).toMatchObject({ login: 1 });
    auth.continueAsGuest().note('tea');
    expect(stage.program.errors).toEqual([]);
  });

  test('whose text is cut off anywhere costs no more than a login', async () => {
    await meOk();
    const key = `wechat-auth-1 ${stage.world.url}`;
    const text = String(stage.phone.storage.values.get(key));
    for (const end of [1, 9, text.indexOf('eyJ') + 9, text.length - 1]) {
      stage.phone.storage.values.set(key, text.slice(0, end));
      const { login } = stage.logins();
      await meOk(stage.restart());
      expect(stage.logins().login - login).toBe(1);
    }
  });
});

describe('two runs on one storage, as of two versions', () => {
  test('take tokens, refreshes and the logout from each other', async () => {
    const one = stage.auth;
    const other = stage.restart();
    await meOk(one);
    await meOk(other);
    await stage.world.pass(16 * MINUTES);
    await meOk(one);
    await meOk(other);
    await meOk(one);
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 1 });
    await other.logout();
    // The access token of the first is good until it expires; then the logout counts.
    await stage.world.pass(16 * MINUTES);
    await expect(me(one)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect(stage.phone.network.callsOf(LOGOUT)).toBe(1);
    expect(stage.phone.network.callsOf(LOGIN) + stage.phone.network.callsOf(REFRESH)).toBe(2);
  });

  test('never take one account for the other', async () => {
    const one = stage.auth;
    const other = stage.restart();
    await one.getUser();
    const before = await other.getUser();
    await one.leave();
    const { user } = await one.login();
    await meOk(other);
    expect(user.id).not.toBe(before?.id);
    expect(other.user).toBeNull();
    expect(await other.getUser()).toEqual(user);
    await one.logout();
    await stage.world.pass(16 * MINUTES);
    await expect(me(other)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect(other.user).toBeNull();
  });
});

test('two services in one mini program have a login each', async () => {
  const there = stage.world.url.replace('127.0.0.1', 'localhost');
  expect(there).not.toBe(stage.world.url);
  const other = stage.another({ baseUrl: there });
  await Promise.all([stage.auth.login(), other.login()]);
  expect([stage.auth.status, other.status]).toEqual(['logged-in', 'logged-in']);
  expect(stage.logins()).toMatchObject({ wx: 2, login: 2 });
  const again = stage.auth.login();
  await other.logout();
  await again;
  expect(stage.auth.status).toBe('logged-in');
});
