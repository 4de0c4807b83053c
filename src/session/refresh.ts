/** How long the previous refresh token still gets the same successor: the default time-out of wx.request (ms). */
export const GRACE_MS = 60_000;

/** What a refresh token means for its session. */
export type RefreshDecision = 'rotate' | 'repeat' | 'reused' | 'unknown';

/**
 * Decides about a refresh token that carries a good mac.
 * - `rotate`: it is the current one.
 * - `repeat`: it is the one before, and its successor was issued just now: a retry on a bad network, which gets the
 *   same successor again.
 * - `reused`: it is older, or the one before but later: somebody else has a copy.
 * - `unknown`: from the future, as after a restored backup.
 * @param now ms; before `rotatedAt` when clocks of two instances differ, which counts as just now
 */
export function decideRefresh(
  session: { readonly generation: number; readonly rotatedAt: number | null },
  generation: number,
  now: number,
): RefreshDecision {
  if (generation === session.generation) return 'rotate';
  if (generation > session.generation) return 'unknown';
  const age = Math.max(0, now - (session.rotatedAt ?? 0));
  return generation === session.generation - 1 && age <= GRACE_MS ? 'repeat' : 'reused';
}
