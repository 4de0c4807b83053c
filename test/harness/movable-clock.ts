import { Clock } from '../../src/common/clock.js';

/** Runs with the real time, ahead of it by what a test moved it. */
export class MovableClock extends Clock {
  private ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  /** @param seconds may be negative */
  advance(seconds: number): void {
    this.ahead += seconds * 1000;
  }

  /** To the beginning of a minute: what is counted by the minute then has a whole one. */
  advanceToNextMinute(): void {
    this.ahead += 60_000 - (this.now() % 60_000);
  }
}
