import { Module } from '@nestjs/common';
import { AttemptModule } from '../attempt/attempt.module.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AttemptFlow } from './attempt-flow.js';
import { AttemptsController } from './attempts.controller.js';
import { AuthorizeFlow } from './authorize-flow.js';
import { CallbackFilter } from './callback.filter.js';
import { CallbackGuard } from './callback.guard.js';
import { CallbackReply } from './callback-reply.js';
import { ErrorPageFilter } from './pages/error-page.filter.js';
import { InWeChatFlow } from './in-wechat-flow.js';
import { LinkWebsiteController } from './link-website.controller.js';
import { LiveStatus } from './live-status.js';
import { LoginPageController } from './pages/login-page.controller.js';
import { LoginStates } from './login-states.js';
import { QrPictures } from './qr-pictures.js';
import { RootController } from './pages/root.controller.js';
import { WebQrLoginController } from './web-qr-login.controller.js';
import { InWeChatExchange } from './in-wechat/in-wechat.exchange.js';
import { WebsiteExchange } from './website/website.exchange.js';
import { WebsiteLoginFlow } from './website-login-flow.js';

/** The door for websites. */
@Module({
  imports: [AttemptModule, WeChatModule, UserModule, SessionModule],
  controllers: [
    WebQrLoginController,
    AttemptsController,
    LoginPageController,
    LinkWebsiteController,
    RootController,
  ],
  providers: [
    WebsiteExchange,
    InWeChatExchange,
    LoginStates,
    CallbackGuard,
    CallbackReply,
    AuthorizeFlow,
    InWeChatFlow,
    AttemptFlow,
    LiveStatus,
    QrPictures,
    CallbackFilter,
    ErrorPageFilter,
    WebsiteLoginFlow,
  ],
})
export class WebQrLoginModule {}
