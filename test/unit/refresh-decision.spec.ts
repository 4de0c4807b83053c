import { expect, test } from '@jest/globals';
import { decideRefresh, GRACE_MS, type RefreshDecision } from '../../src/session/refresh.js';

const NOW = 1_800_000_000_000;

test.each<[string, number, number, number | null, RefreshDecision]>([
  ['the first token of a fresh session', 1, 1, null, 'rotate'],
  ['the current token, long after it was made', 5, 5, NOW - 30 * 86_400_000, 'rotate'],
  ['the current token, made this moment', 5, 5, NOW, 'rotate'],
  ['the token before, at once', 5, 4, NOW, 'repeat'],
  ['the token before, within the grace', 5, 4, NOW - GRACE_MS + 1, 'repeat'],
  ['the token before, at the end of the grace', 5, 4, NOW - GRACE_MS, 'repeat'],
  ['the token before, after the grace', 5, 4, NOW - GRACE_MS - 1, 'reused'],
  ['the token before, where another clock runs ahead', 5, 4, NOW + 5_000, 'repeat'],
  ['the token before the one before, at once', 5, 3, NOW, 'reused'],
  ['the first token, much later', 5, 1, NOW - 86_400_000, 'reused'],
  ['the token before, of a session that never rotated', 2, 1, null, 'reused'],
  ['a token from the future', 5, 6, NOW, 'unknown'],
  ['a token from the far future', 1, 99, null, 'unknown'],
])('%s', (_what, current, presented, rotatedAt, decision) => {
  expect(decideRefresh({ generation: current, rotatedAt }, presented, NOW)).toBe(decision);
});

test('the grace is the default time-out of wx.request', () => {
  expect(GRACE_MS).toBe(60_000);
});
