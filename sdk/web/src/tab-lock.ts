import { sleep, within } from './deadline.js';
import { LOCK_MS, SETTLE_MS } from './limits.js';
import { randomText } from './pkce.js';
import { quietly } from './storage.js';

/** Runs work in one tab of this origin at a time: by Web Locks, else by a lease in localStorage. */
export async function exclusively(name: string, work: () => Promise<void>): Promise<void> {
  let isHeld = false as boolean;
  try {
    await within(LOCK_MS, undefined, ({ signal }) =>
      navigator.locks.request(name, { signal }, () => {
        isHeld = true;
        return work();
      }),
    );
  } catch (error) {
    if (isHeld) throw error;
    // There are none, or a tab was frozen with this one. The others still take turns.
    await byLease(name, work);
  }
}

/** For Safari before 15.4 and for http, where there are no Web Locks, and for a lock that is not given back. */
async function byLease(name: string, work: () => Promise<void>): Promise<void> {
  const owner = randomText();
  const read = (): string => quietly(() => localStorage.getItem(name)) ?? '';
  while (!read().startsWith(owner)) {
    // A tab may have been closed with it, and a clock may have jumped.
    if (!(Math.abs(Date.now() - Number(read().split(' ')[1])) < LOCK_MS)) {
      quietly(() => localStorage.setItem(name, `${owner} ${Date.now()}`));
      if (!read()) break;
    }
    await sleep(SETTLE_MS * (1 + Math.random()));
  }
  await work().finally(() => {
    if (read().startsWith(owner)) quietly(() => localStorage.removeItem(name));
  });
}
