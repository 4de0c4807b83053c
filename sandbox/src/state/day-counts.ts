import type { SandboxClock } from './clock.js';

const DAY_MS = 86_400_000;
const BEIJING_MS = 8 * 3_600_000;

interface DayCount {
  day: number;
  count: number;
  at: number;
}

/** How often something happened on this day of the clock: for quotas "per day". */
export class DayCounts {
  private readonly counts = new Map<string, DayCount>();

  constructor(private readonly clock: SandboxClock) {}

  /** Counts one more; false when there have been `most` on this day already. */
  allow(name: string, most: number): boolean {
    const at = this.clock.now();
    // Quotas start again at midnight in Beijing; that it is midnight there is our inference.
    const day = Math.floor((at + BEIJING_MS) / DAY_MS);
    const before = this.counts.get(name);
    const count = before?.day === day ? before.count : 0;
    if (count >= most) return false;
    this.counts.set(name, { day, count: count + 1, at });
    return true;
  }

  /** The last time that it was counted, ms; undefined if it never was. */
  lastAt(name: string): number | undefined {
    return this.counts.get(name)?.at;
  }

  reset(): void {
    this.counts.clear();
  }
}
