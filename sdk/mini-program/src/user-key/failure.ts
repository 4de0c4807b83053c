import { AuthError, type AuthErrorDetails } from '../../../shared/auth-error.js';

/**
 * - `USER_KEY_UNAVAILABLE`: WeChat gives no key or no random bytes; `retryable` unless it has no such function.
 * - `USER_KEY_STALE`: the payload was sealed with a key that is no longer known.
 * - `USER_PAYLOAD_INVALID`: it is not a sealed payload, or it was changed; or what is to be sealed is no text.
 */
export type UserKeyErrorCode = 'USER_KEY_UNAVAILABLE' | 'USER_KEY_STALE' | 'USER_PAYLOAD_INVALID';

export const failure = (code: UserKeyErrorCode, detail: string, more?: AuthErrorDetails): AuthError =>
  new AuthError(code, { ...more, detail });
