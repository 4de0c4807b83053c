import { Module } from '@nestjs/common';
import { AttemptModule } from '../attempt/attempt.module.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { AttemptFlow } from './attempts/attempt-flow.js';
import { AttemptsController } from './attempts/attempts.controller.js';
import { LiveStatus } from './attempts/live-status.js';
import { AuthorizeFlow } from './authorize-flow.js';
import { CallbackFilter } from './callback/callback.filter.js';
import { CallbackFlow } from './callback/callback-flow.js';
import { CallbackGuard } from './callback/callback.guard.js';
import { CallbackReply } from './callback/callback-reply.js';
import { LoginStates } from './callback/login-states.js';
import { HostedLoginController } from './hosted/hosted-login.controller.js';
import { KnownPersons } from './hosted/known-person.js';
import { InWeChatExchange } from './in-wechat/in-wechat.exchange.js';
import { InWeChatFlow } from './in-wechat/in-wechat-flow.js';
import { InWeChatScreen } from './in-wechat/in-wechat.screen.js';
import { ErrorPageFilter } from '../pages/error-page.filter.js';
import { LoginPageController } from './pages/login-page.controller.js';
import { RootController } from './pages/root.controller.js';
import { PendingLinks } from './pending-links.js';
import { RedeemFlow } from './redeem-flow.js';
import { QrPictures } from './scan/qr-pictures.js';
import { ScanScreen } from './scan/scan.screen.js';
import { WebQrLoginController } from './web-qr-login.controller.js';
import { LinkWebsiteController } from './website/link-website.controller.js';
import { WebsiteExchange } from './website/website.exchange.js';
import { WebsiteFlow } from './website/website-flow.js';
import { WebsiteScreen } from './website/website.screen.js';

/** The door for websites. */
@Module({
  imports: [AttemptModule, WeChatModule, UserModule, SessionModule],
  controllers: [
    WebQrLoginController,
    AttemptsController,
    LoginPageController,
    LinkWebsiteController,
    HostedLoginController,
    RootController,
  ],
  providers: [
    // authorize, callback, token: shared by all channels of this door
    AuthorizeFlow,
    LoginStates,
    CallbackGuard,
    CallbackFlow,
    CallbackFilter,
    CallbackReply,
    PendingLinks,
    RedeemFlow,
    // screens that wait for a phone
    AttemptFlow,
    LiveStatus,
    // channels
    WebsiteExchange,
    WebsiteFlow,
    WebsiteScreen,
    InWeChatExchange,
    InWeChatFlow,
    InWeChatScreen,
    QrPictures,
    ScanScreen,
    // pages
    KnownPersons,
    ErrorPageFilter,
  ],
})
export class WebQrLoginModule {}
