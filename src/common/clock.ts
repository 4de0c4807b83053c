/** The current time. Injected instead of `Date.now`, so that tests can move it. */
export abstract class Clock {
  /** Milliseconds since the Unix epoch. */
  abstract now(): number;

  /** The same instant as a `Date`. */
  date(): Date {
    return new Date(this.now());
  }
}

/** The system clock. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
