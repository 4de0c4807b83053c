import { AsyncResource } from 'node:async_hooks';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import type { QueueName } from '../common/metrics.js';
import { BacklogReading, type WaitingWork } from './backlog.js';
import type { Lane } from './lane.js';
import type { Leased } from './lease-queue.js';
import type { WorkerServices } from './worker-services.js';

/** The lanes of a worker, and how they end. */
export interface WorkerOptions<Item extends Leased> {
  /** Label of the metrics. */
  readonly queue: QueueName;
  readonly lanes: readonly Lane<Item>[];
  /** How long running attempts may go on at a shutdown before they are aborted (ms). */
  readonly graceMs: number;
}

/**
 * Runs the lanes of one queue in the background: when it is woken after a commit, and at each poll. Nest starts and
 * stops it. A worker without lanes does nothing.
 */
export abstract class LeaseWorker<Item extends Leased>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  protected readonly logger: Logger;
  /**
   * Looks for due items now. To be called after the commit that enqueued them. It leaves the async context of the
   * caller: background work has no request id, and is inside of no transaction.
   */
  readonly wake = AsyncResource.bind(() => this.start());
  private poll: NodeJS.Timeout | undefined;
  private feeding: Promise<void> | null = null;
  private wanted = false;
  private closed = false;

  /** @param name of the worker in the log */
  protected constructor(
    name: string,
    protected readonly services: WorkerServices,
    private readonly options: WorkerOptions<Item>,
  ) {
    this.logger = new Logger(name);
  }

  onApplicationBootstrap(): void {
    if (this.options.lanes.length === 0) return;
    const { clock, database, metrics, pollInterval } = this.services;
    const backlog = new BacklogReading(clock, () => this.waitingWork());
    metrics.backlog(this.options.queue, () => backlog.current());
    database.onOpen(() => {
      this.poll ??= setInterval(this.wake, pollInterval.ms).unref();
      this.wake();
    });
  }

  /** Attempts all that is due now. Resolves once each item is finished, postponed or given up. */
  async runDue(): Promise<void> {
    this.wake();
    await this.feeding;
    await Promise.all(this.options.lanes.map((lane) => lane.idle()));
  }

  /** Starts no further attempt. What is still running after the grace period is aborted and released. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.poll);
    this.closed = true;
    const { lanes, graceMs } = this.options;
    const grace = setTimeout(() => {
      for (const lane of lanes) lane.interrupt();
    }, graceMs);
    await Promise.all([this.feeding, ...lanes.map((lane) => lane.close())]);
    clearTimeout(grace);
  }

  /** Moves work from elsewhere into the queue; runs before each look for due items. */
  protected feed(): Promise<void> {
    return Promise.resolve();
  }

  /** Counts what waits, for the metrics. */
  protected waitingWork(): Promise<readonly WaitingWork[]> {
    return Promise.all(this.options.lanes.map((lane) => lane.backlog()));
  }

  private start(): void {
    if (this.closed) return;
    this.wanted = true;
    this.feeding ??= this.feedLanes().finally(() => {
      this.feeding = null;
    });
  }

  private async feedLanes(): Promise<void> {
    try {
      while (this.wanted) {
        this.wanted = false;
        await this.feed();
        for (const lane of this.options.lanes) lane.wake();
      }
    } catch (error) {
      const msg = 'the queue could not be fed';
      if (error instanceof AppError) this.logger.warn({ code: error.code, msg });
      else this.logger.error({ error: describeError(error), msg });
    }
  }
}
