import { type Advice, adviceFor } from './advice.js';
import type { Problem } from './api.js';

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
  /** What WeChat or the network said. */
  readonly reason?: unknown;
}

/** The one error of this package. `code` is a code of docs/errors.md, or one of the package's own. */
export class AuthError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  /** What to tell the person, in Chinese and in English. */
  readonly advice: Advice;
  /** What WeChat or the network said. */
  readonly reason: unknown;

  constructor(code: string, details: AuthErrorDetails = {}) {
    const { status, requestId, retryable = false, retryAfter, detail, reason } = details;
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'AuthError';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
    this.advice = adviceFor(code, retryable);
    this.reason = reason;
  }
}

/** Statuses after which the same call may succeed: refused means not done. */
const RETRYABLE = [429, 503];

/**
 * Makes an AuthError of an answer that is not 2xx.
 * @param body the parsed body: problem+json (RFC 9457), or whatever a proxy has answered
 * @param retryAfter the header field Retry-After, in seconds
 */
export function errorOf(status: number, body: unknown, retryAfter?: string | null): AuthError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const seconds = Number(retryAfter ?? undefined);
  return new AuthError(typeof problem.code === 'string' ? problem.code : `HTTP_${status}`, {
    status,
    requestId: problem.requestId,
    detail: problem.detail,
    retryable: RETRYABLE.includes(status),
    retryAfter: seconds >= 0 ? seconds : undefined,
  });
}
