import { Module } from '@nestjs/common';
import { Cursors } from '../http/paging.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { EventsController } from './events.controller.js';
import { SigningKeysController } from './signing-keys.controller.js';
import { UsersController } from './users.controller.js';
import { WebhookController } from './webhook.controller.js';

/** The door for operators. */
@Module({
  imports: [SessionModule, UserModule],
  controllers: [UsersController, EventsController, SigningKeysController, WebhookController],
  providers: [Cursors],
})
export class OperatorModule {}
