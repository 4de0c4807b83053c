import { setTimeout } from 'node:timers/promises';
import { isBusy } from '../database-errors.js';

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;

/**
 * Retries while another process holds the SQLite file. The driver's own wait (`busy_timeout`) is synchronous
 * and would block the whole process.
 * @param until deadline (`performance.now()`)
 * @param attempt must change nothing if it finds the file busy
 * @throws the error of the last attempt
 */
export async function whileBusy<T>(until: number, attempt: () => T | Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() + pause > until) throw error;
    }
    await setTimeout(pause);
  }
}
