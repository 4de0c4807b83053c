import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LoginRefusals } from '../http/login-refusals.js';
import { Event } from './event.entity.js';
import { EventList } from './event-list.js';
import { EventLog } from './event-log.js';
import { EventPruning } from './event-pruning.js';
import { Refusals } from './refusals.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhookWorker } from './webhook-worker.js';

/** The audit trail and its webhooks. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([Event, WebhookDelivery])],
  providers: [
    EventLog,
    EventList,
    Refusals,
    { provide: LoginRefusals, useExisting: Refusals },
    WebhookOutbox,
    WebhookSender,
    WebhookWorker,
    EventPruning,
  ],
  exports: [EventLog, EventList, Refusals, LoginRefusals, WebhookOutbox],
})
export class EventsModule {}
