import type { ErrorCode } from '../../shared/api.js';
import { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';

/**
 * Codes of this package; all others are those of the service (docs/errors.md), or `HTTP_<status>` for an answer that is
 * not the service's.
 */
export type SdkErrorCode =
  | 'KEYS_UNAVAILABLE'
  | 'SERVICE_UNREACHABLE'
  | 'SERVICE_TIMEOUT'
  | 'SERVICE_BAD_REPLY'
  | 'LOGIN_FAILED'
  | 'WEBHOOK_HEADERS_INVALID'
  | 'WEBHOOK_SIGNATURE_INVALID'
  | 'WEBHOOK_TIMESTAMP_INVALID'
  | 'WEBHOOK_BODY_INVALID'
  | 'WEBHOOK_BODY_PARSED'
  | 'USER_KEY_STALE'
  | 'USER_PAYLOAD_INVALID'
  | 'OPTIONS_INVALID';

/** Whether a text from outside has the form of the codes of docs/errors.md. */
export function isErrorCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(value);
}

/** An error of this package, with a code that is documented. */
export function failure(code: ErrorCode | SdkErrorCode, details: AuthErrorDetails): AuthError {
  return new AuthError(code, details);
}
