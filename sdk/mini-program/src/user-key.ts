export { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';
export type { Advice } from '../../shared/advice.js';
export { getLatestUserKey, type UserKey } from './user-key/latest-key.js';
export { openPayload, openPayloadBytes, sealPayload } from './user-key/payload.js';
export type { UserKeyErrorCode } from './user-key/failure.js';
