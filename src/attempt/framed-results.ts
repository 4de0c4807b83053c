import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint, freshSecret, isSecretForm } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { attemptKey, type LoginResult } from './attempt.js';
import { Attempts } from './attempts.js';
import { LOGIN_CODE_MS } from './login-codes.js';

/** Result of a login in a frame, and the attempt that has yet to get it. */
interface StoredResult {
  readonly attempt: string;
  /** The name is that of stored values; instances of two versions may share the store. */
  readonly landing: LoginResult;
}

/**
 * Results of callbacks that arrived in a frame. Any site may embed the frame, and the browser then refuses to
 * show our page. So the attempt gets the result only after the page was shown: its script reports a secret
 * that is in that page and nowhere else (docs/decisions/032).
 */
@Injectable()
export class FramedResults {
  constructor(
    private readonly store: EphemeralStore,
    private readonly attempts: Attempts,
  ) {}

  /**
   * Keeps a result for the lifetime of a loginCode.
   * @returns the secret for the page in the frame; each page has its own
   * @throws AppError STORE_UNAVAILABLE
   */
  async keep(attemptId: string, result: LoginResult): Promise<string> {
    const secret = freshSecret();
    const stored: StoredResult = { attempt: attemptKey(attemptId), landing: result };
    await this.store.set(key(secret), JSON.stringify(stored), LOGIN_CODE_MS);
    return secret;
  }

  /**
   * The page was shown: the attempt gets the result. Works once for each page.
   * @throws AppError ATTEMPT_UNKNOWN, STORE_UNAVAILABLE
   */
  async shown(secret: string): Promise<void> {
    const stored = isSecretForm(secret) ? await this.store.take(key(secret)) : null;
    if (stored === null) throw new AppError('ATTEMPT_UNKNOWN');
    const { attempt, landing } = JSON.parse(stored) as StoredResult;
    await this.attempts.deliverResult(attempt, landing);
  }
}

function key(secret: string): string {
  return `framed-landing:${fingerprint(secret)}`;
}
