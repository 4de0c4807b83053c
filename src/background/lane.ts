import type { Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { withTimeout } from '../common/with-timeout.js';
import type { WaitingWork } from './backlog.js';
import type { Leased, LeaseQueue } from './lease-queue.js';

/** Result of an attempt. */
export type Outcome =
  /** Succeeded: the lane finishes the item. */
  | { readonly kind: 'done' }
  /** The attempt has finished the item itself, in a transaction of its own. */
  | { readonly kind: 'settled' }
  /** Ended early by the signal: the item is released. */
  | { readonly kind: 'interrupted' }
  /** Another attempt would fail in the same way: the item is given up. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The item is attempted again after its back-off. */
  | { readonly kind: 'failed'; readonly reason: string };

/** How many items of a lane are attempted at once. */
export interface Concurrency {
  /** At the start, and after a failure. */
  readonly least: number;
  /** Upper bound of the growth: the number doubles while attempts succeed and more items are due. */
  readonly most: number;
  /** Share of the slots that must be free before more items are claimed: a claim for each single slot is costly. */
  readonly freeShare: number;
}

/** What a lane writes to the log. */
export interface LaneLog {
  readonly logger: Logger;
  /** Fields of every line. */
  readonly about: Readonly<Record<string, string>>;
  /** Field that holds the key of an item. */
  readonly keyField: string;
  /** Text of the line about a failed attempt. */
  readonly retry: string;
}

/** The work of one queue or lane, as its owner does it. Nothing secret or personal may stand in a `reason`. */
export interface Work<Item extends Leased> {
  readonly queue: Pick<LeaseQueue<unknown>, 'postpone' | 'release' | 'deadlineMs' | 'backlog'>;
  readonly concurrency: Concurrency;
  readonly log: LaneLog;

  /** Claims at most `limit` due items. */
  claim(limit: number): Promise<Item[]>;

  /**
   * Makes one attempt. It must be idempotent: a crash or a lost lease repeats it. A rejection counts as `failed`.
   * @param signal aborted at the deadline of the item, and at the shutdown after the grace period
   */
  attempt(item: Item, signal: AbortSignal): Promise<Outcome>;

  /** Finishes items that are done, if this instance still holds their leases. */
  finish(items: readonly Item[]): Promise<void>;

  /** Ends an item without success, if this instance still holds its lease. */
  giveUp(item: Item, reason: string): Promise<void>;

  /** @returns delay after so many failed attempts (ms); `null` where the item is given up */
  backoff(attempts: number, item: Item): number | null;
}

/**
 * Runs the items of one lane. Lanes are independent: a slow or dead receiver delays no other lane. Items that succeed
 * while a batch is being written are finished in the next batch.
 */
export class Lane<Item extends Leased> {
  private readonly running = new Map<Promise<void>, AbortController>();
  private filling: Promise<void> | null = null;
  private wanted = false;
  private closed = false;
  private slots: number;
  private done: Item[] = [];
  private writing: Promise<unknown> = Promise.resolve();
  private nextWrite: Promise<void> | null = null;

  constructor(private readonly work: Work<Item>) {
    this.slots = work.concurrency.least;
  }

  /** Counts what waits in this lane. */
  backlog(): Promise<WaitingWork> {
    return this.work.queue.backlog();
  }

  /** Claims what is due. */
  wake(): void {
    this.wanted = true;
    this.filling ??= this.fill().finally(() => {
      this.filling = null;
    });
  }

  /** Resolves once nothing is due and no attempt is running. */
  async idle(): Promise<void> {
    while (this.filling !== null || this.running.size > 0) {
      await Promise.all([this.filling, ...this.running.keys()]);
    }
  }

  /** Starts no further attempt, releases what is being claimed, and waits for the running attempts. */
  async close(): Promise<void> {
    this.closed = true;
    await this.idle();
  }

  /** Aborts the running attempts. */
  interrupt(): void {
    for (const controller of this.running.values()) controller.abort();
  }

  private async fill(): Promise<void> {
    try {
      while (this.wanted) {
        this.wanted = false;
        await this.claimDue();
      }
    } catch (error) {
      this.report(error, 'no items could be claimed');
    }
  }

  private async claimDue(): Promise<void> {
    while (!this.closed) {
      const free = this.slots - this.running.size;
      if (free < Math.max(1, this.slots * this.work.concurrency.freeShare)) return;
      const items = await this.work.claim(free);
      for (const item of items) this.begin(item);
      if (items.length < free) return;
    }
  }

  private begin(item: Item): void {
    const controller = new AbortController();
    const run = this.run(item, controller);
    this.running.set(run, controller);
    void run.then(() => {
      this.running.delete(run);
      this.wake();
    });
  }

  /** Never rejects: an item whose result cannot be written becomes due when its lease ends. */
  private async run(item: Item, controller: AbortController): Promise<void> {
    try {
      if (this.closed) await this.work.queue.release(item);
      else await this.settle(item, await this.attempt(item, controller));
    } catch (error) {
      this.report(error, 'an item stays leased until its lease ends', item);
    }
  }

  private async attempt(item: Item, controller: AbortController): Promise<Outcome> {
    // The last attempt before ended with its process: its failure was never written.
    if (item.attempts > 1 && this.work.backoff(item.attempts - 1, item) === null) {
      return { kind: 'refused', reason: 'it never ended' };
    }
    try {
      return await withTimeout(this.work.attempt(item, controller.signal), this.work.queue.deadlineMs, () => {
        controller.abort();
        return new Error('the attempt exceeded its deadline');
      });
    } catch (error) {
      this.report(error, 'an attempt failed', item);
      return { kind: 'failed', reason: error instanceof AppError ? error.code : 'unexpected error' };
    }
  }

  private async settle(item: Item, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case 'settled':
        return;
      case 'done':
        return this.finish(item);
      case 'interrupted':
        return this.work.queue.release(item);
      case 'refused':
        return this.giveUp(item, 'given up', outcome.reason);
      case 'failed': {
        this.slots = this.work.concurrency.least;
        const delay = this.work.backoff(item.attempts, item);
        if (delay === null) return this.giveUp(item, 'given up after too many tries', outcome.reason);
        this.warn(item, `${this.work.log.retry}: ${outcome.reason}`);
        return this.work.queue.postpone(item, delay);
      }
    }
  }

  private finish(item: Item): Promise<void> {
    if (this.running.size >= this.slots) {
      this.slots = Math.min(this.slots * 2, this.work.concurrency.most);
    }
    this.done.push(item);
    this.nextWrite ??= this.writing.then(() => {
      this.nextWrite = null;
      const write = this.work.finish(this.done.splice(0));
      this.writing = write.catch(() => undefined);
      return write;
    });
    return this.nextWrite;
  }

  private async giveUp(item: Item, msg: string, reason: string): Promise<void> {
    this.warn(item, `${msg}: ${reason}`);
    await this.work.giveUp(item, reason);
  }

  private warn(item: Item, msg: string): void {
    this.work.log.logger.warn({ ...this.fields(item), msg });
  }

  private report(error: unknown, msg: string, item?: Item): void {
    const fields = item ? this.fields(item) : this.work.log.about;
    if (error instanceof AppError) this.work.log.logger.warn({ ...fields, code: error.code, msg });
    else this.work.log.logger.error({ ...fields, error: describeError(error), msg });
  }

  private fields({ key, attempts }: Item): Record<string, unknown> {
    return { ...this.work.log.about, [this.work.log.keyField]: key, attempts };
  }
}
