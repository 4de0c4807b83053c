import type { AttemptMethod } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import type { Device } from '../session/session.service.js';
import type { Binding } from './binding.js';
import { LOGIN_CODE_MS } from './login-codes.js';

/** Where an attempt stands. `by` is the identity in whose mini program it was scanned. */
export type Step =
  | { readonly status: 'pending' }
  | { readonly status: 'scanned'; readonly by: string }
  | {
      readonly status: 'confirmed';
      readonly by: string | null;
      /** `null` where who looks on is not told. */
      readonly loginCode: string | null;
    }
  | { readonly status: 'redeemed'; readonly by: string | null }
  | { readonly status: 'denied'; readonly by: string | null }
  | { readonly status: 'expired' };

/** A login on a screen that waits for somebody to show who they are. Times in ms. */
export interface Attempt {
  readonly method: AttemptMethod;
  readonly appId: string;
  /** Origin of the site that asks. The rest of returnTo is in the state of the login, which alone goes back there. */
  readonly origin: string;
  /** Who may redeem. */
  readonly binding: Binding;
  /** Who may look on: fingerprints of the browser's cookie and of the attempt's secret. */
  readonly watchers: { readonly browser: string; readonly secret: string };
  /** What asks for the login: shown to the person who scans. */
  readonly device: Device;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly step: Step;
  /** How many steps were made. */
  readonly version: number;
}

/** What who looks on is told; `redeemed` is `confirmed` there, without a loginCode. */
export interface AttemptState {
  readonly status: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';
  readonly loginCode?: string;
}

/** What an attempt is called inside: nobody who reads it can poll with it. */
export function attemptKey(id: string): string {
  return fingerprint(id);
}

/** Where an attempt stands at a time (ms), as its browser sees it. */
export function stateOf({ step, expiresAt }: Attempt, now: number): AttemptState {
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

/** Whether nothing can follow that a waiting browser would want to hear of. */
export function isFinal({ status }: AttemptState): boolean {
  return status !== 'pending' && status !== 'scanned';
}

/** How long somebody who has scanned may take to decide, however late the scan was. */
const DECISION_MS = 60 * 1_000;

/** Who scans: an identity of a mini program. */
export interface Scanner {
  readonly id: string;
  readonly appId: string;
}

/** What WeChat's page came back with. The loginCode is `null` where who looks on is not told. */
export type Landing = { readonly loginCode: string | null } | 'denied' | 'expired';

/*
 * The steps. Each gives the attempt as it stands afterwards, `null` where nothing changes.
 */

/**
 * A person opens the scan in their mini program: the first one has it, again and again.
 * @throws AppError SCAN_UNKNOWN when it is over, or another mini program's; SCAN_TAKEN
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

/** The person who has scanned lets the login happen. @throws AppError as `mayDecide` does */
export function confirm(attempt: Attempt, by: string, loginCode: string, now: number): Attempt | null {
  return mayDecide(attempt, by, 'confirmed', now) ? confirmed(attempt, by, loginCode, now) : null;
}

/** The person who has scanned refuses. @throws AppError as `mayDecide` does */
export function deny(attempt: Attempt, by: string, now: number): Attempt | null {
  return mayDecide(attempt, by, 'denied', now) ? { ...attempt, step: { status: 'denied', by } } : null;
}

/** WeChat's page came back. What is decided, or over, stays so: its browser has been told. */
export function land(attempt: Attempt, landing: Landing, now: number): Attempt | null {
  if (stateOf(attempt, now).status !== 'pending') return null;
  if (typeof landing === 'object') return confirmed(attempt, null, landing.loginCode, now);
  return { ...attempt, step: landing === 'denied' ? { status: landing, by: null } : { status: landing } };
}

/**
 * The loginCode was turned into a session. A page around a frame may redeem it before the attempt is told of it: the
 * attempt is over then, too.
 */
export function redeem(attempt: Attempt): Attempt | null {
  const { step } = attempt;
  if (step.status === 'pending') return { ...attempt, step: { status: 'redeemed', by: null } };
  return step.status === 'confirmed' ? { ...attempt, step: { status: 'redeemed', by: step.by } } : null;
}

/**
 * Whether this person may decide, and has not.
 * @returns `false` where they have decided so already
 * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN; SCAN_REQUIRED from who has not seen what asks; SCAN_DECIDED otherwise
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
