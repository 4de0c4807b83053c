import { isIP } from 'node:net';
import { AppError, type AppErrorOptions } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { ERROR_MEANINGS } from './error-codes.js';

/** A call to WeChat that did not give what it should. */
export class WeChatError extends AppError {
  /** WeChat's errcode, where there was an answer with one. */
  readonly errcode: number | null;
  /** The code of the call was certainly not spent: the same code may come again. */
  readonly codeUnspent: boolean;
  /** The same call may be sent again. */
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

/** An errcode would say what is wrong with the set-up to whoever logs in. */
const NOT_FOR_EVERYBODY = 'WeChat refuses this service. The log says why, under the requestId.';

/**
 * The error that an errcode stands for. Only the errcode decides; of the text nothing but the request id and,
 * for 40164, the address is passed on.
 */
export function errorOf(errcode: number, errmsg: string, appId: string): WeChatError {
  const meaning = ERROR_MEANINGS[errcode] ?? { code: 'WECHAT_ERROR' };
  const rid = requestIdOf(errmsg);
  const said = `WeChat answered ${errcode}${rid ? ` (rid ${rid})` : ''}.`;
  const advice = meaning.advice?.replace('{app}', appId).replace('{ip}', refusedAddress(errmsg));
  return new WeChatError(meaning.code, {
    detail: meaning.code === 'WECHAT_CONFIGURATION' ? NOT_FOR_EVERYBODY : said,
    operatorDetail: advice ? `${said} ${advice}` : said,
    errcode,
    codeUnspent: meaning.codeUnspent ?? false,
    retry: meaning.retry ?? false,
    ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
  });
}

/** WeChat's id of the call, at the end of its text (wechat-api.md section 0). */
export function requestIdOf(errmsg: string): string | null {
  return /rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})\s*$/.exec(errmsg)?.[1] ?? null;
}

function refusedAddress(errmsg: string): string {
  const address = /invalid ip ([0-9a-fA-F.:]+)/.exec(errmsg)?.[1] ?? '';
  return isIP(address) ? address : 'its public address';
}
