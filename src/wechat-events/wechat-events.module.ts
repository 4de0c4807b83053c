import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { ConsentEvents } from './consent-events.js';
import { PushGate } from './push-gate.js';
import { PushKeys } from './push-keys.js';
import { PushRecord } from './push-record.js';
import { PushMailbox } from './relay/push-mailbox.entity.js';
import { PushRelay } from './relay/push-relay.js';
import { RelayMarks } from './relay/relay-marks.js';
import { RelayPruning } from './relay/relay-pruning.js';
import { RelaySender } from './relay/relay-sender.js';
import { RelayTiming } from './relay/relay-timing.js';
import { RelayWorker } from './relay/relay-worker.js';
import { RelayedPush } from './relay/relayed-push.entity.js';
import { RelayedPushes } from './relay/relayed-pushes.js';
import { SeenPushes } from './seen-pushes.js';
import { WeChatEventsController } from './wechat-events.controller.js';

/** The receiver of WeChat's message push, and the relay to other services. */
@Module({})
export class WeChatEventsModule {
  /** @param timing a test may bring a shorter one */
  static forRoot(timing = new RelayTiming()): DynamicModule {
    return {
      module: WeChatEventsModule,
      imports: [UserModule, SessionModule, TypeOrmModule.forFeature([PushMailbox, RelayedPush])],
      controllers: [WeChatEventsController],
      providers: [
        PushGate,
        PushKeys,
        PushRecord,
        SeenPushes,
        ConsentEvents,
        { provide: RelayTiming, useValue: timing },
        PushRelay,
        RelayMarks,
        RelaySender,
        RelayedPushes,
        RelayWorker,
        RelayPruning,
      ],
    };
  }
}
