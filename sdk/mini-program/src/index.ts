export { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';
export type { Advice } from '../../shared/advice.js';
export type { ErrorCode, Scan, ScanStatus, Session, User, WebViewTicket } from '../../shared/api.js';
export { createAuth } from './create-auth.js';
export type * from './types.js';
