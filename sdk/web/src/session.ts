import { AuthError } from '../../shared/auth-error.js';
import type { LoginIdentity, TokenReply, User } from '../../shared/api.js';
import { authorizedFetch } from './authorized-fetch.js';
import { listen } from './deadline.js';
import { newestGeneration, noteGeneration } from './generations.js';
import { ENDED, KNOWN_PEER_MS, PEER_MS } from './limits.js';
import { call, callOnce, pauseAfter, persist } from './service.js';
import { quietly, storedValue, type TokenStorage } from './storage.js';
import { exclusively } from './tab-lock.js';
import { isFresh, timeLeft, type Tokens, tokensOf, tokensOfReply } from './tokens.js';

/** `unknown`: until the refresh token of a former page was read and proved good. */
export type Status = 'unknown' | 'logged-in' | 'logged-out';

/** What `onChange` tells. */
export interface Change {
  readonly status: Status;
  /** As last heard of; `null` until a login or `getUser` has brought it. */
  readonly user: User | null;
  /** Why the login has ended, where the person did not end it. */
  readonly error?: AuthError | undefined;
}

/** What tabs tell one another. */
interface Message {
  /** New tokens: refresh token, access token, seconds left. */
  readonly tokens?: readonly [string, string, number];
  readonly user?: User | null;
  /** Asks for tokens of this session that are newer than those of a generation. */
  readonly ask?: readonly [id: string, generation: number];
  /** The session that has ended, `''` for none. */
  readonly ended?: string;
  /** Whether the person has logged out: this ends all logins. */
  readonly all?: boolean;
}

/** Result of a login. */
export interface Login {
  readonly user: User;
  readonly identity: LoginIdentity;
  readonly isNewUser: boolean;
}

/** The login of this tab, which others of the same site may share. */
export interface Session {
  readonly status: Status;
  /** The user as last heard of; `null` before, and without a login. */
  readonly user: User | null;
  /**
   * An access token that is good for the next minute; `null` without a login.
   * @param refused one that your API has refused, to get another
   */
  readonly getAccessToken: (refused?: string) => Promise<string | null>;
  /** The user as the service has it now; `null` without a login. */
  readonly getUser: () => Promise<User | null>;
  /** `fetch` with the access token, for the service and `origins` only. A 401 is answered by one refresh and one replay. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** Ends the session, here and in all tabs. Here it takes effect at once, also without a network. */
  readonly logout: () => Promise<void>;
  /** @returns a function that ends it */
  readonly onChange: (listener: (change: Change) => unknown) => () => void;
}

/**
 * @param base address of the service, without a slash at its end
 * @returns the session, and what begins a login in it
 */
export function createSession(
  base: string,
  origins: readonly string[],
  option: TokenStorage | null | undefined,
): [session: Session, begin: (reply: TokenReply) => Promise<Login>] {
  const name = `wechat-auth:${base}`;
  const stored = storedValue(option, name);
  const listeners = new Set<(change: Change) => unknown>();
  // Of the window: Node.js has one too, which would keep a server from ending.
  const channel = quietly(() => new window.BroadcastChannel(name));
  /** `undefined` until somebody has asked. */
  let tokens: Tokens | null | undefined;
  let user: User | null = null;
  let refreshing: Promise<void> | undefined;
  /** The last tokens of another tab: it may be heard before what it has stored can be read here. */
  let heard: Message = {};
  /** Ends the wait for another tab. */
  let onAnswer = (): void => undefined;

  const current = (): Tokens | null | undefined => tokens;
  const status = (): Status =>
    tokens === null ? 'logged-out' : tokens?.accessToken ? 'logged-in' : 'unknown';
  const post = (message: Message): void => channel?.postMessage(message);
  const share = (): void => {
    if (tokens) post({ tokens: [tokens.refreshToken, tokens.accessToken, timeLeft(tokens) / 1000], user });
  };

  const set = (next: Tokens | null, nextUser: User | null, error?: AuthError): void => {
    const isSameUser = user === nextUser;
    const former = status();
    tokens = next;
    user = nextUser;
    const change = { status: status(), user, error };
    if (isSameUser && change.status === former) return;
    // What a listener throws is the page's: it goes to its console, not to the caller.
    for (const listener of listeners) queueMicrotask(() => void listener(change));
  };

  /** Takes tokens: of the service, or from another tab where the session is the same or the storage is shared. */
  const take = async (next: Tokens, nextUser: User | null, isOurs = false): Promise<void> => {
    const { id, generation, refreshToken } = next;
    if (!isOurs && tokens?.id !== id && (await stored.read()) !== refreshToken) return;
    const mine = current();
    const isSame = mine?.id === id;
    if (isSame && mine.generation >= generation + (mine.accessToken ? 0 : 1)) return;
    if (newestGeneration(id) > generation) return;
    noteGeneration(id, generation);
    set(next, nextUser ?? (isSame ? user : null));
    onAnswer();
    await stored.write(refreshToken);
    if (isOurs && tokens === next) share();
  };

  /** Ends the login in this tab. @param all in all tabs: `true` any login, `false` this session */
  const leave = async (error?: AuthError, all?: boolean): Promise<void> => {
    const ended = tokens?.id ?? '';
    if (all !== undefined) {
      noteGeneration(ended, ENDED);
      post({ ended, all });
    }
    set(null, null, error);
    // Another tab may have logged in since.
    if (tokensOf(await stored.read()).id === ended) await stored.remove();
  };

  /** Finds out whether a former page or another one has begun or ended the login. */
  const ready = async (): Promise<void> => {
    if (tokens && newestGeneration(tokens.id) === ENDED) await leave();
    const found = tokensOf(tokens ? '' : await stored.read());
    if (!tokens) set(found.id && newestGeneration(found.id) < ENDED ? found : null, null);
  };

  /** Finds out what other tabs have done. @param mine the tokens before */
  const catchUp = async (mine: Tokens): Promise<void> => {
    const found = tokensOf(await stored.read());
    if (found.id && found.refreshToken !== mine.refreshToken) await take(found, null);
    const now = current();
    if (!now || !channel || (now !== mine && now.accessToken)) return;
    const newest = newestGeneration(now.id);
    if (now === mine && newest === mine.generation) return;
    await new Promise<void>((resolve) => {
      onAnswer = resolve;
      post({ ask: [mine.id, mine.generation] });
      setTimeout(resolve, newest > now.generation ? KNOWN_PEER_MS : PEER_MS);
    });
  };

  /** A further try, too, first finds out what other tabs have done: the network may have come back after hours. */
  const refresh = (before: Tokens): Promise<void> =>
    persist(() => exclusively(`${name}:${before.id}`, () => refreshOnce(before)));

  const refreshOnce = async (before: Tokens): Promise<void> => {
    if (tokens) await catchUp(tokens);
    const mine = current();
    if (!mine || (mine !== before && isFresh(mine))) return;
    const { id, generation, refreshToken } = mine;
    // Another tab had replaced it, and is gone. To use it would count as theft.
    if (newestGeneration(id) > generation) return leave(new AuthError('SESSION_ENDED'));
    try {
      const next = tokensOfReply(await callOnce(`${base}/v1/auth/refresh`, { body: { refreshToken } }));
      if (tokens?.id === id) await take(next, null, true);
    } catch (error) {
      if (!isFinal(error as AuthError)) throw error;
      if (tokens?.id === id) await leave(error as AuthError, false);
    }
  };

  const forgetRefresh = (): void => {
    refreshing = undefined;
  };

  const logout = async (): Promise<void> => {
    await ready();
    const body = tokens && { refreshToken: tokens.refreshToken };
    await leave(undefined, true);
    if (!body) return;
    await call(`${base}/v1/auth/logout`, { body, keepalive: true, tries: 2 }).catch(() => undefined);
  };

  const receive = async (message: Message): Promise<void> => {
    const { tokens: given, user: theirs, ask, ended, all } = message;
    if (given) heard = message;
    if (ended !== undefined) noteGeneration(ended, ENDED);
    await ready();
    if (given) await take(tokensOf(...given), theirs ?? null);
    if (ask && tokens?.id === ask[0] && tokens.generation > ask[1]) share();
    if (all && tokens) await logout();
  };

  quietly(() => {
    if (channel) channel.onmessage = ({ data }: MessageEvent<Message>) => void receive(data);
    // A page from the back/forward cache has missed messages; some browsers have none.
    listen(['pageshow', 'storage'], () => void (tokens !== undefined && receive(heard)));
  });

  const getAccessToken = async (refused?: string): Promise<string | null> => {
    await ready();
    const before = tokens;
    if (!before) return null;
    if (isFresh(before) && before.accessToken !== refused) return before.accessToken;
    try {
      await (refreshing ??= refresh(before).then(forgetRefresh, (error: unknown) => {
        // The service may have said when to come again.
        setTimeout(forgetRefresh, pauseAfter(error));
        throw error;
      }));
    } catch (error) {
      // It is good for a while yet.
      if (!tokens || tokens.accessToken === refused || timeLeft(tokens) <= 0) throw error;
    }
    return current()?.accessToken ?? null;
  };

  const send = authorizedFetch([base, ...origins], getAccessToken);

  const session: Session = {
    get status() {
      return status();
    },
    get user() {
      return user;
    },
    getAccessToken,
    async getUser() {
      if (!(await getAccessToken())) return null;
      const id = tokens?.id;
      try {
        const next = await call<User>(`${base}/v1/users/me`, { send });
        const isNew = JSON.stringify(next) !== JSON.stringify(user);
        if (tokens && tokens.id === id && isNew) set(tokens, next);
        return next;
      } catch (error) {
        // The refresh has shown that the session is over.
        if (!tokens) return null;
        throw error;
      }
    },
    fetch: send,
    logout,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const begin = async (reply: TokenReply): Promise<Login> => {
    const { user: person, identity, isNewUser } = reply;
    await take(tokensOfReply(reply), person, true);
    return { user: person, identity, isNewUser };
  };
  return [session, begin];
}

/**
 * Whether the service has said that the session is over: SESSION_ENDED, REFRESH_TOKEN_INVALID or _REUSED,
 * ACCOUNT_DISABLED, VALIDATION_FAILED. Anything else may pass, such as a 401 of a proxy.
 */
const isFinal = ({ code }: AuthError): boolean => /^(SESS|REFR|ACC|VALI)/.test(code);
