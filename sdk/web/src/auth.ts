import { AuthError } from '../../shared/auth-error.js';
import { embed, type EmbeddedOptions } from './embedded.js';
import { redeemAnswer, redirect, type RedirectOptions } from './redirect.js';
import { createSession, type Login, type Session } from './session.js';
import type { TokenStorage } from './storage.js';

/** Options of `createAuth`. */
export interface AuthOptions {
  /** Address of wechat-auth, for instance `https://auth.example.com`. */
  readonly baseUrl: string;
  /** The app at WeChat for all logins, where the service has several. */
  readonly appId?: string;
  /**
   * Where the refresh token is kept: session storage (default), `localStorage`, anything with its three methods, or
   * `null` for memory alone. The access token is only ever in memory.
   */
  readonly storage?: TokenStorage | null;
  /** Origins besides that of `baseUrl` to which `fetch` sends the access token: your own API. */
  readonly origins?: readonly string[];
}

/**
 * What `createAuth` gives. Every function but `fetch` that returns a promise rejects with `AuthError` and nothing else.
 * Functions may be passed on without the object.
 */
export interface Auth extends Session {
  /** Leaves the page for a login. */
  readonly loginWithRedirect: (options?: RedirectOptions) => Promise<void>;
  /** The same inside WeChat's browser, by the official account. Elsewhere NOT_IN_WECHAT. */
  readonly loginInWeChat: (options?: Pick<RedirectOptions, 'returnTo' | 'appId'>) => Promise<void>;
  /**
   * Shows a code in an element until somebody has logged in with it: refusals, expired codes and lost networks are
   * handled there. A later call for the same element ends the former one. With the `codeChallenge` of a back end the
   * result is the loginCode, which that redeems.
   */
  readonly loginEmbedded: {
    (
      element: Element,
      options: EmbeddedOptions & { readonly codeChallenge: string },
    ): Promise<{ readonly loginCode: string }>;
    (element: Element, options: EmbeddedOptions): Promise<Login>;
  };
  /**
   * Ends a login that came back to this page; call it on each load. It may be called any number of times.
   * @param url address of the page, where a router has changed it already
   * @returns `null` where the address has no result
   */
  readonly handleCallback: (url?: string) => Promise<Login | null>;
}

/** Logs people in on a website. */
export function createAuth({ baseUrl, appId, storage, origins = [] }: AuthOptions): Auth {
  const base = baseUrl.replace(/\/+$/, '');
  const [session, begin] = createSession(base, origins, storage);
  return Object.assign(session, {
    loginWithRedirect: (options?: RedirectOptions) => redirect(base, { appId, ...options }, false),
    async loginInWeChat(options?: RedirectOptions) {
      if (!/MicroMessenger/i.test(navigator.userAgent)) throw new AuthError('NOT_IN_WECHAT');
      await redirect(base, { appId, ...options }, true);
    },
    async loginEmbedded(element: Element, options: EmbeddedOptions) {
      const result = await embed(base, element, { appId, ...options });
      return ('loginCode' in result ? result : begin(result)) as never;
    },
    async handleCallback(url?: string) {
      const reply = await redeemAnswer(base, url);
      return reply && begin(reply);
    },
  });
}
