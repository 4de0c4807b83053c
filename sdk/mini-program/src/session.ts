import { AuthError } from '../../shared/auth-error.js';
import type { RefreshReply, TokenReply, User } from '../../shared/api.js';
import { networkError } from './failures.js';
import { type Flights, single } from './flights.js';
import { TRIES } from './requests.js';
import { LOGGED_OUT, type State, type Tokens } from './state.js';
import { nothing } from './platform.js';
import type { Login } from './types.js';

export const ME = '/v1/users/me';
export const MINI_PROGRAM = '/v1/mini-program/';

type Granted = RefreshReply & { readonly user?: User | null };

const loggedOut = (): AuthError => new AuthError('LOGGED_OUT');

/** Handles the errors whose status, code and `retryable` fit a pattern. */
export const rescue = <Result, Other>(
  promise: Promise<Result>,
  pattern: RegExp,
  handle: (error: unknown) => Other | Promise<Other>,
): Promise<Result | Other> =>
  promise.catch((error: unknown) => {
    const known = error as AuthError;
    if (pattern.test(`${known.status} ${known.code} ${known.retryable}`)) return handle(error);
    throw error;
  });

/**
 * Login, refresh and logout.
 * @param login its name among the flights
 * @param flights of all instances of this program that share a storage
 * @param call where `data` is a function, the route is public, and each try gets new data
 * @param getCode gives a fresh code of wx.login
 */
export function createSession(
  state: State,
  set: (changes: Partial<State>) => void,
  reload: () => void,
  login: string,
  flights: Flights,
  call: <Data>(path: string, data?: unknown, method?: string, tries?: number) => Promise<Data>,
  getCode: () => Promise<string>,
  appId?: string,
) {
  /** The state by a reply with tokens. They are refreshed after nine tenths of their life, in seconds. */
  const after = (reply: Granted | null): State => {
    // Others than the service may answer 200, too.
    if (!reply?.accessToken || !reply.refreshToken) throw networkError(reply);
    return {
      status: 'logged-in',
      tokens: [reply.accessToken, reply.refreshToken, Date.now() + reply.expiresIn * 900],
      leaving: false,
      user: reply.user || state.user,
    };
  };

  /** Redeems a refresh token, or ends its session. */
  const spend = <Reply>(route: string, refreshToken: string, tries?: number): Promise<Reply> =>
    call(`/v1/auth/${route}`, () => ({ refreshToken }), 'POST', tries);

  /** Tells the service that a session is over. Never rejects. */
  const end = (refreshToken?: string): Promise<unknown> | string | undefined =>
    refreshToken && spend('logout', refreshToken).catch(nothing);

  /** A code works once, so each try takes a new one. */
  const exchange = (): Promise<TokenReply> =>
    call(MINI_PROGRAM + 'login', async () => ({ code: await getCode(), appId }));

  const logIn = async (): Promise<Login> => {
    reload();
    const reply = await single(flights, login, async (isCurrent) => {
      const fresh = await rescue(exchange(), / WECHAT_CODE/, exchange);
      const next = after(fresh);
      reload();
      if (!isCurrent()) {
        await end(fresh.refreshToken);
        throw loggedOut();
      }
      void end(state.tokens?.[1]);
      set(next);
      return fresh;
    });
    // Another instance may have logged in.
    reload();
    return { user: reply.user, identity: reply.identity, isNewUser: reply.isNewUser };
  };

  /** @param rejected where the access token does not work any more */
  const refresh = (refreshToken: string, rejected?: string): Promise<void> =>
    single(flights, refreshToken, async () => {
      const fresh = await rescue(
        spend<RefreshReply>('refresh', refreshToken, rejected ? TRIES : 1),
        /^40[01] (?!HTTP)/,
        nothing,
      );
      reload();
      // After a logout or another login this is about a session of the past.
      if (state.tokens?.[1] !== refreshToken) return;
      if (fresh) set(after(fresh));
      // If the account was being deleted, a login would make a new one.
      else set({ tokens: null, status: state.leaving ? 'logged-out' : 'unknown' });
    });

  /**
   * Logs in or refreshes where needed.
   * @param rejected the access token that was answered by 401
   * @returns nothing for a guest
   * @throws AuthError LOGGED_OUT
   */
  const usable = async (rejected?: string): Promise<Tokens | null | undefined> => {
    const stale = (): string | false | undefined => {
      const [accessToken, refreshToken, renewAt] = state.tokens || [];
      return (accessToken === rejected || Date.now() > renewAt!) && refreshToken;
    };
    if (stale() !== false) reload();
    const old = stale();
    // In advance, the old token still works.
    if (old) await rescue(refresh(old, rejected), rejected ? /^$/ : /true$/, nothing);
    // Where storage has lost the login of another instance, this one logs in, too.
    while (flights[login] || !(state.tokens || /out|guest/.test(state.status))) await logIn();
    if (/out/.test(state.status)) throw loggedOut();
    return state.tokens;
  };

  /** Ends the session: here at once, then at the service. Never rejects. */
  const quit = async (changes?: Partial<State>): Promise<void> => {
    reload();
    const token = state.tokens?.[1];
    const flight = flights[login];
    // A login that is under way ends its own session.
    delete flights[login];
    set({ ...LOGGED_OUT, ...changes });
    await end(token);
    await flight?.catch(nothing);
  };

  const getUser = async (): Promise<User | null> => {
    // Who answers is not deleted.
    if (await usable()) set({ user: await call<User>(ME), leaving: false });
    return state.user!;
  };

  /**
   * Deletes the account. While an answer may be missing, `leaving` stands in the state: a session that was alive and has
   * ended then has ended with the account, and nothing logs in.
   */
  const leave = async (): Promise<void> => {
    const erase = (): Promise<unknown> => {
      set({ leaving: true });
      return call(ME, undefined, 'DELETE', TRIES);
    };
    try {
      if (!(await getUser())) throw loggedOut();
      await rescue(erase(), / REAUTH/, () => logIn().then(erase));
    } catch (error) {
      if ((error as AuthError).code !== 'LOGGED_OUT' || !state.leaving) throw error;
    }
    set(LOGGED_OUT);
  };

  return [logIn, usable, quit, getUser, leave] as const;
}
