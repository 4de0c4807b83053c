/** The time. Injected everywhere instead of `Date.now`, so that a test can move it. */
export abstract class Clock {
  /** Milliseconds since the Unix epoch. */
  abstract now(): number;

  /** The same instant as a `Date`. */
  date(): Date {
    return new Date(this.now());
  }
}

/** The machine's clock. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
