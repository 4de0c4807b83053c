import { ADVICE, type Advice } from './advice.js';
import type { Problem } from './api.js';
import { rowOf } from './row-of.js';

/** What is known about a failure besides its code. */
export interface AuthErrorDetails {
  /** HTTP status; absent where there was no answer. */
  readonly status?: number | undefined;
  /** Finds the request in the service's log and events. */
  readonly requestId?: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** Seconds until then, where the service said it. */
  readonly retryAfter?: number | undefined;
  /** What is special about this occurrence, for developers. */
  readonly detail?: string | undefined;
  /** The faults of fields, with VALIDATION_FAILED. */
  readonly errors?: Problem['errors'];
  /** What WeChat or the network said. */
  readonly reason?: unknown;
}

/** The one error of this package. `code` is a code of docs/errors.md, or one of the package's own. */
export class AuthError extends Error implements AuthErrorDetails {
  declare readonly code: string;
  declare readonly status: number | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryable: boolean;
  declare readonly retryAfter: number | undefined;
  declare readonly detail: string | undefined;
  declare readonly errors: Problem['errors'];
  declare readonly reason: unknown;
  /** What to tell the person, in Chinese and in English. */
  declare readonly advice: Advice;

  constructor(code: string, details: AuthErrorDetails = {}) {
    super(details.detail ? code + ': ' + details.detail : code);
    const [, zh, en] = rowOf(ADVICE, `${code} ${details.retryable}`);
    const advice = { zh: `请${zh}`, en };
    Object.assign(this, { retryable: false, ...details, name: 'AuthError', code, advice });
  }
}

/** A value from outside, if it is a text. */
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Makes an AuthError of an answer that is not 2xx.
 * @param body the parsed body: problem+json (RFC 9457), or whatever a proxy has answered. Only members that an error
 * promises are taken, where they have the right type: a stranger may send a `message`, a `stack`, a number as `code`
 * @param seconds that the service asks to wait; NaN where it does not
 */
export function problemError(status: number, body: unknown, seconds: number, reason?: unknown): AuthError {
  const problem = body as Partial<Problem> | null | undefined;
  return new AuthError(textOf(problem?.code) || `HTTP_${status}`, {
    status,
    requestId: textOf(problem?.requestId),
    detail: textOf(problem?.detail),
    errors: problem?.errors?.map && problem.errors,
    retryable: status === 429 || status > 501,
    retryAfter: seconds >= 0 ? seconds : undefined,
    reason,
  });
}

/** @param retryAfter the header field Retry-After: seconds or a date (RFC 9110 section 10.2.3). @see problemError */
export function errorOf(status: number, body: unknown, retryAfter?: string | null): AuthError {
  const text = retryAfter ?? '';
  const seconds = /\d$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return problemError(status, body, seconds);
}
