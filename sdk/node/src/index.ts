export { createVerifier, type Verifier, type VerifierOptions } from './verify/verifier.js';
export type { Claims } from './verify/claims.js';
export type { Fetch } from './service/network.js';
export { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';
export type { Advice } from '../../shared/advice.js';
export type { ErrorCode } from '../../shared/api.js';
