/** Limits of concurrency and waiting. */
export interface SlotLimits {
  readonly concurrency: number;
  readonly maxQueue: number;
  /** How long a task waits for a slot. */
  readonly timeoutMs: number;
}

/** A semaphore with a bounded queue. */
export class Slots {
  private taken = 0;
  private readonly queue: (() => void)[] = [];

  /** @param full creates the error for a full queue and for a wait that timed out */
  constructor(
    private readonly limits: SlotLimits,
    private readonly full: () => Error,
  ) {}

  /** Runs a task once a slot is free. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken < this.limits.concurrency) this.taken++;
    else await this.wait();
    try {
      return await work();
    } finally {
      // The slot passes to the first in the queue, or is freed.
      const next = this.queue.shift();
      if (next) next();
      else this.taken--;
    }
  }

  private wait(): Promise<void> {
    if (this.queue.length >= this.limits.maxQueue) throw this.full();
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.queue.splice(this.queue.indexOf(enter), 1);
        reject(this.full());
      }, this.limits.timeoutMs);
      this.queue.push(enter);
    });
  }
}
