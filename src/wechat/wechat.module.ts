import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { AppAccessTokens } from './app-access-tokens.js';
import { AppCalls } from './app-calls.js';
import { AppConfig } from '../config/app-config.js';
import { HostNames } from '../outgoing/host-names.js';
import { HttpClient } from '../outgoing/http-client.js';
import { SharedCredentials } from './shared-credentials.js';
import { SpentCodes } from './spent-codes.js';
import { Tickets } from './tickets.js';
import { undiciAdapter } from './undici-adapter.js';
import { WeChatApiService } from './wechat-api.service.js';
import { WeChatApps } from './wechat-apps.js';
import { WeChatHttp } from './wechat-http.js';

const MAX_REPLY_BYTES = 256 * 1024;
/**
 * Shorter than the deadline of a login (4.5 s). After a connect timeout it is known that the code was not
 * sent and may be used again.
 */
const CONNECT_MS = 3_000;

/** The only room that calls WeChat. */
@Module({
  imports: [
    HttpModule.registerAsync({
      inject: [AppConfig],
      useFactory: ({ proxy }: AppConfig) => ({
        // The adapter returns bytes: neither charset nor content type of WeChat's headers can be trusted
        // (wechat-api.md section 0).
        adapter: undiciAdapter(
          new HttpClient({
            lookup: new HostNames().lookup,
            connectMs: CONNECT_MS,
            maxBytes: MAX_REPLY_BYTES,
            proxy,
          }),
        ),
        validateStatus: () => true,
      }),
    }),
  ],
  providers: [
    WeChatApps,
    SpentCodes,
    WeChatHttp,
    SharedCredentials,
    AppAccessTokens,
    AppCalls,
    Tickets,
    WeChatApiService,
  ],
  exports: [WeChatApps, Tickets, WeChatApiService],
})
export class WeChatModule {}
