import { AuthError } from '../../shared/auth-error.js';
import type { Failure } from './types.js';

/** An error of this package's own. @param reason what WeChat or the network said */
export const failed = (code: string, reason?: unknown): AuthError =>
  new AuthError(code, {
    retryable: /^(NET|TIME|WX|BUSY|SESS)/.test(code),
    detail: messageOf(reason),
    reason,
  });

const messageOf = (failure: unknown): string => {
  const known = failure as { errMsg?: string; message?: string } | undefined;
  return known?.errMsg ?? known?.message ?? (failure as string | undefined) ?? '';
};

/** The error of a call that got no answer. */
export const networkError = (reason: unknown): AuthError => {
  const message = messageOf(reason);
  return failed(
    /abort/.test(message) ? 'ABORTED' : /time.?out/i.test(message) ? 'TIMEOUT' : 'NETWORK_FAILED',
    reason,
  );
};

/** What WeChat tells by errno, or by a text that differs by platform (wechat-api.md 7). */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  // requirePrivacyAuthorize says the same where the person has just disagreed.
  PRIVACY_REFUSED: /^(?!.*requireP)(104 |.*privacy perm)/,
  NOT_DECLARED: /^(112|1026) |declare|n (desc|text)/,
  NO_QUOTA: /1400001|quota/,
  NO_PERMISSION: /^102 |getP.*no perm/,
  TAP_REQUIRED: /TAP/,
  BUSY: /progress/,
  BANNED: /banned/,
  REFUSED: /^10[34] |^(?!.*system).*(deny|denied|cancel|not auth)/,
};

/** The error of what WeChat gave to `fail`, or of a code. */
export function refusal(failure: unknown): AuthError {
  const message = messageOf(failure);
  const text = `${(failure as Failure | undefined)?.errno} ${message}`;
  const code = Object.keys(REFUSALS).find((each) => REFUSALS[each]!.test(text));
  return failed(code ?? (/^[A-Z_]+$/.test(message) ? message : 'UNAVAILABLE'), failure);
}
