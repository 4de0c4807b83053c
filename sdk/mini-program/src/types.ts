import type { AuthError } from '../../shared/auth-error.js';
import type { LoginIdentity, User } from '../../shared/api.js';

/** A callback that may ask for more than it is promised here, as those of WeChat's own types do. */
type Callback<Result> = { call(result: Result): void }['call'];

/** Callbacks of a call of `wx`. */
export interface Callbacks<Result> {
  readonly success?: Callback<Result> | undefined;
  readonly fail?: Callback<Failure> | undefined;
  readonly complete?: Callback<Result | Failure> | undefined;
}

/** Callbacks that are handed to a call of `wx`. */
export interface Listeners<Result> {
  readonly success: (result: Result) => void;
  readonly fail: (failure: Failure) => void;
}

/** What WeChat gives to `fail`. `errno` is there since base library 2.24.0. */
export interface Failure {
  readonly errMsg: string;
  readonly errno?: number | undefined;
}

/** Options of `wx.request`. A `url` that begins with `/` is a route of wechat-auth. */
export interface RequestOptions extends Callbacks<Response> {
  readonly url: string;
  readonly method?: string | undefined;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** Options of `wx.uploadFile`. */
export interface UploadOptions extends RequestOptions {
  readonly filePath: string;
  readonly name: string;
}

/** Also with options of one platform only, and as the platform's own type of options. */
type AndMore<Options> = Options | (Options & Readonly<Record<string, unknown>>);

/** What `wx.request` and `wx.uploadFile` give to `success`, whatever the status. */
export interface Response {
  readonly statusCode: number;
  /** Parsed where `wx.request` parses it; text after an upload. */
  readonly data: unknown;
  readonly header?: Readonly<Record<string, string>> | undefined;
}

/** Adds a listener to a task, or takes it away. A platform that has no such function does nothing. */
export type TaskListener<Result> = (listener?: (result: Result) => void) => void;

/** Progress of an upload. */
export interface Progress {
  /** Percent. */
  readonly progress: number;
  readonly totalBytesSent: number;
  readonly totalBytesExpectedToSend: number;
}

/**
 * What `request` and `upload` return: the functions of the platform's task, also before there is one, and for each that
 * is sent after a 401 or Retry-After.
 */
export interface RequestTask extends Promise<Response> {
  /** The promise rejects with `ABORTED`. */
  readonly abort: () => void;
  readonly onHeadersReceived: TaskListener<{ readonly header: Readonly<Record<string, string>> }>;
  readonly offHeadersReceived: TaskListener<never>;
  /** With `enableChunked: true`. */
  readonly onChunkReceived: TaskListener<{ readonly data: ArrayBuffer }>;
  readonly offChunkReceived: TaskListener<never>;
  /** Of `upload`. */
  readonly onProgressUpdate: TaskListener<Progress>;
  readonly offProgressUpdate: TaskListener<never>;
}

/**
 * Codes of this package; all others are those of the service (docs/errors.md), or `HTTP_<status>` for an answer that is
 * not the service's. The error of an `Outcome` has its status as code, in capitals.
 */
export type SdkErrorCode =
  | 'NETWORK_FAILED'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'LOGGED_OUT'
  | 'WX_LOGIN_FAILED'
  | 'TAP_REQUIRED'
  | 'NEVER_ASKED'
  | 'REFUSED'
  | 'REFUSED_BEFORE'
  | 'PRIVACY_REFUSED'
  | 'NOT_DECLARED'
  | 'NO_QUOTA'
  | 'NO_PERMISSION'
  | 'BUSY'
  | 'BANNED'
  | 'REJECTED'
  | 'EMPTY'
  | 'UNAVAILABLE';

/** Three methods of Web Storage. They may throw, be full or forget: the login then lasts for one run. */
export interface TokenStorage {
  getItem(key: string): unknown;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The part of `wx`, `Taro` or `uni` that is called. Functions that a platform does not have may be missing. */
export type Adapter = object;

/** Options of `createAuth`. */
export interface AuthOptions {
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
export interface Login {
  readonly user: User;
  readonly identity: LoginIdentity;
  readonly isNewUser: boolean;
}

/**
 * - `logged-out`: after `logout` and `leave`; nothing logs in until `login` is called.
 * - `guest`: after `continueAsGuest`; calls go out without a token.
 * - `unknown`: at the start; the first call logs in.
 */
export type Status = 'unknown' | 'logged-in' | 'logged-out' | 'guest';

/** What `onChange` tells. */
export interface Change {
  readonly status: Status;
  /** Where it was not known before, or has changed. */
  readonly user?: User | undefined;
  /** At a login after guest mode: what the guest did. It is told until every listener has taken it without an error. */
  readonly guest?: GuestNotes | undefined;
}

/** What a guest did. */
export interface GuestNotes {
  /** Random id of this guest, for carts and the like on your own server. */
  readonly id: string;
  /** In the order of `note`, the newest 50. */
  readonly notes: readonly unknown[];
}

/** Guest mode. */
export interface Guest {
  readonly id: string;
  /** Keeps something that the guest did (JSON) until a login. */
  readonly note: (entry: unknown) => void;
}

/**
 * Outcome of something that a person may refuse. Only `granted` goes on; each other status comes with `error`, whose
 * `advice` says what to do. Nothing asks again by itself.
 */
export type Outcome<Granted, Refusals extends string> =
  ({ readonly status: 'granted' } & Granted) | { readonly status: Refusals; readonly error: AuthError };

/**
 * - `never-asked`: only with `{ ask: false }`.
 * - `refused`: just now, in WeChat's prompt.
 * - `refused-before`: WeChat does not ask again; offer a button whose tap calls `openSettings`.
 * - `tap-required`: `openSettings` was not called in a tap.
 * - `privacy-refused`: the privacy guide was not agreed to (errno 104).
 * - `not-declared`: app.json or the privacy guide does not declare it (errno 112, 1026, …); the operator's to mend.
 * - `unavailable`: anything else, such as a platform without the scope; `error.reason` has what WeChat said.
 */
export type ScopeOutcome = Outcome<
  unknown,
  | 'never-asked'
  | 'refused'
  | 'refused-before'
  | 'tap-required'
  | 'privacy-refused'
  | 'not-declared'
  | 'unavailable'
>;

/** `no-quota`: 1400001, offer another way. `no-permission`: 102, the operator's to mend. */
export type PhoneOutcome = Outcome<
  {
    /** E.164 */
    readonly phoneNumber: string;
    readonly user: User;
  },
  'refused' | 'no-quota' | 'no-permission' | 'privacy-refused' | 'not-declared' | 'unavailable'
>;

/** `refused`: the person closed the chooser. `busy`: another one is open. */
export type AvatarOutcome = Outcome<
  { readonly user: User },
  'refused' | 'busy' | 'privacy-refused' | 'not-declared' | 'unavailable'
>;

/**
 * - `granted` without `user`: of `nicknamereview`, which tells that the check was passed and not what was typed. The event
 *   of the form or of the input brings the nickname.
 * - `rejected`: WeChat's content check has emptied the input.
 * - `empty`: nothing was typed.
 */
export type NicknameOutcome = Outcome<{ readonly user?: User }, 'rejected' | 'empty'>;

/** `refused`: the person disagreed just now; WeChat asks again after 10 seconds at the earliest. `banned`: by WeChat. */
export type PrivacyOutcome = Outcome<unknown, 'refused' | 'not-declared' | 'banned' | 'unavailable'>;

/** What WeChat encrypts for the app. */
export interface EncryptedData {
  readonly encryptedData: string;
  readonly iv: string;
}

/** An event of a component, as its handler gets it. */
export interface ComponentEvent {
  readonly detail?: unknown;
}

/**
 * What `createAuth` gives. Every function that returns a promise rejects with `AuthError` and nothing else. None needs
 * `this`: they can be handed on.
 */
export interface Auth {
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
  readonly ensureScope: (scope: string, options?: { readonly ask?: boolean }) => Promise<ScopeOutcome>;
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
