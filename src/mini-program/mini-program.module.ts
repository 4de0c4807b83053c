import { Module } from '@nestjs/common';
import { AttemptModule } from '../attempt/attempt.module.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { MiniProgramController } from './mini-program.controller.js';
import { MiniProgramExchange } from './mini-program.exchange.js';
import { OpenDataController } from './open-data.controller.js';
import { OpenDataReader } from './open-data-reader.js';
import { ScansController } from './scans.controller.js';
import { SessionKeyController } from './session-key.controller.js';
import { WebViewTicketsController } from './web-view-tickets.controller.js';

/** The door for mini programs. */
@Module({
  imports: [AttemptModule, WeChatModule, UserModule, SessionModule],
  controllers: [
    MiniProgramController,
    OpenDataController,
    SessionKeyController,
    ScansController,
    WebViewTicketsController,
  ],
  providers: [MiniProgramExchange, OpenDataReader],
})
export class MiniProgramModule {}
