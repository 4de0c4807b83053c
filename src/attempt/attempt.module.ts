import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AttemptScreens } from './attempt-screens.js';
import { Attempts } from './attempts.js';
import { BrowserCookie } from './browser-cookie.js';
import { FramedResults } from './framed-results.js';
import { LoginCodes } from './login-codes.js';
import { OpenLogins } from './open-logins.js';
import { ReturnUrls } from './return-urls.js';
import { WebViewTickets } from './web-view-tickets.js';

/** Logins that begin at one door and are finished at another: a screen waits while a phone confirms. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    Attempts,
    AttemptScreens,
    BrowserCookie,
    FramedResults,
    LoginCodes,
    OpenLogins,
    ReturnUrls,
    WebViewTickets,
  ],
  exports: [
    Attempts,
    AttemptScreens,
    BrowserCookie,
    FramedResults,
    LoginCodes,
    OpenLogins,
    ReturnUrls,
    WebViewTickets,
  ],
})
export class AttemptModule {}
