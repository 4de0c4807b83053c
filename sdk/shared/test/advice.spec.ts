import { describe, expect, test } from '@jest/globals';
import { ERROR_CATALOGUE } from '../../../src/common/error-catalogue.js';
import type { SdkErrorCode } from '../../mini-program/src/types.js';
import type { UserKeyErrorCode } from '../../mini-program/src/user-key.js';
import type { ErrorCode } from '../api.js';
import { AuthError } from '../auth-error.js';

/** What a person can do, and the words that say so. */
const MEANS = {
  network: [/网络/, /network/],
  later: [/稍后/, /later/],
  again: [/再|重试|重新/, /again|try|log in/i],
  login: [/登录/, /log in/i],
  scan: [/扫码/, /scan/i],
  settings: [/设置/, /settings/],
  another: [/换|其他|别的/, /another|other/i],
  agree: [/同意|允许/, /agree|allow/i],
  support: [/客服/, /support/],
} as const;
type Means = keyof typeof MEANS;

/** Codes that only operators, other services, monitoring, WeChat's message push and the pages for partner apps meet. */
type Elsewhere =
  | 'METRICS_TOKEN_INVALID'
  | 'IDENTITY_UNKNOWN'
  | 'WEBHOOKS_OFF'
  | 'AUTHORIZATION_EXPIRED'
  | Extract<ErrorCode, `PUSH_${string}`>;

/** A mistake in the app, in its settings, or at WeChat's: nothing that the person can do. */
const MISTAKE = ['support'] as const;

/** What the advice for each code may be. A new code of the service does not compile until it is decided here. */
const ADVICE: Readonly<
  Record<Exclude<ErrorCode, Elsewhere> | SdkErrorCode | UserKeyErrorCode, readonly Means[]>
> = {
  NETWORK_FAILED: ['network'],
  TIMEOUT: ['network'],
  WX_LOGIN_FAILED: ['network', 'again'],
  REQUEST_TIMEOUT: ['network'],
  ABORTED: ['again'],

  LOGGED_OUT: ['login'],
  SESSION_ENDED: ['login'],
  TOKEN_MISSING: ['login'],
  TOKEN_INVALID: ['login'],
  REFRESH_TOKEN_INVALID: ['login'],
  REFRESH_TOKEN_REUSED: ['login'],
  REAUTHENTICATION_REQUIRED: ['login'],
  OWNER_PROOF_REQUIRED: ['login'],
  WECHAT_AUTHORIZATION_EXPIRED: ['login'],
  LOGIN_DENIED: ['login', 'again'],
  LOGIN_CODE_INVALID: ['login', 'again'],
  STATE_INVALID: ['login', 'again'],
  TOKEN_CODE_MISMATCH: ['login', 'again'],

  // The person stands before a screen, and is logged in on the phone.
  ATTEMPT_UNKNOWN: ['scan'],
  SCAN_UNKNOWN: ['scan'],
  SCAN_TAKEN: ['scan'],
  SCAN_REQUIRED: ['scan'],
  SCAN_DECIDED: ['scan'],

  WEB_VIEW_TICKET_INVALID: ['login', 'again'],
  WECHAT_CODE_INVALID: ['login', 'again'],
  WECHAT_CODE_USED: ['login', 'again'],
  MINI_PROGRAM_SESSION_REQUIRED: ['login', 'support'],
  SESSION_KEY_STALE: ['again'],
  USER_KEY_STALE: ['again'],

  NEVER_ASKED: ['agree'],
  REFUSED: ['agree'],
  REFUSED_BEFORE: ['settings'],
  PRIVACY_REFUSED: ['agree'],
  TAP_REQUIRED: ['again'],

  PHONE_NUMBER_TAKEN: ['another'],
  IDENTITY_TAKEN: ['another'],
  NO_QUOTA: ['another', 'later'],
  AVATAR_INVALID: ['another'],
  PAYLOAD_TOO_LARGE: ['another'],
  REJECTED: ['another'],
  EMPTY: ['another', 'again'],

  WECHAT_BUSY: ['later'],
  WECHAT_RATE_LIMITED: ['later'],
  WECHAT_UNAVAILABLE: ['later'],
  RATE_LIMITED: ['later'],
  DATABASE_UNAVAILABLE: ['later'],
  STORE_UNAVAILABLE: ['later'],
  AVATAR_STORE_UNAVAILABLE: ['later'],
  AVATARS_BUSY: ['later'],
  SHUTTING_DOWN: ['later'],
  BUSY: ['later', 'again'],

  ACCOUNT_DISABLED: MISTAKE,
  WECHAT_USER_BLOCKED: MISTAKE,
  WECHAT_SNAPSHOT_USER: MISTAKE,
  LAST_IDENTITY: MISTAKE,
  PARTNER_UNKNOWN: MISTAKE,
  PARTNER_APP_FORBIDDEN: MISTAKE,
  SCOPE_FORBIDDEN: MISTAKE,
  BANNED: MISTAKE,
  WECHAT_BAD_REPLY: ['support', 'later'],
  WECHAT_ERROR: ['support', 'later'],
  INTERNAL_ERROR: ['support', 'later'],
  UNAVAILABLE: ['support', 'later'],
  USER_KEY_UNAVAILABLE: ['support', 'later'],
  WECHAT_CONFIGURATION: MISTAKE,
  WECHAT_UNIONID_CHANGED: MISTAKE,
  SIGNATURE_MISMATCH: MISTAKE,
  OPEN_DATA_WATERMARK_INVALID: MISTAKE,
  OPEN_DATA_FOREIGN: MISTAKE,
  API_KEY_INVALID: MISTAKE,
  APP_UNKNOWN: MISTAKE,
  RETURN_URL_FORBIDDEN: MISTAKE,
  VALIDATION_FAILED: MISTAKE,
  CURSOR_INVALID: MISTAKE,
  MALFORMED_JSON: MISTAKE,
  BAD_REQUEST: MISTAKE,
  FORBIDDEN: MISTAKE,
  NOT_FOUND: MISTAKE,
  METHOD_NOT_ALLOWED: MISTAKE,
  NOT_ACCEPTABLE: MISTAKE,
  URI_TOO_LONG: MISTAKE,
  UNSUPPORTED_MEDIA_TYPE: MISTAKE,
  HEADERS_TOO_LARGE: MISTAKE,
  NO_PERMISSION: MISTAKE,
  NOT_DECLARED: MISTAKE,
  USER_PAYLOAD_INVALID: MISTAKE,
};

/** Of the service: those that it answers by 429 or 503. */
function isRetryable(code: string): boolean {
  const entry = (ERROR_CATALOGUE as Readonly<Record<string, { readonly status: number }>>)[code];
  return code === 'BUSY' || [429, 503].includes(entry?.status ?? 0);
}

describe('the advice of an error', () => {
  test.each(Object.entries(ADVICE))('for %s says what the person can do: %s', (code, means) => {
    const { advice } = new AuthError(code, { retryable: isRetryable(code) });
    const says = (means: Means): boolean =>
      MEANS[means][0].test(advice.zh) && MEANS[means][1].test(advice.en);
    expect(means.some(says) ? [] : [code, advice, means]).toEqual([]);
  });

  test('depends on the code, whatever words the detail has', () => {
    const detail = 'TOKEN_HEADER names a header that was REFUSED.';
    expect(new AuthError('FORBIDDEN', { detail }).advice).toEqual(new AuthError('FORBIDDEN').advice);
  });
});
