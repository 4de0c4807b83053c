import { describe, expect, test } from '@jest/globals';
import {
  type Attempt,
  attemptKey,
  confirm,
  deny,
  isFinal,
  finish,
  mayDecide,
  redeem,
  scan,
  stateOf,
  type Step,
} from '../../src/attempt/attempt.js';
import { AppError } from '../../src/common/app-error.js';

const APP = 'wx5a4db0c0de000001';
const NOW = Date.UTC(2026, 10, 21, 8, 30);
const MINUTE = 60_000;
const ENDS = NOW + 5 * MINUTE;

const STEPS = {
  pending: { status: 'pending' },
  scanned: { status: 'scanned', by: 'me' },
  confirmed: { status: 'confirmed', by: 'me', loginCode: 'l' },
  redeemed: { status: 'redeemed', by: 'me' },
  denied: { status: 'denied', by: 'me' },
  expired: { status: 'expired' },
} as const satisfies Record<string, Step>;

function attempt(step: Step, expiresAt = ENDS): Attempt {
  return {
    isHosted: false,
    method: 'mini-program',
    appId: APP,
    origin: 'https://shop.example.com',
    binding: { browser: 'b' },
    watchers: { browser: 'b', secret: 's' },
    device: { ip: '203.0.113.7', userAgent: null },
    requestedAt: NOW,
    expiresAt,
    step,
    version: 3,
  };
}

/** The result of a transition: the new step, `same` for no change, or the error code. */
function outcome(transition: () => Attempt | boolean | null): unknown {
  try {
    const result = transition();
    if (typeof result === 'boolean') return result;
    return result === null ? 'same' : result.step;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

describe('an attempt', () => {
  test.each<[keyof typeof STEPS, string, string]>([
    ['pending', 'pending', 'expired'],
    ['scanned', 'scanned', 'expired'],
    ['confirmed', 'confirmed', 'expired'],
    ['redeemed', 'confirmed', 'confirmed'],
    ['denied', 'denied', 'denied'],
    ['expired', 'expired', 'expired'],
  ])('%s is told to the browser as %s in its time, as %s from its end on', (step, inTime, later) => {
    const at = (now: number): string => stateOf(attempt(STEPS[step]), now).status;
    expect([at(NOW), at(ENDS - 1), at(ENDS), at(ENDS + MINUTE)]).toEqual([inTime, inTime, later, later]);
  });

  test('shows its loginCode while it is confirmed, and never before or afterwards', () => {
    const shown = Object.values(STEPS).map((step) => stateOf(attempt(step), NOW));
    expect(shown.filter((state) => 'loginCode' in state)).toEqual([{ status: 'confirmed', loginCode: 'l' }]);
    expect(stateOf(attempt(STEPS.confirmed), ENDS)).toEqual({ status: 'expired' });
  });

  test('is final for the browser once nothing can follow', () => {
    const final = Object.values(STEPS).filter((step) => isFinal(stateOf(attempt(step), NOW)));
    expect(final.map(({ status }) => status)).toEqual(['confirmed', 'redeemed', 'denied', 'expired']);
  });

  test('is called by a fingerprint of its id', () => {
    expect(attemptKey('id')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(attemptKey('id')).not.toBe(attemptKey('di'));
  });
});

describe('the steps of an attempt', () => {
  const me = { id: 'me', appId: APP };
  const other = { id: 'other', appId: APP };

  test.each<[keyof typeof STEPS, unknown, unknown, unknown]>([
    // me; somebody else; in another mini program
    ['pending', { status: 'scanned', by: 'me' }, { status: 'scanned', by: 'other' }, 'SCAN_UNKNOWN'],
    ['scanned', 'same', 'SCAN_TAKEN', 'SCAN_UNKNOWN'],
    ['confirmed', 'same', 'SCAN_TAKEN', 'SCAN_UNKNOWN'],
    ['redeemed', 'same', 'SCAN_TAKEN', 'SCAN_UNKNOWN'],
    ['denied', 'same', 'SCAN_TAKEN', 'SCAN_UNKNOWN'],
    ['expired', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
  ])('a scan of one that is %s', (step, ...expected) => {
    const scanners = [me, other, { id: 'me', appId: 'wx5a4db0c0de000009' }];
    expect(scanners.map((who) => outcome(() => scan(attempt(STEPS[step]), who, NOW)))).toEqual(expected);
  });

  test.each<[keyof typeof STEPS, unknown, unknown, unknown]>([
    // I confirm; I deny; somebody else does either
    ['pending', 'SCAN_REQUIRED', 'SCAN_REQUIRED', 'SCAN_REQUIRED'],
    [
      'scanned',
      { status: 'confirmed', by: 'me', loginCode: 'new' },
      { status: 'denied', by: 'me' },
      'SCAN_TAKEN',
    ],
    ['confirmed', 'same', 'SCAN_DECIDED', 'SCAN_TAKEN'],
    ['redeemed', 'same', 'SCAN_DECIDED', 'SCAN_TAKEN'],
    ['denied', 'SCAN_DECIDED', 'same', 'SCAN_TAKEN'],
    ['expired', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
  ])('a decision over one that is %s', (step, mine, denied, theirs) => {
    const stands = attempt(STEPS[step]);
    expect(outcome(() => confirm(stands, 'me', 'new', NOW))).toEqual(mine);
    expect(outcome(() => deny(stands, 'me', NOW))).toEqual(denied);
    expect(outcome(() => confirm(stands, 'other', 'new', NOW))).toEqual(theirs);
    expect(outcome(() => deny(stands, 'other', NOW))).toEqual(theirs);
  });

  test('whether somebody may decide is what deciding would come to', () => {
    expect(outcome(() => mayDecide(attempt(STEPS.scanned), 'me', 'denied', NOW))).toBe(true);
    expect(outcome(() => mayDecide(attempt(STEPS.denied), 'me', 'denied', NOW))).toBe(false);
    expect(outcome(() => mayDecide(attempt(STEPS.denied), 'me', 'confirmed', NOW))).toBe('SCAN_DECIDED');
  });

  test.each<[keyof typeof STEPS, unknown, unknown]>([
    ['pending', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
    ['scanned', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
    ['confirmed', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
    // A final decision stays, and a repeated one gets the same answer.
    ['redeemed', 'same', 'same'],
    ['denied', 'same', 'SCAN_DECIDED'],
    ['expired', 'SCAN_UNKNOWN', 'SCAN_UNKNOWN'],
  ])('a scan and a confirmation, after its time, of one that is %s', (step, scanned, decided) => {
    expect(outcome(() => scan(attempt(STEPS[step]), me, ENDS))).toEqual(scanned);
    expect(outcome(() => confirm(attempt(STEPS[step]), 'me', 'new', ENDS))).toEqual(decided);
  });

  test('a late scan prolongs to a minute from then, an early one changes no time', () => {
    const ends = [NOW, ENDS - MINUTE, ENDS - 1].map(
      (now) => scan(attempt(STEPS.pending), me, now)?.expiresAt,
    );
    expect(ends).toEqual([ENDS, ENDS, ENDS - 1 + MINUTE]);
  });

  test('a confirmation lives as long as its loginCode', () => {
    expect(confirm(attempt(STEPS.scanned), 'me', 'l', NOW)?.expiresAt).toBe(NOW + MINUTE);
    expect(finish(attempt(STEPS.pending), { loginCode: 'l' }, NOW)?.expiresAt).toBe(NOW + MINUTE);
  });

  test.each<[keyof typeof STEPS, boolean]>([
    ['pending', true],
    ['scanned', false],
    ['confirmed', false],
    ['redeemed', false],
    ['denied', false],
    ['expired', false],
  ])("WeChat's page coming back to one that is %s is heard: %s", (step, isHeard) => {
    const stands = attempt(STEPS[step]);
    const landed = [
      outcome(() => finish(stands, { loginCode: 'l' }, NOW)),
      outcome(() => finish(stands, 'denied', NOW)),
      outcome(() => finish(stands, 'expired', NOW)),
    ];
    const heard = [
      { status: 'confirmed', by: null, loginCode: 'l' },
      { status: 'denied', by: null },
      { status: 'expired' },
    ];
    expect(landed).toEqual(isHeard ? heard : ['same', 'same', 'same']);
    expect(outcome(() => finish(stands, { loginCode: 'l' }, ENDS))).toBe('same');
  });

  test('is redeemed once it is confirmed, and before where the page around a frame is faster', () => {
    const redeemed = Object.values(STEPS).map((step) => outcome(() => redeem(attempt(step))));
    const before = { status: 'redeemed', by: null };
    expect(redeemed).toEqual([before, 'same', { status: 'redeemed', by: 'me' }, 'same', 'same', 'same']);
  });

  test('change nothing but step and time', () => {
    const after = [
      scan(attempt(STEPS.pending), me, NOW),
      confirm(attempt(STEPS.scanned), 'me', 'l', NOW),
      deny(attempt(STEPS.scanned), 'me', NOW),
      finish(attempt(STEPS.pending), 'denied', NOW),
      redeem(attempt(STEPS.confirmed)),
    ];
    for (const each of after) {
      expect({ ...each, step: STEPS.pending, expiresAt: ENDS }).toEqual(attempt(STEPS.pending));
    }
  });
});
