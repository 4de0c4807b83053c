import { Injectable } from '@nestjs/common';
import {
  type AttemptDisplay,
  type AttemptScreen,
  type NewAttempt,
  ShowsAttempt,
} from '../../attempt/attempt-screen.js';
import type { WxLoginOptions } from '../../attempt/wx-login-options.js';
import { AppConfig } from '../../config/app-config.js';
import { type WeChatLanguage, weChatLanguage } from '../../wechat/language.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import { callbackUrlOf } from '../callback/callback-url.js';
import { LoginStates } from '../callback/login-states.js';

/** Shows WeChat's QR page, as a full page and in a frame. */
@Injectable()
@ShowsAttempt('website')
export class WebsiteScreen implements AttemptScreen {
  private readonly callbackUrl: string;

  constructor(
    private readonly wechat: WeChatApiService,
    private readonly states: LoginStates,
    config: AppConfig,
  ) {
    this.callbackUrl = callbackUrlOf(config);
  }

  async show(attempt: NewAttempt): Promise<AttemptDisplay> {
    const { id, appId, returnTo, binding, hostedBrowser, languages, uiLocales } = attempt;
    const login = { channel: 'website', appId, returnTo, binding, hostedBrowser, uiLocales } as const;
    const state = await this.states.begin({ ...login, attempt: id, linkTo: null });
    const language = weChatLanguage(languages);
    const src = this.wechat.websiteFrameUrl(appId, this.callbackUrl, state, language);
    return {
      authorizeUrl: this.wechat.websiteAuthorizeUrl(appId, this.callbackUrl, state, language),
      wxLogin: wxLoginOptions(appId, this.callbackUrl, state, language, src),
    };
  }
}

/**
 * Builds the options of one login.
 * @param src URL of the same page for a frame
 */
export function wxLoginOptions(
  appId: string,
  callbackUrl: string,
  state: string,
  language: WeChatLanguage,
  src: string,
): WxLoginOptions {
  return {
    appid: appId,
    scope: 'snsapi_login',
    redirect_uri: encodeURIComponent(callbackUrl),
    state,
    self_redirect: true,
    stylelite: 1,
    color_scheme: 'auto',
    ...(language === 'en' && { lang: 'en' }),
    allow: 'local-network-access',
    src,
  };
}
