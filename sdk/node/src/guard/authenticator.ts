import { optionsInvalid } from '../options.js';
import type { ServiceOptions } from '../service/service-http.js';
import type { Claims } from '../verify/claims.js';
import { createVerifier, type Verifier, type VerifierOptions } from '../verify/verifier.js';
import { accessTokenOf, type GuardedRequest } from './access-token.js';
import { type Online, OnlineCheck } from './online-check.js';

interface RequestOptions {
  /**
   * `false`: a request without a token goes on as nobody's. One with a bad token is refused all the same, so that the
   * client refreshes it. Default `true`.
   */
  readonly required?: boolean | undefined;
  /** TOKEN_HEADER of wechat-auth, where clients send the token in another header field. */
  readonly header?: string | undefined;
  /** `true`: ask wechat-auth about each session, so that a logout holds at once. Default `false`. */
  readonly online?: Online | undefined;
  /** Address of wechat-auth for `online`. Default: the issuer. */
  readonly baseUrl?: string | URL | undefined;
}

/** Options of all guards: those of `createVerifier`, or a verifier that exists. */
export type GuardOptions = RequestOptions & (VerifierOptions | { readonly verifier: Verifier });

/** What all guards share, for frameworks without one. */
export interface Authenticator {
  /**
   * @returns the claims; `undefined` for a request without a token, where none is required
   * @throws AuthError; `refusalOf` makes an answer of it
   */
  readonly authenticate: (
    request: GuardedRequest,
    options?: { readonly required?: boolean },
  ) => Promise<Claims | undefined>;
}

/**
 * Finds out whose request it is.
 * @throws AuthError OPTIONS_INVALID
 */
export function createAuthenticator(options: GuardOptions): Authenticator {
  const header = (options.header ?? 'authorization').toLowerCase();
  const verifier = 'verifier' in options ? options.verifier : createVerifier(options);
  const online = options.online ? new OnlineCheck(options.online, serviceOf(options)) : null;
  return {
    async authenticate(request, { required = options.required ?? true } = {}) {
      const token = accessTokenOf(request, header);
      if (token === undefined && !required) return undefined;
      const claims = await verifier.verify(token);
      return online && token !== undefined ? online.check(token, claims) : claims;
    },
  };
}

function serviceOf(options: GuardOptions): ServiceOptions {
  const issuer = 'issuer' in options ? options.issuer : undefined;
  const baseUrl = options.baseUrl ?? issuer;
  if (baseUrl === undefined) throw optionsInvalid('online needs baseUrl, the address of wechat-auth');
  return { baseUrl, ...('fetch' in options ? { fetch: options.fetch } : {}) };
}
