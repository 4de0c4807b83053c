import { randomUUID } from 'node:crypto';
import type { Problem } from '../../../shared/api.js';
import type { AuthError } from '../../../shared/auth-error.js';
import type { GuardedRequest } from './access-token.js';

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `application/problem+json` (RFC 9457), in the form of the errors of wechat-auth. */
  readonly problem: Readonly<Omit<Problem, 'code' | 'errors'> & { code: string }>;
}

/** Seconds, where nobody has said when to come again. */
const RETRY_AFTER_S = 2;
/** By code. Everything else is no answer about the token. */
const TITLES = new Map<string, string>([
  ['TOKEN_MISSING', 'An access token is needed'],
  ['TOKEN_INVALID', 'The access token is not valid'],
  ['SESSION_ENDED', 'The session has ended'],
  ['ACCOUNT_DISABLED', 'The account is disabled'],
]);
const UNAVAILABLE = 'The login cannot be checked at the moment';
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * The answer for an error of `authenticate`: 401 with WWW-Authenticate (RFC 6750 section 3), 403 for a disabled
 * account, 503 with Retry-After where nobody can say whether the token is good.
 * @throws the error itself if it is no AuthError: it is a fault of the program
 */
export function refusalOf(error: unknown, request: GuardedRequest & { readonly id?: unknown }): Refusal {
  if (!isAuthError(error)) throw error;
  const { code, detail = UNAVAILABLE, status: given = 503, retryAfter = RETRY_AFTER_S } = error;
  const title = TITLES.get(code);
  const status = title === undefined ? 503 : given;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(status === 401 ? { 'www-authenticate': challengeOf(code, detail) } : {}),
      ...(status === 503 ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) } : {}),
    },
    problem: {
      type: `urn:wechat-auth:error:${code}`,
      title: title ?? UNAVAILABLE,
      status,
      code,
      detail,
      requestId: requestIdOf(request),
    },
  };
}

/** A verifier may come from the ES module of this package and the guard from its CommonJS module, with two classes. */
function isAuthError(error: unknown): error is AuthError {
  return error instanceof Error && error.name === 'AuthError' && 'code' in error;
}

/** Without a token the challenge has no error (RFC 6750 section 3.1). */
function challengeOf(code: string, detail: string): string {
  if (code === 'TOKEN_MISSING') return 'Bearer';
  return `Bearer error="invalid_token", error_description="${detail.replace(/[^\x20-\x7e]|["\\]/g, '')}"`;
}

/** The id that the framework or a proxy gave the request, else a new one. */
function requestIdOf({ id, headers }: GuardedRequest & { readonly id?: unknown }): string {
  const given = [id, headers['x-request-id']].map((each) => (typeof each === 'number' ? String(each) : each));
  return (
    given.find((each): each is string => typeof each === 'string' && REQUEST_ID.test(each)) ?? randomUUID()
  );
}
