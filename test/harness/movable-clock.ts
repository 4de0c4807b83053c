import { Clock } from '../../src/common/clock.js';

/** Real time plus an offset that a test sets. */
export class MovableClock extends Clock {
  private ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  /** @param seconds may be negative */
  advance(seconds: number): void {
    this.ahead += seconds * 1000;
  }

  /** Moves to the start of a minute, so that a per-minute limit has a complete window. */
  advanceToNextMinute(): void {
    this.ahead += 60_000 - (this.now() % 60_000);
  }
}
