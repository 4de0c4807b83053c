import { AuthError, errorOf } from '../../shared/auth-error.js';
import { attempt } from './platform.js';
import type { Failure, Response } from './types.js';

/** An AuthError that code written for `wx.request` can read. */
export type RequestError = AuthError & Failure;

const messageOf = (failure: unknown): string => {
  const { errMsg, message } = Object(failure) as { errMsg?: string; message?: string };
  return errMsg || message || String(failure);
};

export const failed = (code: string, reason: unknown, retryable: boolean): AuthError =>
  new AuthError(code, { retryable, detail: messageOf(reason), reason });

/** The error of a call that got no answer. */
export function networkError(reason: unknown): AuthError {
  const message = messageOf(reason);
  if (/abort/.test(message)) return failed('ABORTED', reason, false);
  return failed(/time.?out/i.test(message) ? 'TIMEOUT' : 'NETWORK_FAILED', reason, true);
}

/** The parsed body of a reply; `undefined` where it is no JSON, as from a proxy or after 204. */
export const bodyOf = ({ data }: Response): unknown =>
  typeof data === 'string' ? attempt(() => JSON.parse(data) as unknown) : data;

/** The code of a problem of the service; empty where there is none. */
export const codeOf = (reply: Response): string => {
  const { code } = Object(bodyOf(reply)) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** The header field Retry-After. Platforms differ in the case of names. */
export function retryAfterOf({ header }: Response): string | undefined {
  for (const name in header) if (/^retry-after$/i.test(name)) return header[name];
  return undefined;
}

/** The error of an answer that is not the one asked for. A 2xx is then that of a proxy or a captive portal. */
export const replyError = (reply: Response): AuthError =>
  reply.statusCode < 300
    ? networkError('not JSON')
    : errorOf(reply.statusCode, bodyOf(reply), retryAfterOf(reply));

/** What WeChat tells by errno (with a space behind it), else by a text that differs by platform (wechat-api.md 7). */
const REFUSALS: readonly (readonly [status: string, pattern: RegExp])[] = [
  ['privacy-refused', /^104 |privacy permission/],
  ['not-declared', /^(112|1026) |declare|requiredPriv|require permission|permission (desc|text)/],
  ['no-quota', /1400001|quota/],
  ['no-permission', /^102 |no permission/],
  ['busy', /in progress/],
  ['banned', /banned/],
  ['refused', /^103 |^(?!.*system).*(deny|denied|cancel)/],
];

/** The outcome of a refusal. Its error has the status as code, in capitals. */
export const refusal = <Status extends string>(status: Status, reason?: unknown) => ({
  status,
  error: failed(
    /TAP/.test(messageOf(reason)) ? 'TAP_REQUIRED' : status.toUpperCase().replace('-', '_'),
    reason,
    status === 'busy',
  ),
});

/**
 * The outcome of what WeChat gave to `fail`.
 * @param possible the statuses that this call has; any other is `unavailable`. The type fits each of them
 */
export function judge(
  failure: unknown,
  possible: RegExp,
): { readonly status: never; readonly error: AuthError } {
  const rowOf = (text: string) => REFUSALS.find(([, pattern]) => pattern.test(text));
  const [status] = rowOf(`${(Object(failure) as Failure).errno} `) || rowOf(messageOf(failure)) || [''];
  return refusal((possible.test(status) ? status : 'unavailable') as never, failure);
}
