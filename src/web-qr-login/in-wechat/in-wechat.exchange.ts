import { Injectable } from '@nestjs/common';
import { type ChannelCode, type CodeExchange, Exchange } from '../../auth/exchange.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import type { WeChatLogin } from '../../wechat/wechat-login.js';

/**
 * Exchanges a code of a page inside WeChat's browser (wechat-api.md section 5), obtained silently or with
 * consent.
 */
@Injectable()
@Exchange(['in-wechat', 'in-wechat-silently'])
export class InWeChatExchange implements CodeExchange {
  constructor(private readonly wechat: WeChatApiService) {}

  async exchange({ channel, ...code }: ChannelCode): Promise<WeChatLogin> {
    const login = await this.wechat.oauth2Login(channel.appKind, { ...code, scope: channel.scope });
    // Only profiles of website logins are read again later, so this secret is not needed and not stored.
    return { ...login, refreshToken: null };
  }
}
