import { Injectable, Logger } from '@nestjs/common';
import type { WaitingWork } from '../background/backlog.js';
import { Lane } from '../background/lane.js';
import { LeaseWorker } from '../background/lease-worker.js';
import { WorkerServices } from '../background/worker-services.js';
import { AppConfig } from '../config/app-config.js';
import { EventLog } from './event-log.js';
import { type ClaimedDelivery, WebhookLane } from './webhook-lane.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { webhookReceivers } from './webhook-receiver.js';
import { WebhookSender } from './webhook-sender.js';

/** Grace period at shutdown before a running delivery is aborted (ms). */
const GRACE_MS = 3_000;
const NAME = 'Webhooks';

/** Delivers events to the receivers of WEBHOOK_URLS in the background. Each receiver has a lane. */
@Injectable()
export class WebhookWorker extends LeaseWorker<ClaimedDelivery> {
  constructor(
    services: WorkerServices,
    config: AppConfig,
    sender: WebhookSender,
    private readonly events: EventLog,
    private readonly outbox: WebhookOutbox,
  ) {
    const logger = new Logger(NAME);
    const lanes = webhookReceivers(config).map((receiver) => {
      const about = { receiver: receiver.name };
      const log = { logger, about, keyField: 'event', retry: 'not delivered yet' };
      return new Lane(new WebhookLane(receiver, { ...services, events, sender }, log));
    });
    super(NAME, services, { queue: 'webhooks', lanes, graceMs: GRACE_MS });
  }

  override onApplicationBootstrap(): void {
    super.onApplicationBootstrap();
    // The commit of another request may take the signal before the event itself is committed. The poll then
    // finds the event.
    this.services.database.onCommit(() => {
      if (this.events.takeOutboxSignal()) this.wake();
    });
  }

  protected override feed(): Promise<void> {
    return this.outbox.handOver();
  }

  protected override async waitingWork(): Promise<readonly WaitingWork[]> {
    const [outbox, lanes] = await Promise.all([this.outbox.backlog(), super.waitingWork()]);
    return [outbox, ...lanes];
  }
}
