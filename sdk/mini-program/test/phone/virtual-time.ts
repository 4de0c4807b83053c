import type { Clock } from '../../../../src/common/clock.js';

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

/**
 * The clock and the timers of a phone. Time passes with that of the world, and jumps to the next timer as soon as no call
 * is under way: a wait of 20 seconds takes none, and the end of a time-out never overtakes an answer.
 */
export class VirtualTime {
  /** How far the phone's clock is ahead of the world's (ms); a test may set it, in either direction. */
  ahead = 0;
  /** What was waited for, in order (ms). */
  readonly waits: number[] = [];
  private readonly timers = new Map<number, Timer>();
  private lastId = 0;
  private underWay = 0;
  private isScheduled = false;
  private waited = 0;

  constructor(private readonly clock: Clock) {}

  readonly now = (): number => Math.round(this.clock.now() + this.ahead + this.waited);

  readonly setTimeout = (run: (...words: unknown[]) => void, ms = 0, ...words: unknown[]): number => {
    const id = ++this.lastId;
    this.timers.set(id, { id, at: this.waited + ms, run: () => run(...words) });
    this.schedule();
    return id;
  };

  readonly clearTimeout = (id?: number): void => void this.timers.delete(id ?? 0);

  /** Number of timers that run. */
  get pending(): number {
    return this.timers.size;
  }

  /** Counts a call of the platform as under way until it ends. */
  async during<Result>(call: Promise<Result>): Promise<Result> {
    this.underWay++;
    try {
      return await call;
    } finally {
      this.underWay--;
      this.schedule();
    }
  }

  /** After all that the program does at once. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() =>
      setImmediate(() => {
        this.isScheduled = false;
        if (this.underWay === 0) this.runNext();
      }),
    );
  }

  private runNext(): void {
    const [next] = [...this.timers.values()].sort((one, other) => one.at - other.at || one.id - other.id);
    if (!next) return;
    this.timers.delete(next.id);
    if (next.at > this.waited) this.waits.push(next.at - this.waited);
    this.waited = Math.max(this.waited, next.at);
    next.run();
    this.schedule();
  }
}
