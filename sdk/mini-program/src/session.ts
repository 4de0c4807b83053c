import { AuthError } from '../../shared/auth-error.js';
import type { RefreshReply, TokenReply } from '../../shared/api.js';
import { bodyOf, codeOf, replyError } from './failures.js';
import { type Flights, single } from './flights.js';
import { persist } from './persist.js';
import type { State, Tokens } from './record.js';
import type { createState } from './state.js';
import type { Login, Response } from './types.js';

/** Name of the login among the works under way. */
export const LOGIN = '';
/** How long before its expiry an access token is refreshed, at most (s). */
const MARGIN_S = 60;

const loggedOut = (): AuthError => new AuthError('LOGGED_OUT');

/** The tokens of a reply. @throws AuthError also where a proxy has answered in place of the service */
function tokensIn(reply: Response): Tokens {
  const { accessToken, refreshToken, expiresIn } = Object(bodyOf(reply)) as RefreshReply;
  if (!accessToken) throw replyError(reply);
  const renewAt = Date.now() + Math.max(expiresIn - MARGIN_S, expiresIn / 2) * 1000;
  return { accessToken, refreshToken, renewAt };
}

/**
 * Login, refresh and logout.
 * @param flights of all instances of this program that share a storage
 * @param post calls a public route
 * @param getCode gives a fresh code of wx.login
 */
export function createSession(
  [now, set, reload]: ReturnType<typeof createState>,
  flights: Flights,
  post: (route: string, data: object) => Promise<Response>,
  getCode: () => Promise<string>,
  appId?: string,
) {
  /** Tells the service that a session is over. Never rejects. */
  const end = async (tokens?: Tokens): Promise<unknown> =>
    tokens &&
    persist(() => post('auth/logout', { refreshToken: tokens.refreshToken }), true).catch(() => undefined);

  /** A code works once, so each time takes a new one. */
  const exchange = async (again?: boolean): Promise<Response> => {
    const reply = await persist(
      async () => post('mini-program/login', { code: await getCode(), appId }),
      true,
    );
    return again && codeOf(reply).startsWith('WECHAT_CODE') ? exchange() : reply;
  };

  const logIn = async (): Promise<Login> => {
    if (!flights[LOGIN]) reload();
    const [login, next, owner] = await single(flights, LOGIN, async (isCurrent) => {
      const reply = await exchange(true);
      const tokens = tokensIn(reply);
      const { user, identity, isNewUser } = bodyOf(reply) as TokenReply;
      reload();
      if (!isCurrent()) {
        await end(tokens);
        throw loggedOut();
      }
      const { tokens: old, guest } = now();
      const state: State = { status: 'logged-in', tokens, guest };
      set(state, user);
      void end(old);
      return [{ user, identity, isNewUser }, state, set] as const;
    });
    if (owner !== set) {
      // Another instance has logged in, and storage may have lost it.
      reload();
      set(now().tokens ? now() : next, login.user, true);
    }
    return login;
  };

  const refresh = ({ refreshToken }: Tokens, tries?: number): Promise<void> =>
    single(flights, refreshToken, async () => {
      const reply = await persist(() => post('auth/refresh', { refreshToken }), true, true, tries);
      const isOver = /40[01]/.test(`${reply.statusCode}`) && codeOf(reply);
      const tokens = isOver ? undefined : tokensIn(reply);
      reload();
      const state = now();
      // After a logout or another login this is about a session of the past.
      if (!state.tokens || state.tokens.refreshToken !== refreshToken) return;
      // If the account was being deleted, a login would make a new one.
      const status = tokens ? 'logged-in' : state.leaving ? 'logged-out' : 'unknown';
      set({ ...state, status, tokens });
    });

  /**
   * Logs in or refreshes where needed.
   * @param rejected the access token that was answered by 401
   * @returns nothing for a guest
   * @throws AuthError LOGGED_OUT
   */
  const usable = async (rejected?: string): Promise<Tokens | undefined> => {
    const stale = (): Tokens | undefined => {
      const { tokens } = now();
      return tokens && (tokens.accessToken === rejected || Date.now() > tokens.renewAt!) ? tokens : undefined;
    };
    if (!flights[LOGIN]) {
      if (stale() || !now().tokens) reload();
      const old = stale();
      if (old) {
        // In advance, the old token still works.
        await refresh(old, rejected ? 3 : 1).catch((error: unknown) => {
          if (rejected || !(error as AuthError).retryable) throw error;
        });
      }
    }
    if (flights[LOGIN] || now().status === 'unknown') await logIn();
    if (now().status === 'logged-out') throw loggedOut();
    return now().tokens;
  };

  /** Ends the session: here at once, then at the service. Never rejects. */
  const quit = async (state: State): Promise<void> => {
    reload();
    const { tokens } = now();
    const flight = flights[LOGIN];
    // A login that is under way ends its own session.
    delete flights[LOGIN];
    set(state);
    await Promise.all([end(tokens), flight && flight.catch(() => undefined)]);
  };

  return [logIn, usable, quit] as const;
}
