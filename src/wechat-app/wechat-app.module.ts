import { Module } from '@nestjs/common';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AppAccessTokenController } from './app-access-token.controller.js';

/** The door for other services of the operator: what they may do with a WeChat app, without its secrets. */
@Module({
  imports: [WeChatModule],
  controllers: [AppAccessTokenController],
})
export class WeChatAppModule {}
