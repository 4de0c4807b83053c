/** What to tell the person who uses the app. */
interface Advice {
    readonly zh: string;
    readonly en: string;
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
type ErrorCode = 'WECHAT_CODE_INVALID' | 'WECHAT_CODE_USED' | 'WECHAT_USER_BLOCKED' | 'WECHAT_BUSY' | 'WECHAT_RATE_LIMITED' | 'WECHAT_UNAVAILABLE' | 'WECHAT_BAD_REPLY' | 'WECHAT_CONFIGURATION' | 'WECHAT_ERROR' | 'WECHAT_UNIONID_CHANGED' | 'WECHAT_SNAPSHOT_USER' | 'WECHAT_AUTHORIZATION_EXPIRED' | 'SESSION_KEY_STALE' | 'SIGNATURE_MISMATCH' | 'OPEN_DATA_WATERMARK_INVALID' | 'OPEN_DATA_FOREIGN' | 'MINI_PROGRAM_SESSION_REQUIRED' | 'PHONE_NUMBER_TAKEN' | 'IDENTITY_TAKEN' | 'IDENTITY_UNKNOWN' | 'LAST_IDENTITY' | 'REAUTHENTICATION_REQUIRED' | 'OWNER_PROOF_REQUIRED' | 'API_KEY_INVALID' | 'PUSH_SIGNATURE_INVALID' | 'PUSH_STALE' | 'PUSH_REPLAYED' | 'PUSH_NOT_ENCRYPTED' | 'PUSH_DECRYPTION_FAILED' | 'PUSH_APP_MISMATCH' | 'PUSH_MALFORMED' | 'PUSH_BUSY' | 'PUSH_RECEIVER_UNAVAILABLE' | 'AVATAR_INVALID' | 'WEBHOOKS_OFF' | 'APP_UNKNOWN' | 'STATE_INVALID' | 'PARTNER_UNKNOWN' | 'PARTNER_APP_FORBIDDEN' | 'SCOPE_FORBIDDEN' | 'AUTHORIZATION_EXPIRED' | 'LOGIN_DENIED' | 'LOGIN_CODE_INVALID' | 'ATTEMPT_UNKNOWN' | 'SCAN_UNKNOWN' | 'SCAN_TAKEN' | 'SCAN_REQUIRED' | 'SCAN_DECIDED' | 'WEB_VIEW_TICKET_INVALID' | 'RETURN_URL_FORBIDDEN' | 'TOKEN_CODE_MISMATCH' | 'TOKEN_MISSING' | 'METRICS_TOKEN_INVALID' | 'TOKEN_INVALID' | 'SESSION_ENDED' | 'REFRESH_TOKEN_INVALID' | 'REFRESH_TOKEN_REUSED' | 'ACCOUNT_DISABLED' | 'VALIDATION_FAILED' | 'CURSOR_INVALID' | 'MALFORMED_JSON' | 'BAD_REQUEST' | 'FORBIDDEN' | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED' | 'NOT_ACCEPTABLE' | 'PAYLOAD_TOO_LARGE' | 'URI_TOO_LONG' | 'UNSUPPORTED_MEDIA_TYPE' | 'HEADERS_TOO_LARGE' | 'REQUEST_TIMEOUT' | 'RATE_LIMITED' | 'INTERNAL_ERROR' | 'DATABASE_UNAVAILABLE' | 'STORE_UNAVAILABLE' | 'AVATAR_STORE_UNAVAILABLE' | 'AVATARS_BUSY' | 'SHUTTING_DOWN';
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
interface LoginIdentity {
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
interface Problem {
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
interface Scan {
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
interface ScanStatus {
    /**
     * @description What was decided.
     * @example confirmed
     * @enum {string}
     */
    status: 'scanned' | 'confirmed' | 'denied';
}
interface Session {
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
interface User {
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
interface WebViewTicket {
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

/** What is known about a failure besides its code. */
interface AuthErrorDetails {
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
    /** The faults of fields, with VALIDATION_FAILED. */
    readonly errors?: Problem['errors'];
    /** What WeChat or the network said. */
    readonly reason?: unknown;
}
/** The one error of this package. `code` is a code of docs/errors.md, or one of the package's own. */
declare class AuthError extends Error implements AuthErrorDetails {
    readonly code: string;
    readonly status: number | undefined;
    readonly requestId: string | undefined;
    readonly retryable: boolean;
    readonly retryAfter: number | undefined;
    readonly detail: string | undefined;
    readonly errors: Problem['errors'];
    readonly reason: unknown;
    /** What to tell the person, in Chinese and in English. */
    readonly advice: Advice;
    constructor(code: string, details?: AuthErrorDetails);
}

/** A callback that may ask for more than it is promised here, as those of WeChat's own types do. */
type Callback<Result> = {
    call(result: Result): void;
}['call'];
/** Callbacks of a call of `wx`. */
interface Callbacks<Result> {
    readonly success?: Callback<Result> | undefined;
    readonly fail?: Callback<Failure> | undefined;
    readonly complete?: Callback<Result | Failure> | undefined;
}
/** Callbacks that are handed to a call of `wx`. */
interface Listeners<Result> {
    readonly success: (result: Result) => void;
    readonly fail: (failure: Failure) => void;
}
/** What WeChat gives to `fail`. `errno` is there since base library 2.24.0. */
interface Failure {
    readonly errMsg: string;
    readonly errno?: number | undefined;
}
/** Options of `wx.request`. A `url` that begins with `/` is a route of wechat-auth. */
interface RequestOptions extends Callbacks<Response> {
    readonly url: string;
    readonly method?: string | undefined;
    readonly data?: unknown;
    readonly header?: Readonly<Record<string, string>> | undefined;
    /** Milliseconds. */
    readonly timeout?: number | undefined;
}
/** Options of `wx.uploadFile`. */
interface UploadOptions extends RequestOptions {
    readonly filePath: string;
    readonly name: string;
}
/** Also with options of one platform only, and as the platform's own type of options. */
type AndMore<Options> = Options | (Options & Readonly<Record<string, unknown>>);
/** What `wx.request` and `wx.uploadFile` give to `success`, whatever the status. */
interface Response {
    readonly statusCode: number;
    /** Parsed where `wx.request` parses it; text after an upload. */
    readonly data: unknown;
    readonly header?: Readonly<Record<string, string>> | undefined;
}
/** Adds a listener to a task, or takes it away. A platform that has no such function does nothing. */
type TaskListener<Result> = (listener?: (result: Result) => void) => void;
/** Progress of an upload. */
interface Progress {
    /** Percent. */
    readonly progress: number;
    readonly totalBytesSent: number;
    readonly totalBytesExpectedToSend: number;
}
/**
 * What `request` and `upload` return: the functions of the platform's task, also before there is one, and for each that
 * is sent after a 401 or Retry-After.
 */
interface RequestTask extends Promise<Response> {
    /** The promise rejects with `ABORTED`. */
    readonly abort: () => void;
    readonly onHeadersReceived: TaskListener<{
        readonly header: Readonly<Record<string, string>>;
    }>;
    readonly offHeadersReceived: TaskListener<never>;
    /** With `enableChunked: true`. */
    readonly onChunkReceived: TaskListener<{
        readonly data: ArrayBuffer;
    }>;
    readonly offChunkReceived: TaskListener<never>;
    /** Of `upload`. */
    readonly onProgressUpdate: TaskListener<Progress>;
    readonly offProgressUpdate: TaskListener<never>;
}
/**
 * Codes of this package; all others are those of the service (docs/errors.md), or `HTTP_<status>` for an answer that is
 * not the service's. The error of an `Outcome` has its status as code, in capitals.
 */
type SdkErrorCode = 'NETWORK_FAILED' | 'TIMEOUT' | 'ABORTED' | 'LOGGED_OUT' | 'WX_LOGIN_FAILED' | 'TAP_REQUIRED' | 'NEVER_ASKED' | 'REFUSED' | 'REFUSED_BEFORE' | 'PRIVACY_REFUSED' | 'NOT_DECLARED' | 'NO_QUOTA' | 'NO_PERMISSION' | 'BUSY' | 'BANNED' | 'REJECTED' | 'EMPTY' | 'UNAVAILABLE';
/** Three methods of Web Storage. They may throw, be full or forget: the login then lasts for one run. */
interface TokenStorage {
    getItem(key: string): unknown;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}
/** The part of `wx`, `Taro` or `uni` that is called. Functions that a platform does not have may be missing. */
type Adapter = object;
/** Options of `createAuth`. */
interface AuthOptions {
    /** Address of wechat-auth, for instance `https://auth.example.com`. */
    readonly baseUrl: string;
    /** AppID of this mini program, where the service has several. */
    readonly appId?: string;
    /** Header field of the access token, where TOKEN_HEADER of the service names another. Default `Authorization`. */
    readonly header?: string;
    /** Default: storage of the adapter (`getStorageSync` and its like). `null`: memory only. */
    readonly storage?: TokenStorage | null;
    /** `wx` (default), `Taro` or `uni`. */
    readonly adapter?: Adapter;
}
/** Result of a login. */
interface Login {
    readonly user: User;
    readonly identity: LoginIdentity;
    readonly isNewUser: boolean;
}
/**
 * - `logged-out`: after `logout` and `leave`; nothing logs in until `login` is called.
 * - `guest`: after `continueAsGuest`; calls go out without a token.
 * - `unknown`: at the start; the first call logs in.
 */
type Status = 'unknown' | 'logged-in' | 'logged-out' | 'guest';
/** What `onChange` tells. */
interface Change {
    readonly status: Status;
    /** Where it was not known before, or has changed. */
    readonly user?: User | undefined;
    /** At a login after guest mode: what the guest did. It is told until every listener has taken it without an error. */
    readonly guest?: GuestNotes | undefined;
}
/** What a guest did. */
interface GuestNotes {
    /** Random id of this guest, for carts and the like on your own server. */
    readonly id: string;
    /** In the order of `note`, the newest 50. */
    readonly notes: readonly unknown[];
}
/** Guest mode. */
interface Guest {
    readonly id: string;
    /** Keeps something that the guest did (JSON) until a login. */
    readonly note: (entry: unknown) => void;
}
/**
 * Outcome of something that a person may refuse. Only `granted` goes on; each other status comes with `error`, whose
 * `advice` says what to do. Nothing asks again by itself.
 */
type Outcome<Granted, Refusals extends string> = ({
    readonly status: 'granted';
} & Granted) | {
    readonly status: Refusals;
    readonly error: AuthError;
};
/**
 * - `never-asked`: only with `{ ask: false }`.
 * - `refused`: just now, in WeChat's prompt.
 * - `refused-before`: WeChat does not ask again; offer a button whose tap calls `openSettings`.
 * - `tap-required`: `openSettings` was not called in a tap.
 * - `privacy-refused`: the privacy guide was not agreed to (errno 104).
 * - `not-declared`: app.json or the privacy guide does not declare it (errno 112, 1026, …); the operator's to mend.
 * - `unavailable`: anything else, such as a platform without the scope; `error.reason` has what WeChat said.
 */
type ScopeOutcome = Outcome<unknown, 'never-asked' | 'refused' | 'refused-before' | 'tap-required' | 'privacy-refused' | 'not-declared' | 'unavailable'>;
/** `no-quota`: 1400001, offer another way. `no-permission`: 102, the operator's to mend. */
type PhoneOutcome = Outcome<{
    /** E.164 */
    readonly phoneNumber: string;
    readonly user: User;
}, 'refused' | 'no-quota' | 'no-permission' | 'privacy-refused' | 'not-declared' | 'unavailable'>;
/** `refused`: the person closed the chooser. `busy`: another one is open. */
type AvatarOutcome = Outcome<{
    readonly user: User;
}, 'refused' | 'busy' | 'privacy-refused' | 'not-declared' | 'unavailable'>;
/**
 * - `granted` without `user`: of `nicknamereview`, which tells that the check was passed and not what was typed. The event
 *   of the form or of the input brings the nickname.
 * - `rejected`: WeChat's content check has emptied the input.
 * - `empty`: nothing was typed.
 */
type NicknameOutcome = Outcome<{
    readonly user?: User;
}, 'rejected' | 'empty'>;
/** `refused`: the person disagreed just now; WeChat asks again after 10 seconds at the earliest. `banned`: by WeChat. */
type PrivacyOutcome = Outcome<unknown, 'refused' | 'not-declared' | 'banned' | 'unavailable'>;
/** What WeChat encrypts for the app. */
interface EncryptedData {
    readonly encryptedData: string;
    readonly iv: string;
}
/** An event of a component, as its handler gets it. */
interface ComponentEvent {
    readonly detail?: unknown;
}
/**
 * What `createAuth` gives. Every function that returns a promise rejects with `AuthError` and nothing else. None needs
 * `this`: they can be handed on.
 */
interface Auth {
    readonly status: Status;
    /** The user as last heard of; `null` before, and after `logout`. */
    readonly user: User | null;
    /** Logs in silently, also after `logout`, `leave` and `continueAsGuest`. Calls at the same time share one login. */
    readonly login: () => Promise<Login>;
    /**
     * `wx.request` with the access token: callbacks and promise; resolves whatever the status, as `wx.request` does. Logs
     * in where needed. A 401 is answered by one refresh or one login and one replay.
     */
    readonly request: (options: AndMore<RequestOptions>) => RequestTask;
    /** `wx.uploadFile` in the same way. */
    readonly upload: (options: AndMore<UploadOptions>) => RequestTask;
    /** Calls a route of wechat-auth. @returns the reply's data, `null` after 204. Rejects where the status is not 2xx. */
    readonly call: <Data>(path: string, data?: unknown, method?: string) => Promise<Data>;
    /** A fresh code of `wx.login`, for routes that want one: confirming a scan, a web-view ticket, linking. */
    readonly code: () => Promise<string>;
    /** The user as the service has it now; `null` for a guest. */
    readonly getUser: () => Promise<User | null>;
    /** Ends the session. Here it takes effect at once, also without a network. */
    readonly logout: () => Promise<void>;
    /** Deletes the account (注销), then as `logout`. Where it rejects, `leave` can be called again. */
    readonly leave: () => Promise<void>;
    /** @returns a function that ends it */
    readonly onChange: (listener: (change: Change) => unknown) => () => void;
    /** Asks for a scope where WeChat still asks. `ask: false` only looks. */
    readonly ensureScope: (scope: string, options?: {
        readonly ask?: boolean;
    }) => Promise<ScopeOutcome>;
    /** Opens WeChat's settings; call it in a tap. @returns how the scope stands when the person comes back */
    readonly openSettings: (scope: string) => Promise<ScopeOutcome>;
    /** Takes the event of `getPhoneNumber` or `getRealtimePhoneNumber`. */
    readonly phoneNumber: (event: ComponentEvent) => Promise<PhoneOutcome>;
    /** Takes the event of `chooseAvatar` and uploads the picture. */
    readonly avatar: (event: ComponentEvent) => Promise<AvatarOutcome>;
    /** Takes a form's submit event with a field `nickname`, an input's event, or `nicknamereview`. */
    readonly nickname: (event: ComponentEvent) => Promise<NicknameOutcome>;
    /** Asks for agreement to the privacy guide where it is missing. */
    readonly ensurePrivacy: () => Promise<PrivacyOutcome>;
    /**
     * Data that WeChat encrypts, decrypted by the service.
     * @param get gets it: `(callbacks) => wx.getWeRunData(callbacks)`, or a function that returns a promise
     */
    readonly openData: <Data>(get: (callbacks: Listeners<EncryptedData>) => unknown) => Promise<Data>;
    /** Goes on without a login until `login` is called. */
    readonly continueAsGuest: () => Guest;
}

/** Logs people in to wechat-auth, and goes on doing it. WeChat is called at the first need. */
declare function createAuth({ baseUrl: address, appId, header, storage, adapter, }: AuthOptions): Auth;

export { AuthError, createAuth };
export type { Adapter, Advice, Auth, AuthErrorDetails, AuthOptions, AvatarOutcome, Callbacks, Change, ComponentEvent, EncryptedData, ErrorCode, Failure, Guest, GuestNotes, Listeners, Login, NicknameOutcome, Outcome, PhoneOutcome, PrivacyOutcome, Progress, RequestOptions, RequestTask, Response, Scan, ScanStatus, ScopeOutcome, SdkErrorCode, Session, Status, TaskListener, TokenStorage, UploadOptions, User, WebViewTicket };
