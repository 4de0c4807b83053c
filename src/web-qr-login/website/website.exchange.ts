import { Injectable } from '@nestjs/common';
import { type ChannelCode, type CodeExchange, Exchange } from '../../auth/exchange.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import type { WeChatLogin } from '../../wechat/wechat-login.js';

/** Exchanges a code of WeChat's QR page (wechat-api.md section 4.4). */
@Injectable()
@Exchange('website')
export class WebsiteExchange implements CodeExchange {
  constructor(private readonly wechat: WeChatApiService) {}

  exchange({ channel, ...code }: ChannelCode): Promise<WeChatLogin> {
    return this.wechat.oauth2Login(channel.appKind, { ...code, scope: channel.scope });
  }
}
