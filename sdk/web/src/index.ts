export { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';
export type { Advice } from '../../shared/advice.js';
export type { ErrorCode, LoginIdentity, User } from '../../shared/api.js';
export { type Auth, type AuthOptions, createAuth } from './auth.js';
export type { EmbeddedOptions } from './embedded.js';
export type { RedirectOptions } from './redirect.js';
export type { Change, Login, Session, Status } from './session.js';
export type { TokenStorage } from './storage.js';
export type { Language, State, Texts } from './texts.js';
