import { Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import type { ClaimedDelivery, WebhookQueue } from './webhook-queue.js';
import type { WebhookReceiver } from './webhook-receiver.js';
import type { WebhookOutcome, WebhookSender } from './webhook-sender.js';

/** Deliveries to one receiver at once, after one of them has failed. */
const FEWEST = 4;
/** And while all of them succeed and more are due. */
const MOST = 64;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long to wait after the first failure, the second, …: given up after eleven tries in about three days (ms). */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
];

/**
 * All deliveries to one receiver. Each has a lane of its own: one that is slow or dead holds up no other. More go to it
 * at once as long as they succeed.
 */
export class WebhookLane {
  private readonly logger = new Logger('Webhooks');
  private readonly running = new Set<Promise<void>>();
  private filling: Promise<void> | null = null;
  private wanted = false;
  private closed = false;
  private atOnce = FEWEST;
  /** What the receiver has and the tables do not say yet. */
  private delivered: ClaimedDelivery[] = [];
  private writing: Promise<unknown> = Promise.resolve();
  private nextWrite: Promise<void> | null = null;

  /** @param stopping breaks off what is under way */
  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly queue: WebhookQueue,
    private readonly sender: WebhookSender,
    private readonly stopping: AbortSignal,
  ) {}

  /** Begins with what is due. */
  wake(): void {
    this.wanted = true;
    this.filling ??= this.fill().finally(() => {
      this.filling = null;
    });
  }

  /** Resolves when nothing is under way and nothing was due any more. */
  async idle(): Promise<void> {
    while (this.filling !== null || this.running.size > 0) await Promise.all([this.filling, ...this.running]);
  }

  /** Begins nothing any more. */
  async close(): Promise<void> {
    this.closed = true;
    await this.idle();
  }

  private async fill(): Promise<void> {
    try {
      while (this.wanted) {
        this.wanted = false;
        await this.takeDeliveries();
      }
    } catch (error) {
      this.tell(error, 'no deliveries could be taken');
    }
  }

  private async takeDeliveries(): Promise<void> {
    // Not for each that is done: claimed one by one, each would cost its own transactions.
    while (this.running.size <= this.atOnce / 2 && !this.closed) {
      const free = this.atOnce - this.running.size;
      const claimed = await this.queue.claim(this.receiver, free);
      for (const delivery of claimed) {
        const work = this.perform(delivery);
        this.running.add(work);
        void work.then(() => {
          this.running.delete(work);
          this.wake();
        });
      }
      if (claimed.length < free) return;
    }
  }

  /** Never rejects: what fails here comes again when the lease is over. */
  private async perform(delivery: ClaimedDelivery): Promise<void> {
    try {
      await this.settle(delivery, await this.attempt(delivery));
    } catch (error) {
      this.tell(error, 'a delivery was left alone');
    }
  }

  private attempt({ attempts, eventId, message }: ClaimedDelivery): Promise<WebhookOutcome> {
    // One that killed the process each time was never counted as failed.
    if (attempts > DELAYS_MS.length + 1)
      return Promise.resolve({ kind: 'refused', reason: 'it never ended' });
    if (message === null) return Promise.resolve({ kind: 'refused', reason: 'nothing is left to tell' });
    return this.sender.send(this.receiver, eventId, message, this.stopping);
  }

  private async settle(delivery: ClaimedDelivery, outcome: WebhookOutcome): Promise<void> {
    switch (outcome.kind) {
      case 'delivered':
        return this.finish(delivery);
      case 'stopped':
        return this.queue.giveBack(delivery);
      case 'refused':
        return this.giveUp(delivery, outcome.reason);
      case 'failed': {
        this.atOnce = FEWEST;
        const delay = DELAYS_MS[delivery.attempts - 1];
        if (delay === undefined) return this.giveUp(delivery, outcome.reason);
        this.warn(delivery, `not delivered yet: ${outcome.reason}`);
        return this.queue.postpone(delivery, delay);
      }
    }
  }

  /** Those that arrive while a batch is being written are the next batch. */
  private finish(delivery: ClaimedDelivery): Promise<void> {
    if (this.running.size >= this.atOnce) this.atOnce = Math.min(this.atOnce * 2, MOST);
    this.delivered.push(delivery);
    this.nextWrite ??= this.writing.then(() => {
      this.nextWrite = null;
      const write = this.queue.finish(this.delivered.splice(0));
      this.writing = write.catch(() => undefined);
      return write;
    });
    return this.nextWrite;
  }

  private async giveUp(delivery: ClaimedDelivery, reason: string): Promise<void> {
    this.warn(delivery, `given up: ${reason}`);
    await this.queue.giveUp(delivery, reason);
  }

  private warn({ eventId, attempts, receiver }: ClaimedDelivery, msg: string): void {
    this.logger.warn({ receiver: receiver.name, event: eventId, attempts, msg });
  }

  private tell(error: unknown, msg: string): void {
    const receiver = this.receiver.name;
    if (error instanceof AppError) this.logger.warn({ receiver, code: error.code, msg });
    else this.logger.error({ receiver, error: describeError(error), msg });
  }
}
