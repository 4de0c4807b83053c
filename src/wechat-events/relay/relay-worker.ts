import { Injectable, Logger } from '@nestjs/common';
import { Lane } from '../../background/lane.js';
import type { Leased } from '../../background/lease-queue.js';
import { LeaseWorker } from '../../background/lease-worker.js';
import { WorkerServices } from '../../background/worker-services.js';
import { AppConfig } from '../../config/app-config.js';
import { EventLog } from '../../events/event-log.js';
import { MailboxLane } from './mailbox-lane.js';
import { relayReceivers } from './relay-receiver.js';
import { RelaySender } from './relay-sender.js';
import { RelayTiming } from './relay-timing.js';
import { RelayedPushes } from './relayed-pushes.js';

/** Grace period at shutdown before a running delivery is aborted (ms). */
const GRACE_MS = 3_000;
const NAME = 'PushRelay';

/** Delivers the pushes that are kept, in the background. Each receiver of WECHAT_PUSH_FORWARD has a lane. */
@Injectable()
export class RelayWorker extends LeaseWorker<Leased> {
  constructor(
    services: WorkerServices,
    config: AppConfig,
    pushes: RelayedPushes,
    sender: RelaySender,
    timing: RelayTiming,
    events: EventLog,
  ) {
    const logger = new Logger(NAME);
    const lanes = relayReceivers(config).map((receiver) => {
      const about = { receiver: receiver.name, appId: receiver.appId };
      const log = { logger, about, keyField: 'mailbox', retry: 'not delivered yet' };
      return new Lane(new MailboxLane(receiver, { ...services, pushes, sender, timing, events }, log));
    });
    super(NAME, services, { queue: 'pushes', lanes, graceMs: GRACE_MS });
  }
}
