import type { AttemptMethod } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import type { Device } from '../session/session.service.js';
import type { Binding } from './binding.js';
import { LOGIN_CODE_MS } from './login-codes.js';

/** State of an attempt. `by` is the mini program identity that scanned it. */
export type Step =
  | { readonly status: 'pending' }
  | { readonly status: 'scanned'; readonly by: string }
  | {
      readonly status: 'confirmed';
      readonly by: string | null;
      /** `null` if the watchers must not get it. */
      readonly loginCode: string | null;
    }
  | { readonly status: 'redeemed'; readonly by: string | null }
  | { readonly status: 'denied'; readonly by: string | null }
  | { readonly status: 'expired' };

/** A login on a screen that waits for its person. Times in milliseconds. */
export interface Attempt {
  readonly method: AttemptMethod;
  readonly appId: string;
  /** Origin of the site that requests the login. The full returnTo is kept in the login state. */
  readonly origin: string;
  /** The client that may redeem the loginCode. */
  readonly binding: Binding;
  /** Clients that may read the status: fingerprints of the browser's cookie and of the attempt's secret. */
  readonly watchers: { readonly browser: string; readonly secret: string };
  /** Whether a hosted page began it. */
  readonly isHosted: boolean;
  /** The device that requests the login. It is shown to the person who scans. */
  readonly device: Device;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly step: Step;
  /** Number of transitions so far. */
  readonly version: number;
}

/** The state as watchers see it. `redeemed` is shown as `confirmed` without a loginCode. */
export interface AttemptState {
  readonly status: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';
  readonly loginCode?: string;
}

/** Internal key of an attempt. It does not allow polling. */
export function attemptKey(id: string): string {
  return fingerprint(id);
}

/** Returns the state at `now` (ms), as watchers see it. */
export function stateOf({ step, expiresAt }: Pick<Attempt, 'step' | 'expiresAt'>, now: number): AttemptState {
  switch (step.status) {
    case 'redeemed':
      return { status: 'confirmed' };
    case 'denied':
    case 'expired':
      return { status: step.status };
    default:
      if (now >= expiresAt) return { status: 'expired' };
      return step.status === 'confirmed' && step.loginCode !== null
        ? { status: 'confirmed', loginCode: step.loginCode }
        : { status: step.status };
  }
}

/** Whether no further transition concerns a waiting browser. */
export function isFinal({ status }: AttemptState): boolean {
  return status !== 'pending' && status !== 'scanned';
}

/** Minimum time to decide after a scan, even if the attempt is about to expire. */
const DECISION_MS = 60 * 1_000;

/** The mini program identity that scans. */
export interface Scanner {
  readonly id: string;
  readonly appId: string;
}

/** Result of WeChat's page. The loginCode is `null` if the watchers must not get it. */
export type LoginResult = { readonly loginCode: string | null } | 'denied' | 'expired';

/* State transitions. Each returns the new attempt, or `null` if nothing changes. */

/**
 * A person opens the scan in their mini program. The first one owns it; a repeated scan changes nothing.
 * @throws AppError SCAN_UNKNOWN if it has expired or belongs to another mini program; SCAN_TAKEN
 */
export function scan(attempt: Attempt, { id: by, appId }: Scanner, now: number): Attempt | null {
  if (appId !== attempt.appId) throw new AppError('SCAN_UNKNOWN');
  const step = openStep(attempt, by, now);
  if (step.status !== 'pending') return null;
  return {
    ...attempt,
    step: { status: 'scanned', by },
    expiresAt: Math.max(attempt.expiresAt, now + DECISION_MS),
  };
}

/**
 * The person who scanned confirms.
 * @throws AppError as `mayDecide` does
 */
export function confirm(attempt: Attempt, by: string, loginCode: string, now: number): Attempt | null {
  return mayDecide(attempt, by, 'confirmed', now) ? confirmed(attempt, by, loginCode, now) : null;
}

/**
 * The person who scanned refuses.
 * @throws AppError as `mayDecide` does
 */
export function deny(attempt: Attempt, by: string, now: number): Attempt | null {
  return mayDecide(attempt, by, 'denied', now) ? { ...attempt, step: { status: 'denied', by } } : null;
}

/** WeChat's page has returned. A final state stays as it is, because the browser may have read it. */
export function finish(attempt: Attempt, result: LoginResult, now: number): Attempt | null {
  if (stateOf(attempt, now).status !== 'pending') return null;
  if (typeof result === 'object') return confirmed(attempt, null, result.loginCode, now);
  return { ...attempt, step: result === 'denied' ? { status: result, by: null } : { status: result } };
}

/**
 * The loginCode was exchanged for a session. The page around a frame may redeem it before the attempt gets
 * its result; that ends the attempt, too.
 */
export function redeem(attempt: Attempt): Attempt | null {
  const { step } = attempt;
  if (step.status === 'pending') return { ...attempt, step: { status: 'redeemed', by: null } };
  return step.status === 'confirmed' ? { ...attempt, step: { status: 'redeemed', by: step.by } } : null;
}

/**
 * Whether this person may decide and has not yet.
 * @returns `false` if they have already made this decision
 * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN; SCAN_REQUIRED before the scan was opened; SCAN_DECIDED after the
 * opposite decision
 */
export function mayDecide(
  attempt: Attempt,
  by: string,
  decision: 'confirmed' | 'denied',
  now: number,
): boolean {
  const { status } = openStep(attempt, by, now);
  if (status === 'pending') throw new AppError('SCAN_REQUIRED');
  if (status === 'scanned') return true;
  const decided = status === 'redeemed' ? 'confirmed' : status;
  if (decided !== decision) throw new AppError('SCAN_DECIDED');
  return false;
}

function confirmed(attempt: Attempt, by: string | null, loginCode: string | null, now: number): Attempt {
  return { ...attempt, step: { status: 'confirmed', by, loginCode }, expiresAt: now + LOGIN_CODE_MS };
}

function openStep(attempt: Attempt, by: string, now: number): Exclude<Step, { status: 'expired' }> {
  const { step } = attempt;
  if (step.status === 'expired' || stateOf(attempt, now).status === 'expired') {
    throw new AppError('SCAN_UNKNOWN');
  }
  if (step.status !== 'pending' && step.by !== by) throw new AppError('SCAN_TAKEN');
  return step;
}
