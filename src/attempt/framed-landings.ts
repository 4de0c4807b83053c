import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint, freshSecret } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { attemptKey, type Landing } from './attempt.js';
import { Attempts } from './attempts.js';
import { LOGIN_CODE_MS } from './login-codes.js';

/** How a login in a frame ended, and the attempt that is not told of it yet. */
interface Kept {
  readonly attempt: string;
  readonly landing: Landing;
}

const FORM = /^[0-9a-f]{64}$/;

/**
 * What an attempt will be told of a callback that came in a frame. A frame can stand on anybody's page, and then the
 * browser refuses to show our answer. So the attempt is told only when the answer was shown: its script reports back
 * with a secret that stands in that answer and nowhere else (docs/decisions/032).
 */
@Injectable()
export class FramedLandings {
  constructor(
    private readonly store: EphemeralStore,
    private readonly attempts: Attempts,
  ) {}

  /**
   * Keeps the outcome for as long as a loginCode lives.
   * @returns the secret for the page that the frame gets; each page has its own
   * @throws AppError STORE_UNAVAILABLE
   */
  async keep(attemptId: string, landing: Landing): Promise<string> {
    const secret = freshSecret();
    const kept: Kept = { attempt: attemptKey(attemptId), landing };
    await this.store.set(key(secret), JSON.stringify(kept), LOGIN_CODE_MS);
    return secret;
  }

  /**
   * The page was shown: the attempt is told. Works once for each page.
   * @throws AppError ATTEMPT_UNKNOWN, STORE_UNAVAILABLE
   */
  async shown(secret: string): Promise<void> {
    const stored = FORM.test(secret) ? await this.store.take(key(secret)) : null;
    if (stored === null) throw new AppError('ATTEMPT_UNKNOWN');
    const { attempt, landing } = JSON.parse(stored) as Kept;
    await this.attempts.tell(attempt, landing);
  }
}

function key(secret: string): string {
  return `framed-landing:${fingerprint(secret)}`;
}
