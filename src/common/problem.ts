import type { AppError, FieldError } from './app-error.js';

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
