import type { User } from '../../shared/api.js';
import { failed, networkError } from './failures.js';
import { type Flights, single } from './flights.js';
import { becomeGuest } from './guest.js';
import { leaveBy } from './leave.js';
import { createPermissions, type Invoke } from './permissions.js';
import { hostOf, settle } from './platform.js';
import { createProfile } from './profile.js';
import { openRecord } from './record.js';
import { createStart, dataOf, type Send, TIMEOUT_MS } from './requests.js';
import { createSession, LOGIN } from './session.js';
import { createState } from './state.js';
import type { Auth, AuthOptions, RequestTask, Response } from './types.js';

/** Work under way, of all instances that share a storage. */
const shared = new WeakMap<object, Flights>();

/** Logs people in to wechat-auth, and goes on doing it. WeChat is called at the first need. */
export function createAuth(options: AuthOptions): Auth {
  const { appId, header = 'Authorization', adapter } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const run = (name: string, ...words: unknown[]): unknown => hostOf(adapter)[name]!(...words);
  const has = (name: string): boolean => !!hostOf(adapter)[name];
  const {
    storage = {
      getItem: (key: string) => run('getStorageSync', key),
      setItem: (key: string, value: string) => void run('setStorageSync', key, value),
      removeItem: (key: string) => void run('removeStorageSync', key),
    },
  } = options;
  const owner = options.storage || hostOf(adapter);
  const flights: Flights = shared.get(owner) || {};
  shared.set(owner, flights);

  const invoke: Invoke = <Result>(name: string, given?: { timeout?: number }) =>
    settle<Result>((callbacks) => run(name, { ...given, ...callbacks }), given && given.timeout);
  const send: Send = (api, given, flight = {}) =>
    settle<Response>((callbacks) => {
      if (flight.aborted) throw new Error('abort');
      return (flight.task = run(api, { ...given, ...callbacks }) as typeof flight.task);
    }, given.timeout).catch((reason: unknown) => {
      throw networkError(reason);
    });
  const post = (route: string, data: object): Promise<Response> =>
    send('request', { url: `${baseUrl}/v1/${route}`, method: 'POST', data, timeout: TIMEOUT_MS });
  const getCode = async (again?: boolean): Promise<string> => {
    const { code, reason } = await invoke<{ code?: string; reason?: unknown }>('login', {
      timeout: 10_000,
    }).catch((failure: unknown) => ({ reason: failure, code: '' }));
    if (code) return code;
    if (again) return getCode();
    throw failed('WX_LOGIN_FAILED', reason, true);
  };
  const code = () => getCode(true);

  const state = createState(openRecord(storage, `wechat-auth ${baseUrl}`), () => delete flights[LOGIN]);
  const [now, set, , currentUser, onChange] = state;
  const [logIn, usable, quit] = createSession(state, flights, post, code, appId);
  const start = createStart(send, usable, baseUrl, header);
  const call = async (path: string, data?: unknown, method = data ? 'POST' : 'GET', isRepeatable?: boolean) =>
    dataOf(await start('request', { url: path, method, data, timeout: TIMEOUT_MS }, isRepeatable));
  const heard = (user: User): void => set(now(), user);
  const getUser = async (): Promise<User | null> => {
    if (!(await usable())) return null;
    const user = (await call('/v1/users/me')) as User;
    heard(user);
    return user;
  };
  /** Asks WeChat whether the session_key lives, unless the login is new. */
  const checkKey = async () => {
    const { tokens } = now();
    await usable();
    if (tokens && has('checkSession')) await invoke('checkSession').catch(logIn);
  };
  const calls = {
    request: (given) => start('request', given),
    upload: (given): RequestTask => start('uploadFile', given),
    call: call as Auth['call'],
  } as Pick<Auth, 'request' | 'upload' | 'call'>;

  return {
    get status() {
      return now().status;
    },
    get user() {
      return currentUser();
    },
    ...calls,
    login: logIn,
    code,
    getUser,
    logout: () => quit({ status: 'logged-out' }),
    leave: () => leaveBy(state, getUser, logIn, () => call('/v1/users/me', undefined, 'DELETE', true)),
    onChange,
    continueAsGuest: () => becomeGuest(state, quit),
    ...createPermissions(invoke, has, (name, work) => single(flights, name, work)),
    ...createProfile(calls, heard, logIn, checkKey),
  };
}
