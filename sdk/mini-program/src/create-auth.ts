import { failed } from './failures.js';
import type { Flights } from './flights.js';
import { createOutcomes } from './outcomes.js';
import type { Host } from './platform.js';
import { createRequests } from './requests.js';
import { createSession } from './session.js';
import { createState } from './state.js';
import type { Adapter, Auth, AuthOptions, Failure } from './types.js';

declare const wx: Adapter | undefined;

const LOGIN_TIMEOUT_MS = 10_000;
const MAX_NOTES = 50;

/** Work under way, of all instances that share a storage. */
const shared = new WeakMap<object, Flights>();

/** Logs people in to wechat-auth, and goes on doing it. WeChat is called at the first need. */
export function createAuth({
  baseUrl: address,
  appId,
  header = 'Authorization',
  storage,
  adapter,
}: AuthOptions): Auth {
  const baseUrl = address.replace(/\/+$/, '');
  /** `wx` is looked up at each call: it does not exist where a program is only imported. */
  const host = () => (adapter || (typeof wx === 'undefined' ? {} : wx)) as Host;
  const owner = storage || host();
  const flights: Flights = shared.get(owner) || {};
  shared.set(owner, flights);

  /** Names what is stored, with the version of its form, and the login among the works under way. */
  const key = `wechat-auth-1 ${baseUrl}`;
  const [state, set, reload, onChange] = createState(host, storage, key, flights);
  reload();
  const [invoke, send, dropIn, call] = createRequests(host, (rejected) => usable(rejected), baseUrl, header);
  const getCode = (): Promise<string> =>
    invoke<{ code?: string }>('login', { timeout: LOGIN_TIMEOUT_MS })
      .then((result) => result.code || Promise.reject(result as Failure))
      .catch((reason: unknown) => {
        throw failed('WX_LOGIN_FAILED', reason);
      });
  const [logIn, usable, quit, getUser, leave] = createSession(
    state,
    set,
    reload,
    key,
    flights,
    call,
    getCode,
    appId,
  );
  return {
    get status() {
      return state.status;
    },
    get user() {
      return state.user || null;
    },
    login: logIn,
    request: dropIn('request'),
    upload: dropIn('uploadFile'),
    call,
    code: () => getCode().catch(getCode),
    getUser,
    logout: () => quit(),
    leave,
    onChange,
    continueAsGuest() {
      const guest = state.guest || { id: `${Math.random()}`, notes: [] };
      // A guest may be logging in.
      if (state.status !== 'guest') void quit({ status: 'guest', guest });
      return {
        id: guest.id,
        note(entry) {
          const notes = [...(state.guest || guest).notes, entry].slice(-MAX_NOTES);
          if (state.status === 'guest') set({ guest: { ...guest, notes } });
        },
      };
    },
    ...createOutcomes(host, invoke, flights, call, send, state, set, logIn, usable),
  };
}
