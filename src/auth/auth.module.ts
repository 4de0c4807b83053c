import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AttemptModule } from '../attempt/attempt.module.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AccessTokenGuard } from './access-token/access-token.guard.js';
import { RecentSessions } from './access-token/recent-sessions.js';
import { OwnerProof } from './owner-proof/owner-proof.js';
import { PresentedKeyGuard } from './api-key/presented-key.guard.js';
import { RefusedKeys } from './api-key/refused-keys.js';
import { SamePerson } from './same-person.js';
import { Exchanges } from './exchanges.js';
import { WeChatStrategy } from './wechat.strategy.js';

/** Authentication: codes become users, tokens become sessions. It issues no tokens. */
@Global()
@Module({
  imports: [DiscoveryModule, PassportModule, AttemptModule, WeChatModule, UserModule, SessionModule],
  providers: [
    Exchanges,
    WeChatStrategy,
    OwnerProof,
    SamePerson,
    RefusedKeys,
    RecentSessions,
    { provide: APP_GUARD, useClass: PresentedKeyGuard },
    { provide: APP_GUARD, useClass: AccessTokenGuard },
  ],
  exports: [PassportModule, OwnerProof, SamePerson, RefusedKeys, RecentSessions],
})
export class AuthModule {}
