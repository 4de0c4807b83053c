import type { SandboxClock } from './clock.js';

const MINUTE_MS = 60_000;

/** How often something happened in this minute of the clock: for quotas "per minute". */
export class MinuteCounts {
  private readonly counts = new Map<string, { minute: number; count: number }>();

  constructor(private readonly clock: SandboxClock) {}

  /** Counts one more; false when there have been `most` in this minute already. */
  allow(name: string, most: number): boolean {
    const minute = Math.floor(this.clock.now() / MINUTE_MS);
    const before = this.counts.get(name);
    const count = before?.minute === minute ? before.count : 0;
    if (count >= most) return false;
    this.counts.set(name, { minute, count: count + 1 });
    return true;
  }

  reset(): void {
    this.counts.clear();
  }
}
