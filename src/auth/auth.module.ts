import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AccessTokenGuard } from './access-token.guard.js';
import { RefusedKeys } from './refused-keys.js';
import { WeChatStrategy } from './wechat.strategy.js';

/** Turns codes into users and tokens into sessions. Issues nothing. */
@Global()
@Module({
  imports: [PassportModule, WeChatModule, UserModule, SessionModule],
  providers: [WeChatStrategy, RefusedKeys, { provide: APP_GUARD, useClass: AccessTokenGuard }],
  exports: [PassportModule, RefusedKeys],
})
export class AuthModule {}
