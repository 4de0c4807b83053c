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
}
