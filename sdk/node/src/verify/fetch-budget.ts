/** How many fetches may follow one another without a pause. */
const BURST = 10;
/** After a burst, one fetch in this time (ms). */
const INTERVAL_MS = 500;

/**
 * Limits fetches of the keys (a token bucket), since anybody can send tokens with an unknown `kid`. Nobody is refused
 * for it: the next fetch is later, and answers all tokens that wait for it.
 */
export class FetchBudget {
  private level = BURST;
  private countedAt: number;

  /** @param now ms of a clock that never jumps */
  constructor(private readonly now: () => number) {
    this.countedAt = now();
  }

  /** Takes one fetch from the budget. @returns ms until it may begin */
  take(): number {
    const now = this.now();
    this.level = Math.min(BURST, this.level + (now - this.countedAt) / INTERVAL_MS) - 1;
    this.countedAt = now;
    return Math.max(0, -this.level * INTERVAL_MS);
  }
}
