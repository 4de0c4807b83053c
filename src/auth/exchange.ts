import type { Channel, ChannelName } from '../channel/channels.js';
import { nameDecorator } from '../common/named-providers.js';
import type { WeChatLanguage } from '../wechat/language.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';

/** A code that came in by a channel. */
export interface ChannelCode {
  readonly channel: Channel;
  readonly code: string;
  /** The app that issued the code; the default of its kind where absent. */
  readonly appId?: string | undefined;
  /** In which WeChat is asked for a profile. */
  readonly language: WeChatLanguage;
}

/** Asks WeChat who is behind a code. Each channel with codes brings one, in its own folder. */
export interface CodeExchange {
  /** @throws AppError WECHAT_CODE_INVALID, WECHAT_CODE_USED, APP_UNKNOWN and others of WeChatApiService */
  exchange(code: ChannelCode): Promise<WeChatLogin>;
}

/** Marks a provider as the `CodeExchange` of these channels. It may be in any module of the app. */
export const Exchange = nameDecorator<ChannelName>();
