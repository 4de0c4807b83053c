import type { ErrorCode } from '../common/error-catalogue.js';

/** The meaning of an errcode of WeChat (wechat-api.md section 9). */
export interface ErrorMeaning {
  readonly code: ErrorCode;
  /** The same call may be retried. */
  readonly retry?: true;
  /** WeChat refused the request before it checked the code. The code is still valid. */
  readonly codeUnspent?: true;
  /** What the operator has to do, for WECHAT_CONFIGURATION. `{app}` is replaced by the AppID. */
  readonly advice?: string;
  /** Seconds for Retry-After. */
  readonly retryAfter?: number;
}

const configuration = (advice: string): ErrorMeaning => ({
  code: 'WECHAT_CONFIGURATION',
  codeUnspent: true,
  advice,
});

/**
 * Errcodes of `sns/auth` and `sns/userinfo` for an invalid token of the person: replaced, of another openid,
 * expired (wechat-api.md sections 4.6, 4.7). In calls with the app's token the same numbers concern the app.
 */
export const INVALID_USER_TOKEN: ReadonlySet<number | null> = new Set([40001, 40003, 42001]);

/** Meanings by errcode. An errcode that is missing here is WECHAT_ERROR. */
export const ERROR_MEANINGS: Readonly<Record<number, ErrorMeaning>> = {
  [-1]: { code: 'WECHAT_BUSY', retry: true, codeUnspent: true },

  40029: { code: 'WECHAT_CODE_INVALID' },
  42003: { code: 'WECHAT_CODE_INVALID' },
  61010: { code: 'WECHAT_CODE_INVALID' },
  41008: { code: 'WECHAT_CODE_INVALID' },
  40163: { code: 'WECHAT_CODE_USED' },

  40226: { code: 'WECHAT_USER_BLOCKED' },
  50001: { code: 'WECHAT_USER_BLOCKED' },
  50002: { code: 'WECHAT_USER_BLOCKED' },

  // The access token of the app. The caller sees this error only after a renewal and a retry have failed.
  40001: { code: 'WECHAT_UNAVAILABLE', codeUnspent: true },
  40014: { code: 'WECHAT_UNAVAILABLE', codeUnspent: true },
  42001: { code: 'WECHAT_UNAVAILABLE', codeUnspent: true },

  40030: { code: 'WECHAT_AUTHORIZATION_EXPIRED' },
  42002: { code: 'WECHAT_AUTHORIZATION_EXPIRED' },
  42007: { code: 'WECHAT_AUTHORIZATION_EXPIRED' },
  87009: { code: 'SESSION_KEY_STALE' },

  45011: { code: 'WECHAT_RATE_LIMITED', codeUnspent: true, retryAfter: 60 },
  45009: { code: 'WECHAT_RATE_LIMITED', codeUnspent: true, retryAfter: 3600 },

  40013: configuration('WeChat does not know the AppID {app}: correct it in the environment.'),
  41002: configuration('WeChat got no AppID for {app}: correct it in the environment.'),
  40125: configuration(
    'WeChat refuses the AppSecret of {app}: correct it in the environment (a reset kills the old one at once).',
  ),
  41004: configuration('WeChat got no AppSecret for {app}: correct it in the environment.'),
  40243: configuration('The AppSecret of {app} is frozen: unfreeze it in the WeChat console.'),
  40164: configuration(
    'WeChat refuses the address of this server for {app}: put {ip} on the IP whitelist in the WeChat console.',
  ),
  40188: configuration('{app} may not use this scope: apply for it in the WeChat console.'),
  41030: configuration('The page of WECHAT_SCAN_PAGE is not in the published version of {app}: correct it.'),
  48001: configuration('{app} lacks the right to this API: apply for it in the WeChat console.'),
  48004: configuration('WeChat has forbidden this API to {app} for irregularities: see the WeChat console.'),
  50004: configuration('WeChat has forbidden the token interface to {app}: see the WeChat console.'),
  50007: configuration('The account of {app} is frozen: see the WeChat console.'),
  89501: configuration('The admin of {app} must confirm the address of this server in WeChat.'),
  89503: configuration('The admin of {app} must confirm the address of this server in WeChat.'),
  89506: configuration('The admin of {app} has denied the address of this server: it waits 24 hours.'),
  89507: configuration('The admin of {app} has denied the address of this server: it waits one hour.'),
};
