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

/** Builds the problem document of an error. @param isOperator adds details of the configuration */
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

/** Default challenge of a 401 in WWW-Authenticate (RFC 9110 section 11.6.1). */
export const BEARER_CHALLENGE = 'Bearer';

/** Challenge for an invalid token (RFC 6750 section 3.1). Without a token, the challenge has no error. */
export const INVALID_TOKEN_CHALLENGE = 'Bearer error="invalid_token"';

/** Challenge of routes that accept a program's name and key by HTTP Basic (RFC 7617). */
export const BASIC_CHALLENGE = 'Basic realm="wechat-auth", charset="UTF-8"';
