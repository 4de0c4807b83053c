import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** How willingly the kernel ends this process when memory runs out, from -1,000 to 1,000. */
const FIRST_TO_GO = '800';

/**
 * Lets every other process go first: a low priority of the processor, and the first to end when memory runs out. What a
 * system does not know or forbids is skipped, because it changes only how fast others are.
 * @param niceness 0 to 19, the lowest priority
 */
export function giveWay(niceness: number): void {
  attempt(() => setPriority(niceness));
  if (process.platform !== 'linux') return;
  // A priority belongs to a thread there. Threads that begin later have that of the one that began them.
  attempt(() => {
    for (const thread of readdirSync('/proc/self/task')) {
      attempt(() => setPriority(Number(thread), niceness));
    }
  });
  // Outside of containers Linux weighs sessions against each other first, and threads only within one.
  attempt(() => writeFileSync('/proc/self/autogroup', String(niceness)));
  attempt(() => writeFileSync('/proc/self/oom_score_adj', FIRST_TO_GO));
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Skipped, as said above.
  }
}
