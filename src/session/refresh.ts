/**
 * Grace period in which the previous refresh token yields the same successor: the default timeout of
 * wx.request (ms).
 */
export const GRACE_MS = 60_000;

/** How to handle a refresh token. */
export type RefreshDecision = 'rotate' | 'repeat' | 'reused' | 'unknown';

/**
 * Decides how to handle a refresh token whose MAC is valid.
 * - `rotate`: it is the current one.
 * - `repeat`: it is the previous one, and its successor was issued within the grace period. A retry on a bad
 *   network, which gets the same successor again.
 * - `reused`: it is older, or the previous one after the grace period. Somebody else has a copy.
 * - `unknown`: its generation is in the future, for example after a backup was restored.
 * @param now ms; earlier than `rotatedAt` if the clocks of two instances differ, which counts as age 0
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
