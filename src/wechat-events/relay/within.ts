import { withTimeout } from '../../common/with-timeout.js';

class Late extends Error {}

/**
 * The result of a promise, or `null` where it does not come in time. The work itself goes on.
 * @param until on the clock of `performance.now()`
 */
export async function within<T>(work: Promise<T>, until: number): Promise<T | null> {
  try {
    return await withTimeout(work, Math.max(0, Math.ceil(until - performance.now())), () => new Late());
  } catch (error) {
    if (error instanceof Late) return null;
    throw error;
  }
}
