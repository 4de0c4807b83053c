import type { AppError, FieldError } from '../common/app-error.js';

/** Media type of every error reply (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json';

/** Body of every error reply (RFC 9457 with three members of our own: code, requestId, errors). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

/** The problem document of an error, for the request with that id. @param isOperator may know of the set-up */
export function toProblem(error: AppError, requestId: string, isOperator = false): Problem {
  return {
    type: `urn:wechat-auth:error:${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: isOperator ? error.operatorDetail : error.detail,
    requestId,
    ...(error.errors ? { errors: error.errors } : {}),
  };
}

/** What a 401 asks for in WWW-Authenticate (RFC 9110 section 11.6.1) where nothing else is said. */
export const BEARER_CHALLENGE = 'Bearer';

/** A token came, and is not good (RFC 6750 section 3.1). Where none came, no error is told. */
export const INVALID_TOKEN_CHALLENGE = 'Bearer error="invalid_token"';

/** Routes that take the name and key of a program as HTTP Basic (RFC 7617). */
export const BASIC_CHALLENGE = 'Basic realm="wechat-auth", charset="UTF-8"';
