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
export class AuthError extends Error implements AuthErrorDetails {
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean = false;
  readonly retryAfter: number | undefined;
  readonly detail: string | undefined;
  /** What WeChat or the network said. */
  readonly reason: unknown;
  /** What to tell the person, in Chinese and in English. */
  readonly advice: Advice;

  constructor(code: string, details: AuthErrorDetails = {}) {
    super(details.detail ? `${code}: ${details.detail}` : code);
    this.name = 'AuthError';
    this.code = code;
    this.advice = adviceFor(code, !!details.retryable);
    Object.assign(this, details);
  }
}

/**
 * Makes an AuthError of an answer that is not 2xx.
 * @param body the parsed body: problem+json (RFC 9457), or whatever a proxy has answered
 * @param retryAfter the header field Retry-After, in seconds
 */
export function errorOf(status: number, body: unknown, retryAfter?: string | null): AuthError {
  const { code, requestId, detail } = Object(body) as Partial<Problem>;
  return new AuthError(typeof code === 'string' ? code : `HTTP_${status}`, {
    status,
    requestId,
    detail,
    // Refused means not done.
    retryable: status === 429 || status === 503,
    retryAfter: retryAfter && Number(retryAfter) >= 0 ? Number(retryAfter) : undefined,
  });
}
