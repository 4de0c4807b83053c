import { AuthError } from '../../shared/auth-error.js';
import type { TokenReply } from '../../shared/api.js';
import { returnAddress, takeAnswer } from './address.js';
import { challengeOf, randomText } from './pkce.js';
import { call } from './service.js';
import { quietly } from './storage.js';

/** Options of a login that leaves the page. */
export interface RedirectOptions {
  /** Where to return to; RETURN_URLS of the service must allow it. Default: this page. */
  readonly returnTo?: string;
  /** `login` (default): the hosted page, which adapts to the browser. `wechat`: WeChat's own QR page. */
  readonly page?: 'login' | 'wechat';
  /** `login`: a fresh login at WeChat, also where the hosted page knows who has logged in. */
  readonly prompt?: 'login' | undefined;
  /** The app at WeChat, where the service has several. */
  readonly appId?: string | undefined;
  /** Of a mini program's web view, made for this returnTo; no page is shown. */
  readonly ticket?: string;
}

/** Where the code verifier of a login of this tab is kept: people go back and begin another one. */
const KEY = 'wechat-auth:login:';
const verifierOf = (login: string): string | null | undefined =>
  quietly(() => sessionStorage.getItem(KEY + login));

/**
 * Leaves for a login. A ticket and a login inside WeChat leave no entry in the history: to go back would log in again.
 * @throws AuthError STORAGE_UNAVAILABLE where the tab would not find its code verifier again; INSECURE_CONTEXT
 */
export async function redirect(base: string, options: RedirectOptions, replaces: boolean): Promise<void> {
  const { returnTo, page, prompt, appId, ticket } = options;
  // A ticket is for exactly one address, which then cannot name the login.
  const login = ticket ? '' : randomText();
  const verifier = randomText();
  const codeChallenge = await challengeOf(verifier);
  quietly(() => sessionStorage.setItem(KEY + login, verifier));
  if (verifierOf(login) !== verifier) throw new AuthError('STORAGE_UNAVAILABLE');
  const query = new URLSearchParams({
    returnTo: ticket && returnTo ? returnTo : returnAddress(login, returnTo),
    codeChallenge,
  });
  if (prompt) query.set('prompt', prompt);
  if (appId) query.set('appId', appId);
  if (ticket) query.set('ticket', ticket);
  const path = ticket || page === 'wechat' ? 'v1/web-qr-login/authorize' : 'login';
  location[replaces || ticket ? 'replace' : 'assign'](`${base}/${path}?${query.toString()}`);
}

/** By loginCode, for all that the page has created: React creates and calls things twice. */
const redemptions = new Map<string, Promise<TokenReply>>();
/** The result that was in the address a moment ago. */
let latest: Promise<TokenReply> | undefined;

/**
 * Redeems the loginCode in the address, once.
 * @returns `null` where the address has no result
 * @throws AuthError with the code that came back, or STATE_INVALID where this tab has begun no such login
 */
export async function redeemAnswer(base: string, address?: string): Promise<TokenReply | null> {
  const answer = takeAnswer(address);
  if (answer) {
    const { login, loginCode, error, requestId } = answer;
    latest =
      redemptions.get(loginCode) ??
      (loginCode ? redeemFor(base, login, loginCode) : Promise.reject(new AuthError(error, { requestId })));
    if (loginCode) redemptions.set(loginCode, latest);
    const forget = (): unknown => setTimeout(() => (latest = undefined));
    latest.then(forget, forget);
  }
  return latest ?? null;
}

async function redeemFor(base: string, login: string, loginCode: string): Promise<TokenReply> {
  const verifier = verifierOf(login);
  // Somebody else's loginCode would log this person in as them (login CSRF).
  if (!verifier) throw new AuthError('STATE_INVALID');
  const reply = await redeem(base, loginCode, verifier);
  quietly(() => sessionStorage.removeItem(KEY + login));
  return reply;
}

/** Exchanges a loginCode for tokens. */
export const redeem = (
  base: string,
  loginCode: string,
  codeVerifier: string,
  signal?: AbortSignal,
): Promise<TokenReply> =>
  call(`${base}/v1/web-qr-login/token`, { body: { loginCode, codeVerifier }, signal });
