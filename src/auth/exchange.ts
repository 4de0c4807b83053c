import type { Channel, ChannelName } from '../channel/channels.js';
import { nameDecorator } from '../common/named-providers.js';
import type { WeChatLanguage } from '../wechat/language.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';

/** A code and the channel it came in by. */
export interface ChannelCode {
  readonly channel: Channel;
  readonly code: string;
  /** The app that issued the code; if absent, the default of its kind. */
  readonly appId?: string | undefined;
  /** Language in which WeChat is asked for a profile. */
  readonly language: WeChatLanguage;
}

/**
 * Exchanges a code at WeChat for the login behind it. Each channel with codes provides one in its own folder.
 */
export interface CodeExchange {
  /** @throws AppError WECHAT_CODE_INVALID, WECHAT_CODE_USED, APP_UNKNOWN and others of WeChatApiService */
  exchange(code: ChannelCode): Promise<WeChatLogin>;
}

/** Marks a provider as the `CodeExchange` of these channels. It may be in any module of the app. */
export const Exchange = nameDecorator<ChannelName>();
