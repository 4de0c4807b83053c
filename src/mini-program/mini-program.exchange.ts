import { Injectable } from '@nestjs/common';
import { type ChannelCode, type CodeExchange, Exchange } from '../auth/exchange.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';

/** Exchanges a code of `wx.login` (wechat-api.md section 1.1). */
@Injectable()
@Exchange('mini-program')
export class MiniProgramExchange implements CodeExchange {
  constructor(private readonly wechat: WeChatApiService) {}

  exchange({ code, appId }: ChannelCode): Promise<WeChatLogin> {
    return this.wechat.miniProgramLogin(code, appId);
  }
}
