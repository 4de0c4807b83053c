import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { Introspection } from './introspection.js';
import { IntrospectionController } from './introspection.controller.js';
import { JwksController } from './jwks.controller.js';
import { SessionPolicy } from './session-policy.js';
import { TokenController } from './token.controller.js';

/** Routes for refresh, logout, verification and public keys. */
@Module({
  imports: [WeChatModule, UserModule, SessionModule],
  controllers: [TokenController, IntrospectionController, JwksController],
  providers: [SessionPolicy, Introspection],
})
export class TokenModule {}
