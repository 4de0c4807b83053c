import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { ConsentEvents } from './consent-events.js';
import { PushGate } from './push-gate.js';
import { PushKeys } from './push-keys.js';
import { SeenPushes } from './seen-pushes.js';
import { WeChatEventsController } from './wechat-events.controller.js';

/** The receiver of WeChat's message push. */
@Module({
  imports: [UserModule, SessionModule],
  controllers: [WeChatEventsController],
  providers: [PushGate, PushKeys, SeenPushes, ConsentEvents],
})
export class WeChatEventsModule {}
