export { createVerifier, type Verifier, type VerifierOptions } from './verify/verifier.js';
export type { Claims } from './verify/claims.js';
export {
  createServiceClient,
  type OnBehalfOf,
  type ServiceClient,
  type ServiceClientOptions,
} from './service/service-client.js';
export type { PersonOfApp, SignOptions, WeChatApp } from './service/wechat-app.js';
export { introspect, type TokenTypeHint } from './service/introspect.js';
export type { ServiceOptions } from './service/service-http.js';
export type { Fetch } from './service/network.js';
export { verifyWebhook, type WebhookRequest } from './webhook/verify-webhook.js';
export { type PushRequest, type VerifiedPush, verifyPush } from './webhook/verify-push.js';
export type { HeaderFields } from './webhook/header-field.js';
export type { AppKind, WebhookData, WebhookEvent, WebhookType } from './webhook/webhook-event.js';
export {
  type BeginOptions,
  createWebLogin,
  type FinishedLogin,
  type WebLogin,
  type WebLoginOptions,
} from './website/web-login.js';
export type { Returned } from './website/returned.js';
export type { KeyValueStore, SessionStore } from './website/session-store.js';
export {
  openUserPayload,
  openUserPayloadBytes,
  sealUserPayload,
  type UserPayloadKey,
} from './user-key/user-payload.js';
export { type Authenticator, createAuthenticator, type GuardOptions } from './guard/authenticator.js';
export type { GuardedRequest } from './guard/access-token.js';
export type { Online } from './guard/online-check.js';
export { type Refusal, refusalOf } from './guard/refusal.js';
export type { SdkErrorCode } from './failure.js';
export { AuthError, type AuthErrorDetails } from '../../shared/auth-error.js';
export type { Advice } from '../../shared/advice.js';
export type {
  AppAccessToken,
  ErrorCode,
  Introspection,
  LoginIdentity,
  RefreshReply,
  Signature,
  Ticket,
  TokenReply,
  User,
  UserEncryptKey,
} from '../../shared/api.js';
