import { AuthError, textOf } from '../../shared/auth-error.js';
import { rowOf } from '../../shared/row-of.js';
import type { Failure } from './types.js';

/** An error of this package's own. @param reason what WeChat or the network said */
export const failed = (code: string, reason?: unknown): AuthError =>
  new AuthError(code, {
    retryable: /^(NET|TIME|WX|BUSY)/.test(code),
    detail: textOf(messageOf(reason)),
    reason,
  });

const messageOf = (failure: unknown): string => {
  const known = failure as { errMsg?: string; message?: string } | undefined;
  return known?.errMsg || known?.message || (failure as string);
};

/** The error of a call that got no answer. */
export const networkError = (reason: unknown): AuthError =>
  failed(rowOf(`(^|l.)abort,ABORTED\ntime.*out,TIMEOUT\n,NETWORK_FAILED`, messageOf(reason))[1], reason);

/**
 * What WeChat tells by errno, or by a text that differs by platform (wechat-api.md 7). requirePrivacyAuthorize says the
 * same as without agreement where the person has just disagreed.
 */
const REFUSALS = `^(?!.*requireP)(104 |.*privacy perm),PRIVACY_REFUSED
^(112|1026) |decla|n (desc|text),NOT_DECLARED
1400001|quota,NO_QUOTA
^102 |phone.*no perm,NO_PERMISSION
TAP,TAP_REQUIRED
progress,BUSY
banned,BANNED
^10[34] |^(?!.*system).*(den(y|ied)|cancel|not auth),REFUSED
,UNAVAILABLE`;

/** The error of what WeChat gave to `fail`, or of a code. */
export function refusal(failure: unknown): AuthError {
  const message = messageOf(failure);
  const [, code] = rowOf(REFUSALS, `${(failure as Failure | undefined)?.errno} ${message}`);
  return failed(/^[A-Z_]+$/.test(message) ? message : code, failure);
}
