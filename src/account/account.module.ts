import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Cursors } from '../http/paging.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AccountController } from './account.controller.js';
import { AvatarController } from './avatar.controller.js';
import { Export } from './export.js';
import { IdentitiesController } from './identities.controller.js';
import { LeavingController } from './leaving.controller.js';
import { SessionsController } from './sessions.controller.js';

/** The door for one's own account. */
@Module({
  imports: [DiscoveryModule, SessionModule, UserModule, WeChatModule],
  providers: [Cursors, Export],
  controllers: [
    AccountController,
    IdentitiesController,
    LeavingController,
    AvatarController,
    SessionsController,
  ],
})
export class AccountModule {}
