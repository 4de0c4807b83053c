/** How many may wait, and for how long. */
export interface SlotLimits {
  readonly atOnce: number;
  readonly waiting: number;
  /** Milliseconds. */
  readonly patience: number;
}

/** Lets some work be done a few at a time; the others wait in a line that has an end. */
export class Slots {
  private taken = 0;
  private readonly line: (() => void)[] = [];

  /** @param full what is thrown where the line is full, or did not move in time */
  constructor(
    private readonly limits: SlotLimits,
    private readonly full: () => Error,
  ) {}

  /** Does the work once there is a slot for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken < this.limits.atOnce) this.taken++;
    else await this.wait();
    try {
      return await work();
    } finally {
      // The slot goes to the first in the line, or is free.
      const next = this.line.shift();
      if (next) next();
      else this.taken--;
    }
  }

  private wait(): Promise<void> {
    if (this.line.length >= this.limits.waiting) throw this.full();
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.line.splice(this.line.indexOf(enter), 1);
        reject(this.full());
      }, this.limits.patience);
      this.line.push(enter);
    });
  }
}
