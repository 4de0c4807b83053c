import { AsyncResource } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { EventLog } from './event-log.js';
import { WebhookLane } from './webhook-lane.js';
import { WebhookQueue } from './webhook-queue.js';
import { webhookReceivers } from './webhook-receiver.js';
import { WebhookSender } from './webhook-sender.js';

/** How often an instance looks for what is due, besides being woken (real time). */
const POLL_MS = 2_000;
/** What is under way at a shutdown may end within this time; then it is broken off and left to the next instance. */
const PATIENCE_MS = 3_000;

/** Tells the receivers of WEBHOOK_URLS what happened, in the background, behind the commits. */
@Injectable()
export class WebhookWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly stopping = new AbortController();
  private readonly lanes: readonly WebhookLane[];
  private poll: NodeJS.Timeout | undefined;
  private handingOver: Promise<void> | null = null;
  private wanted = false;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly queue: WebhookQueue,
    sender: WebhookSender,
    config: AppConfig,
  ) {
    // One for each delivery under way.
    setMaxListeners(0, this.stopping.signal);
    this.lanes = webhookReceivers(config).map(
      (receiver) => new WebhookLane(receiver, queue, sender, this.stopping.signal),
    );
  }

  onApplicationBootstrap(): void {
    if (this.lanes.length === 0) return;
    // Bound to no request: what runs in the background has no request's id, and is inside of nobody's transaction.
    const wake = AsyncResource.bind(() => this.wake());
    // Another commit may answer to the signal before the event's own: then the poll finds it, or the next event.
    this.database.onCommit(() => {
      if (this.events.takeOutboxSignal()) wake();
    });
    this.database.onOpen(() => {
      this.poll ??= setInterval(wake, POLL_MS).unref();
      wake();
    });
  }

  /** Delivers all that is due now, and comes back when that is done: delivered, put off or given up. */
  async runDue(): Promise<void> {
    this.wake();
    await this.handingOver;
    await Promise.all(this.lanes.map((lane) => lane.idle()));
  }

  /** Begins no delivery any more, and waits a little for those under way. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.poll);
    this.closed = true;
    const patience = setTimeout(() => this.stopping.abort(), PATIENCE_MS);
    const lanes = this.lanes.map((lane) => lane.close());
    await this.handingOver;
    await Promise.all(lanes);
    clearTimeout(patience);
  }

  private wake(): void {
    if (this.closed) return;
    this.wanted = true;
    this.handingOver ??= this.handOver().finally(() => {
      this.handingOver = null;
    });
  }

  private async handOver(): Promise<void> {
    try {
      while (this.wanted) {
        this.wanted = false;
        await this.queue.handOver();
        for (const lane of this.lanes) lane.wake();
      }
    } catch (error) {
      const msg = 'events could not be handed over';
      if (error instanceof AppError) this.logger.warn({ code: error.code, msg });
      else this.logger.error({ error: describeError(error), msg });
    }
  }
}
