import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { AttemptScreens } from './attempt-screens.js';
import { Attempts } from './attempts.js';
import { BrowserCookie } from './browser-cookie.js';
import { FramedResults } from './framed-results.js';
import { HostedLogins } from './hosted-logins.js';
import { LoginCodes } from './login-codes.js';
import { LoginRedemption } from './login-redemption.js';
import { OpenLogins } from './open-logins.js';
import { ReturnUrls } from './return-urls.js';
import { WebViewTickets } from './web-view-tickets.js';

/** Logins that begin at one door and are finished at another: a screen waits while a phone confirms. */
@Module({
  imports: [DiscoveryModule, SessionModule, UserModule],
  providers: [
    Attempts,
    AttemptScreens,
    BrowserCookie,
    FramedResults,
    HostedLogins,
    LoginCodes,
    LoginRedemption,
    OpenLogins,
    ReturnUrls,
    WebViewTickets,
  ],
  exports: [
    Attempts,
    AttemptScreens,
    BrowserCookie,
    FramedResults,
    HostedLogins,
    LoginCodes,
    LoginRedemption,
    OpenLogins,
    ReturnUrls,
    WebViewTickets,
  ],
})
export class AttemptModule {}
