import type { Redis } from 'ioredis';

/** A command that waits for its answer. */
export interface SentCommand {
  /** How long it waits from when it leaves this process (ms). */
  readonly patience: number;
  /** @param waited since it left (ms) */
  giveUp(waited: number): void;
}

/**
 * The commands that one turn of the event loop sends over a connection. They leave together at its end, in one
 * system call, which costs more than a command, and share one timer. Their time begins then: a turn that takes
 * long delays its own commands, and says nothing about the server.
 */
export class Turn {
  private readonly unanswered = new Set<SentCommand>();
  private leftAt: number | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly redis: Redis) {
    redis.stream.cork();
    setImmediate(() => this.leave());
  }

  /** Whether its commands were written, so that further ones need another turn. */
  get hasLeft(): boolean {
    return this.leftAt !== null;
  }

  add(command: SentCommand): void {
    this.unanswered.add(command);
  }

  /**
   * The command was answered.
   * @returns `false` if its time was up before
   */
  settle(command: SentCommand): boolean {
    const isInTime = this.unanswered.delete(command);
    if (this.unanswered.size === 0) clearTimeout(this.timer);
    return isInTime;
  }

  private leave(): void {
    this.redis.stream.uncork();
    this.leftAt = performance.now();
    this.waitForSoonest(this.leftAt, this.leftAt);
  }

  private waitForSoonest(leftAt: number, now: number): void {
    if (this.unanswered.size === 0) return;
    let soonest = Infinity;
    for (const { patience } of this.unanswered) soonest = Math.min(soonest, patience);
    const rest = Math.max(1, Math.round(leftAt + soonest - now));
    // After a stall timers run first. An answer that has arrived meanwhile is read before the time is up.
    this.timer = setTimeout(() => setImmediate(() => this.review(leftAt)), rest);
  }

  private review(leftAt: number): void {
    const now = performance.now();
    // A timer may be early by less than a millisecond.
    const waited = Math.round(now - leftAt);
    for (const command of this.unanswered) {
      if (command.patience > waited) continue;
      this.unanswered.delete(command);
      command.giveUp(waited);
    }
    this.waitForSoonest(leftAt, now);
  }
}
