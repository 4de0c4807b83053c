// Generated from docs/openapi.json by scripts/sdk-types.mjs. Do not edit.

export interface AppAccessToken {
  /**
   * Format: date-time
   * @description Until when WeChat accepts it.
   * @example 2026-11-21T10:24:00.000Z
   */
  expiresAt: string;
  /**
   * @description Seconds that it still works.
   * @example 6840
   */
  expiresIn: number;
  /**
   * @description WeChat's access_token of the app.
   * @example 84_vWP_BMIM5ZxKcJr0
   */
  accessToken: string;
}

export interface Ticket {
  /**
   * Format: date-time
   * @description Until when WeChat accepts it.
   * @example 2026-11-21T10:24:00.000Z
   */
  expiresAt: string;
  /**
   * @description Seconds that it still works.
   * @example 6840
   */
  expiresIn: number;
  /**
   * @description The ticket. It stays on your server: a browser gets signatures only.
   * @example sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg
   */
  ticket: string;
}

interface AskingDeviceReply {
  /**
   * @description The browser that shows the code; `null` where it is unknown.
   * @example Chrome 142
   */
  browser: string | null;
  /**
   * @description Its operating system; `null` where it is unknown.
   * @example Windows 10
   */
  os: string | null;
  /**
   * @description Its IP address.
   * @example 203.0.113.7
   */
  ip: string | null;
  /**
   * Format: date-time
   * @description When the code was requested.
   * @example 2026-11-21T08:30:00.000Z
   */
  requestedAt: string;
}

interface AskingSiteReply {
  /**
   * @description Host of returnTo, in ASCII (`xn--`), so that look-alike letters are visible.
   * @example shop.example.com
   */
  host: string;
  /**
   * @description BRAND_NAME.
   * @example Example Shop
   */
  name: string;
}

export interface Attempt {
  /**
   * @description Id with which the status is read.
   * @example 9f2bc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  id: string;
  /**
   * @description Sent as X-Attempt-Secret, it reads the status from another site, where the cookie is blocked.
   * @example 07acc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  secret: string;
  /**
   * @description The method of the request.
   * @example mini-program
   * @enum {string}
   */
  method: 'website' | 'mini-program' | 'in-wechat';
  /**
   * @description website, in-wechat: WeChat's page, for the whole window.
   * @example https://open.weixin.qq.com/connect/qrconnect?appid=wx5a4db0c0de000002&state=6f0cc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5#wechat_redirect
   */
  authorizeUrl?: string;
  /** @description website: the same in a frame. */
  wxLogin?: WxLoginOptions;
  /**
   * @description mini-program: the picture of the code, for an `img`.
   * @example http://localhost:3000/v1/web-qr-login/qr-codes/51d0c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  qrImageUrl?: string;
  /**
   * Format: date-time
   * @description When the attempt expires.
   * @example 2026-11-21T08:35:00.000Z
   */
  expiresAt: string;
}

export interface AttemptStatus {
  /**
   * @description `pending` until somebody scans; then `scanned`, and one of the three that end it.
   * @example scanned
   * @enum {string}
   */
  status: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';
  /**
   * @description With `confirmed`, until it is redeemed; valid for 60 seconds, single use.
   * @example 3c1fc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  loginCode?: string;
}

interface DeviceReply {
  /**
   * @description `null` where the User-Agent says nothing.
   * @example Chrome 142
   */
  browser: string | null;
  /**
   * @description `null` where the User-Agent says nothing.
   * @example Windows 10
   */
  os: string | null;
}

export type ErrorCode =
  | 'WECHAT_CODE_INVALID'
  | 'WECHAT_CODE_USED'
  | 'WECHAT_USER_BLOCKED'
  | 'WECHAT_BUSY'
  | 'WECHAT_RATE_LIMITED'
  | 'WECHAT_UNAVAILABLE'
  | 'WECHAT_BAD_REPLY'
  | 'WECHAT_CONFIGURATION'
  | 'WECHAT_ERROR'
  | 'WECHAT_UNIONID_CHANGED'
  | 'WECHAT_SNAPSHOT_USER'
  | 'WECHAT_AUTHORIZATION_EXPIRED'
  | 'SESSION_KEY_STALE'
  | 'SIGNATURE_MISMATCH'
  | 'OPEN_DATA_WATERMARK_INVALID'
  | 'OPEN_DATA_FOREIGN'
  | 'MINI_PROGRAM_SESSION_REQUIRED'
  | 'PHONE_NUMBER_TAKEN'
  | 'IDENTITY_TAKEN'
  | 'IDENTITY_UNKNOWN'
  | 'LAST_IDENTITY'
  | 'REAUTHENTICATION_REQUIRED'
  | 'OWNER_PROOF_REQUIRED'
  | 'API_KEY_INVALID'
  | 'PUSH_SIGNATURE_INVALID'
  | 'PUSH_STALE'
  | 'PUSH_REPLAYED'
  | 'PUSH_NOT_ENCRYPTED'
  | 'PUSH_DECRYPTION_FAILED'
  | 'PUSH_APP_MISMATCH'
  | 'PUSH_MALFORMED'
  | 'PUSH_BUSY'
  | 'PUSH_RECEIVER_UNAVAILABLE'
  | 'AVATAR_INVALID'
  | 'WEBHOOKS_OFF'
  | 'APP_UNKNOWN'
  | 'STATE_INVALID'
  | 'PARTNER_UNKNOWN'
  | 'PARTNER_APP_FORBIDDEN'
  | 'SCOPE_FORBIDDEN'
  | 'AUTHORIZATION_EXPIRED'
  | 'LOGIN_DENIED'
  | 'LOGIN_CODE_INVALID'
  | 'ATTEMPT_UNKNOWN'
  | 'SCAN_UNKNOWN'
  | 'SCAN_TAKEN'
  | 'SCAN_REQUIRED'
  | 'SCAN_DECIDED'
  | 'WEB_VIEW_TICKET_INVALID'
  | 'RETURN_URL_FORBIDDEN'
  | 'TOKEN_CODE_MISMATCH'
  | 'TOKEN_MISSING'
  | 'METRICS_TOKEN_INVALID'
  | 'TOKEN_INVALID'
  | 'SESSION_ENDED'
  | 'REFRESH_TOKEN_INVALID'
  | 'REFRESH_TOKEN_REUSED'
  | 'ACCOUNT_DISABLED'
  | 'VALIDATION_FAILED'
  | 'CURSOR_INVALID'
  | 'MALFORMED_JSON'
  | 'BAD_REQUEST'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'PAYLOAD_TOO_LARGE'
  | 'URI_TOO_LONG'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'HEADERS_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'RATE_LIMITED'
  | 'INTERNAL_ERROR'
  | 'DATABASE_UNAVAILABLE'
  | 'STORE_UNAVAILABLE'
  | 'AVATAR_STORE_UNAVAILABLE'
  | 'AVATARS_BUSY'
  | 'SHUTTING_DOWN';

interface FieldErrorReply {
  /**
   * @description Name of the field, with dots for nested ones.
   * @example code
   */
  field: string;
  /**
   * @description What is wrong with it.
   * @example code must be a string
   */
  message: string;
}

export interface Identity {
  /**
   * @description The app at WeChat by which the person logged in.
   * @example wx5a4db0c0de000001
   */
  appId: string;
  /**
   * @description The person in this app.
   * @example oGZUI0egBJY1zhBYw2KhdUfwVJJE
   */
  openId: string;
  /**
   * @description The person in all apps of one Open Platform account; `null` if WeChat did not return it.
   * @example ocMvos6NjeKLIBqg5Mr9QjxrP1FA
   */
  unionId: string | null;
  /**
   * @description Id of the identity.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e50
   */
  id: string;
  /**
   * @description What kind of app it is.
   * @example mini_program
   * @enum {string}
   */
  appKind: 'mini_program' | 'website' | 'official_account';
  /**
   * Format: date-time
   * @description The first login by this app.
   * @example 2026-11-21T08:30:00.000Z
   */
  createdAt: string;
  /**
   * Format: date-time
   * @description The last login by this app.
   * @example 2026-11-21T08:30:00.000Z
   */
  lastLoginAt: string | null;
}

export interface Introspection {
  /**
   * @description Whether the token is valid now and its session has not ended.
   * @example true
   */
  active: boolean;
  /**
   * @description A refresh_token gives no access to anything: only Bearer is to be let in.
   * @example Bearer
   * @enum {string}
   */
  token_type?: 'Bearer' | 'refresh_token';
  /**
   * @description The user: the surviving one, where the one in the token was merged.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f
   */
  sub?: string;
  /**
   * @description The session.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51
   */
  sid?: string;
  /**
   * @description The WeChat app that the login came in by.
   * @example wx5a4db0c0de000001
   */
  client_id?: string;
  /**
   * @description The nickname, if there is one.
   * @example 小明 🌱
   */
  username?: string;
  /**
   * @description When the token expires, in seconds since 1970.
   * @example 1795252500
   */
  exp?: number;
  /**
   * @description When the token was issued, in seconds since 1970.
   * @example 1795251600
   */
  iat?: number;
  /**
   * @description JWT_ISSUER.
   * @example https://login.example.com
   */
  iss?: string;
  /**
   * @description Of a refresh token the issuer: nobody else takes it.
   * @example https://login.example.com
   */
  aud?: string;
  /**
   * @description Id of the access token.
   * @example 7d0c2f4e-5f0a-4f0e-9a53-6f5b0f3a8c11
   */
  jti?: string;
}

export interface LoginIdentity {
  /**
   * @description The app at WeChat by which the person logged in.
   * @example wx5a4db0c0de000001
   */
  appId: string;
  /**
   * @description The person in this app.
   * @example oGZUI0egBJY1zhBYw2KhdUfwVJJE
   */
  openId: string;
  /**
   * @description The person in all apps of one Open Platform account; `null` if WeChat did not return it.
   * @example ocMvos6NjeKLIBqg5Mr9QjxrP1FA
   */
  unionId: string | null;
}

export interface PhoneNumber {
  /** @description The user with the new profile. */
  user: User;
  /**
   * @description With the country code when it is a foreign number.
   * @example 13800138000
   */
  phoneNumber: string;
  /**
   * @description Without the country code.
   * @example 13800138000
   */
  purePhoneNumber: string;
  /**
   * @description Country calling code.
   * @example 86
   */
  countryCode: string;
}

export interface Problem {
  /**
   * @description `urn:wechat-auth:error:` and the code.
   * @example urn:wechat-auth:error:WECHAT_CODE_INVALID
   */
  type: string;
  /**
   * @description The same for every occurrence of the code.
   * @example WeChat does not accept the code
   */
  title: string;
  /**
   * @description The HTTP status.
   * @example 401
   */
  status: number;
  /**
   * @description Stable; listed in docs/errors.md.
   * @example WECHAT_CODE_INVALID
   */
  code: ErrorCode;
  /**
   * @description What is special about this occurrence, for people.
   * @example WeChat answered 40029 (rid 65d56510-389d87bb-729c2f46).
   */
  detail: string;
  /**
   * @description Finds the request in the log; also in X-Request-Id.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52
   */
  requestId: string;
  /** @description The faults of fields, with VALIDATION_FAILED. */
  errors?: FieldErrorReply[];
}

export interface RefreshReply {
  /**
   * @description How the access token is sent.
   * @example Bearer
   * @enum {string}
   */
  tokenType: 'Bearer';
  /**
   * @description ES256 JWT
   * @example eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2ln
   */
  accessToken: string;
  /**
   * @description Life of the access token in seconds.
   * @example 900
   */
  expiresIn: number;
  /**
   * @description Opaque; keep the newest only.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj
   */
  refreshToken: string;
  /**
   * @description Life of the refresh token in seconds.
   * @example 2592000
   */
  refreshExpiresIn: number;
  /** @description The WeChat identity of the session. */
  identity: LoginIdentity;
  /**
   * @description Whether this login created the user; `false` in the reply of a refresh.
   * @example false
   */
  isNewUser: boolean;
}

export interface Scan {
  /**
   * @description What was decided.
   * @example confirmed
   * @enum {string}
   */
  status: 'scanned' | 'confirmed' | 'denied';
  /** @description The website that requests the login. */
  site: AskingSiteReply;
  /** @description The device that shows the code. */
  device: AskingDeviceReply;
}

export interface ScanStatus {
  /**
   * @description What was decided.
   * @example confirmed
   * @enum {string}
   */
  status: 'scanned' | 'confirmed' | 'denied';
}

export interface Session {
  /**
   * @description Id of the session.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51
   */
  id: string;
  /**
   * @description Whether this is the session that asks.
   * @example true
   */
  current: boolean;
  /**
   * @description The app by which the person logged in.
   * @example wx5a4db0c0de000001
   */
  appId: string;
  /**
   * @description The way of the login.
   * @example mini_program
   * @enum {string}
   */
  channel: 'mini_program' | 'website' | 'official_account';
  /** @description The device, by its User-Agent. */
  device: DeviceReply;
  /**
   * @description Address of the last use.
   * @example 203.0.113.7
   */
  ip: string | null;
  /**
   * Format: date-time
   * @description The login.
   * @example 2026-11-21T08:30:00.000Z
   */
  createdAt: string;
  /**
   * Format: date-time
   * @description The last refresh.
   * @example 2026-11-21T08:45:00.000Z
   */
  lastUsedAt: string;
  /**
   * Format: date-time
   * @description If nobody uses it any more.
   * @example 2026-12-21T08:45:00.000Z
   */
  expiresAt: string;
}

export interface Signature {
  /**
   * @description The mini program.
   * @example wx5a4db0c0de000001
   */
  appId: string;
  /**
   * @description The openid of the person there.
   * @example o7fXyU4JYw691soImxHMcCqVJWN5
   */
  openId: string;
  /**
   * @description HMAC-SHA256 of the payload under the session_key, in lower-case hex.
   * @example 089d9e8dc5d308977360c4b79ec600a93d736802802a807d634192328032f6c7
   */
  signature: string;
  /**
   * Format: date-time
   * @description When the session_key was obtained.
   * @example 2026-11-21T08:24:00.000Z
   */
  sessionKeyAt: string;
  /**
   * @description HMAC-SHA256 of uri, `&` and the payload under the AppKey, in lower-case hex. Only with a uri, and where WECHAT_PAY_APP_KEYS has the AppKey of the app for this env.
   * @example c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5
   */
  paySig?: string;
}

export interface TokenReply {
  /**
   * @description How the access token is sent.
   * @example Bearer
   * @enum {string}
   */
  tokenType: 'Bearer';
  /**
   * @description ES256 JWT
   * @example eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2ln
   */
  accessToken: string;
  /**
   * @description Life of the access token in seconds.
   * @example 900
   */
  expiresIn: number;
  /**
   * @description Opaque; keep the newest only.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj
   */
  refreshToken: string;
  /**
   * @description Life of the refresh token in seconds.
   * @example 2592000
   */
  refreshExpiresIn: number;
  /** @description The WeChat identity of the session. */
  identity: LoginIdentity;
  /**
   * @description Whether this login created the user; `false` in the reply of a refresh.
   * @example false
   */
  isNewUser: boolean;
  /** @description The user who logged in. */
  user: User;
}

export interface UserEncryptKey {
  /**
   * @description base64 of 16 bytes.
   * @example VI6BpyrK9XH4i4AIGe86tg==
   */
  encryptKey: string;
  /**
   * @description 16 characters.
   * @example 6003f73ec441c386
   */
  iv: string;
  /**
   * @description Grows with each key of the person.
   * @example 10
   */
  version: number;
  /**
   * Format: date-time
   * @description When WeChat made it.
   * @example 2026-11-21T08:24:00.000Z
   */
  createdAt: string;
  /**
   * Format: date-time
   * @description Until when the mini program gets this key; in the past for the keys before the latest.
   * @example 2026-11-21T09:24:00.000Z
   */
  expiresAt: string;
}

export interface User {
  /**
   * @description Opaque and stable.
   * @example 0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f
   */
  id: string;
  /**
   * @description At most 64 characters; `null` until the person sets one.
   * @example 小明 🌱
   */
  nickname: string | null;
  /**
   * @description A square WebP of 640 pixels; with `?size=132` of 132. Another picture has another URL.
   * @example https://login.example.com/avatars/9f2c6d1e0b7a4853
   */
  avatarUrl: string | null;
  /**
   * @description E.164
   * @example null
   */
  phoneNumber: string | null;
  /**
   * Format: date-time
   * @description The first login.
   * @example 2026-11-21T08:30:00.000Z
   */
  createdAt: string;
  /**
   * Format: date-time
   * @description The last login by any app; a refresh does not count.
   * @example 2026-11-21T08:30:00.000Z
   */
  lastLoginAt: string | null;
}

export interface WebViewTicket {
  /**
   * @description 30 seconds, one use, for this returnTo.
   * @example 8e41c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  ticket: string;
  /**
   * Format: date-time
   * @description 30 seconds after the reply.
   * @example 2026-11-21T08:30:30.000Z
   */
  expiresAt: string;
}

interface WxLoginOptions {
  /**
   * @description The website app.
   * @example wx5a4db0c0de000002
   */
  appid: string;
  /**
   * @description Always `snsapi_login`.
   * @example snsapi_login
   * @enum {string}
   */
  scope: 'snsapi_login';
  /**
   * @description Already URL-encoded, as WxLogin.js requires.
   * @example https%3A%2F%2Fauth.example.com%2Fv1%2Fweb-qr-login%2Fcallback
   */
  redirect_uri: string;
  /**
   * @description The state of this attempt; single use.
   * @example 6f0cc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5
   */
  state: string;
  /** @description The frame itself is redirected to the callback, whose page posts the result to the embedding page. */
  self_redirect: boolean;
  /**
   * @description The compact look, from 220 x 220 pixels.
   * @enum {number}
   */
  stylelite: 1;
  /**
   * @description Follows the colour scheme of the browser.
   * @enum {string}
   */
  color_scheme: 'auto';
  /**
   * @description If Accept-Language of the request prefers English to Chinese, or names neither. Absent: Chinese.
   * @enum {string}
   */
  lang?: 'en';
  /**
   * @description The frame's `allow`: Chrome 142 and later need it for WeChat's page to reach the desktop app (quick login).
   * @example local-network-access
   */
  allow: string;
  /**
   * @description Address for a frame of your own, without WxLogin.js.
   * @example https://open.weixin.qq.com/connect/qrconnect?appid=wx5a4db0c0de000002&login_type=jssdk&self_redirect=true
   */
  src: string;
}
