import { HttpService } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import axios, { type AxiosAdapter, type AxiosInstance } from 'axios';
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
  providers: [
    { provide: HttpService, inject: [AppConfig], useFactory: httpService },
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

function httpService({ proxy }: AppConfig): HttpService {
  const { lookup } = new HostNames();
  const client = new HttpClient({ lookup, connectMs: CONNECT_MS, maxBytes: MAX_REPLY_BYTES, proxy });
  // The adapter returns bytes: neither charset nor content type of WeChat's headers can be trusted
  // (wechat-api.md section 0).
  return new HttpService(axiosWith(undiciAdapter(client)));
}

/**
 * axios with an adapter and nothing else. It merges and checks its defaults (header names per method, transformers,
 * limits for its own adapters) for every call, at five times the cost of the rest.
 */
function axiosWith(adapter: AxiosAdapter): AxiosInstance {
  const instance = axios.create();
  for (const name of Object.keys(instance.defaults)) Reflect.deleteProperty(instance.defaults, name);
  instance.defaults.adapter = adapter;
  return instance;
}
