import { Module } from '@nestjs/common';
import { AttemptModule } from '../attempt/attempt.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AppAccessTokenController } from './app-access-token.controller.js';
import { JsSdkController } from './js-sdk.controller.js';
import { KeyUses } from './key-uses.js';
import { SignaturesController } from './signatures.controller.js';
import { TicketsController } from './tickets.controller.js';
import { UserEncryptKeysController } from './user-encrypt-keys.controller.js';

/** The door for other services of the operator: what they may do with a WeChat app, without its secrets. */
@Module({
  imports: [WeChatModule, UserModule, AttemptModule],
  controllers: [
    AppAccessTokenController,
    TicketsController,
    JsSdkController,
    SignaturesController,
    UserEncryptKeysController,
  ],
  providers: [KeyUses],
})
export class WeChatAppModule {}
