import { createHash, randomBytes } from 'node:crypto';
import type { TokenReply } from '../../../shared/api.js';
import { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import { addressOf, optionsInvalid, urlOf } from '../options.js';
import { bodyOf } from '../service/replies.js';
import { TOKEN_FIELDS } from '../service/service-client.js';
import { ServiceHttp, type ServiceOptions } from '../service/service-http.js';
import { nextUrl } from './next-url.js';
import {
  addPending,
  type PendingLogin,
  pendingLogins,
  removePending,
  writePending,
} from './pending-logins.js';
import { returnedBy, type Returned } from './returned.js';
import { checkSession, type SessionStore } from './session-store.js';

/** Options of `createWebLogin`. */
export interface WebLoginOptions extends Omit<ServiceOptions, 'baseUrl'> {
  /** Address of wechat-auth for browsers: its PUBLIC_URL. */
  readonly baseUrl: string | URL;
  /** Its address for this back end, where that is another one. */
  readonly internalUrl?: string | URL | undefined;
  /** URL of your route that calls `finishLogin`. RETURN_URLS of wechat-auth must cover it. */
  readonly returnTo: string | URL;
  /** AppID of the website app, where wechat-auth has several. */
  readonly appId?: string | undefined;
  /**
   * `wechat` (default): WeChat's QR page at once. `hosted`: the login page of wechat-auth, which is also for phones and
   * for people inside WeChat.
   */
  readonly page?: 'wechat' | 'hosted' | undefined;
  /** Path of your site where people go after a login without `next`. Default `/`. */
  readonly home?: string | undefined;
}

/** Options of one login. */
export interface BeginOptions {
  /** Where the person goes afterwards, as your page was asked: a path of your site. Anything else becomes `home`. */
  readonly next?: unknown;
  /** Instead of the option of `createWebLogin`. */
  readonly returnTo?: string | URL | undefined;
  readonly appId?: string | undefined;
  /** `login`: a fresh login at WeChat, also where the hosted page knows who has logged in. */
  readonly prompt?: 'login' | undefined;
}

/** A finished login. */
export type FinishedLogin = TokenReply & {
  /** A path of your site: redirect there. */
  readonly next: string;
};

/** The login of a website through its back end: no token reaches the browser. */
export interface WebLogin {
  /**
   * Begins a login in this session. Several may be under way, one in each tab.
   * @returns the URL to redirect the browser to
   */
  readonly beginLogin: (session: SessionStore, options?: BeginOptions) => Promise<string>;
  /**
   * Finishes a login when the browser has returned. It works once. Give the browser a new session id afterwards
   * (`req.session.regenerate`).
   * @param returned the URL of the request, or its parsed query
   * @throws AuthError with the code of wechat-auth (such as LOGIN_DENIED) and its request id; STATE_INVALID for a login
   * that this session has not begun; SERVICE_UNREACHABLE and others that are `retryable` leave it possible to load the
   * page again
   */
  readonly finishLogin: (session: SessionStore, returned: Returned) => Promise<FinishedLogin>;
}

const PATHS = { wechat: '/v1/web-qr-login/authorize', hosted: '/login' } as const;
/** Parameter of returnTo that names the login. */
const LOGIN_ID = 'loginId';

/**
 * Creates the two functions for the routes of a back end.
 * @throws AuthError OPTIONS_INVALID
 */
export function createWebLogin(options: WebLoginOptions): WebLogin {
  const { appId, page = 'wechat', home = '/' } = options;
  const baseUrl = addressOf(options.baseUrl, 'baseUrl');
  const site = urlOf(options.returnTo, 'returnTo');
  const http = new ServiceHttp({ ...options, baseUrl: options.internalUrl ?? baseUrl });
  if (!(page in PATHS)) throw optionsInvalid('page must be wechat or hosted');

  async function redeem(loginCode: string, { codeVerifier }: PendingLogin): Promise<TokenReply> {
    const reply = await http.call('/v1/web-qr-login/token', {
      json: { loginCode, codeVerifier },
      // The service redeems a loginCode once, so a repetition opens no second session.
      repeatable: true,
    });
    return bodyOf<TokenReply>(reply, { ...TOKEN_FIELDS, user: 'object' });
  }

  return {
    async beginLogin(session, begin = {}) {
      checkSession(session);
      const codeVerifier = randomBytes(32).toString('base64url');
      const id = randomBytes(9).toString('base64url');
      const returnTo = urlOf(begin.returnTo ?? site, 'returnTo');
      returnTo.searchParams.set(LOGIN_ID, id);
      await addPending(session, {
        id,
        codeVerifier,
        next: nextUrl(begin.next, returnTo, home),
        at: Date.now(),
      });
      const url = new URL(`${baseUrl}${PATHS[page]}`);
      url.searchParams.set('returnTo', returnTo.href);
      url.searchParams.set('codeChallenge', createHash('sha256').update(codeVerifier).digest('base64url'));
      const app = begin.appId ?? appId;
      if (app !== undefined) url.searchParams.set('appId', app);
      if (begin.prompt !== undefined) url.searchParams.set('prompt', begin.prompt);
      return url.href;
    },

    async finishLogin(session, returned) {
      checkSession(session);
      const answer = returnedBy(returned, LOGIN_ID);
      const pending = await pendingLogins(session);
      const named = pending.filter(({ id }) => id === answer.login);
      if (answer.kind === 'error') {
        for (const login of named) await removePending(session, login);
        throw answer.error;
      }
      let refusal = failure('STATE_INVALID', {
        status: 400,
        detail: 'This session has not begun the login, or the login is finished already.',
      });
      // A site that passes the loginCode alone: a wrong verifier does not use it up.
      const candidates = answer.login === undefined ? pending.toReversed() : named;
      // A session that cannot be written fails here, where the login stays. Afterwards the tokens would be lost.
      if (candidates.length > 0) await writePending(session, pending);
      for (const login of candidates) {
        try {
          const tokens = await redeem(answer.loginCode, login);
          await removePending(session, login);
          return { ...tokens, next: login.next };
        } catch (error) {
          if (!(error instanceof AuthError) || error.code !== 'LOGIN_CODE_INVALID') throw error;
          refusal = error;
        }
      }
      throw refusal;
    },
  };
}
