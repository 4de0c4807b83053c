import { isIP } from 'node:net';
import { AppError, type AppErrorOptions } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { ERROR_MEANINGS } from './error-codes.js';

/** A call to WeChat that failed. */
export class WeChatError extends AppError {
  /** WeChat's errcode, if an answer had one. */
  readonly errcode: number | null;
  /** Whether the code was certainly not spent and may be sent again. */
  readonly codeUnspent: boolean;
  /** Whether the same call may be retried. */
  readonly retry: boolean;

  constructor(
    code: ErrorCode,
    options: AppErrorOptions & { errcode?: number; codeUnspent?: boolean; retry?: boolean } = {},
  ) {
    super(code, options);
    this.errcode = options.errcode ?? null;
    this.codeUnspent = options.codeUnspent ?? false;
    this.retry = options.retry ?? false;
  }
}

/** Shown to clients instead of the errcode, which would reveal the fault in the configuration. */
const CLIENT_DETAIL = 'WeChat refuses this service. The log says why, under the requestId.';

/**
 * Converts an errcode to an error. Only the errcode decides. Of the error text only the request id and, for
 * 40164, the IP address are used.
 */
export function errorOf(errcode: number, errmsg: string, appId: string): WeChatError {
  const meaning = ERROR_MEANINGS[errcode] ?? { code: 'WECHAT_ERROR' };
  const rid = requestIdOf(errmsg);
  const answerText = `WeChat answered ${errcode}${rid ? ` (rid ${rid})` : ''}.`;
  const advice = meaning.advice?.replace('{app}', appId).replace('{ip}', refusedAddress(errmsg));
  return new WeChatError(meaning.code, {
    detail: meaning.code === 'WECHAT_CONFIGURATION' ? CLIENT_DETAIL : answerText,
    operatorDetail: advice ? `${answerText} ${advice}` : answerText,
    errcode,
    codeUnspent: meaning.codeUnspent ?? false,
    retry: meaning.retry ?? false,
    ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
  });
}

/** WeChat's request id at the end of an errmsg (wechat-api.md section 0). */
export function requestIdOf(errmsg: string): string | null {
  return /rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})\s*$/.exec(errmsg)?.[1] ?? null;
}

function refusedAddress(errmsg: string): string {
  const address = /invalid ip ([0-9a-fA-F.:]+)/.exec(errmsg)?.[1] ?? '';
  return isIP(address) ? address : 'its public address';
}
