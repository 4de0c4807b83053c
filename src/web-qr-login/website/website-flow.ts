import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { ReturnUrls } from '../../attempt/return-urls.js';
import { AppConfig } from '../../config/app-config.js';
import { languagesOf, uiLocalesOf } from '../../pages/language.js';
import { weChatLanguage } from '../../wechat/language.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import { WeChatApps } from '../../wechat/wechat-apps.js';
import { callbackUrlOf } from '../callback/callback-url.js';
import { type LoginState, LoginStates } from '../callback/login-states.js';

/** Parameters of a website login or link. */
export interface BeginLogin {
  readonly returnTo: string;
  readonly appId?: string | undefined;
  readonly codeChallenge?: string | undefined;
  /** Whether a hosted page begins it. */
  readonly isHosted: boolean;
  /** The session that begins a link; `null` for a login. */
  readonly linkTo: string | null;
}

/** Begins logins on WeChat's QR page. The rest is shared by all channels of this door: `callback/`. */
@Injectable()
export class WebsiteFlow {
  private readonly callbackUrl: string;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly wechat: WeChatApiService,
    private readonly states: LoginStates,
    private readonly cookie: BrowserCookie,
    config: AppConfig,
  ) {
    this.callbackUrl = callbackUrlOf(config);
  }

  /**
   * Begins a login, bound to the codeChallenge, else to this browser by a cookie.
   * @returns URL of WeChat's QR page
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN, STORE_UNAVAILABLE
   */
  async begin(asked: BeginLogin, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const { appId, returnTo } = this.checked(asked);
    const state = await this.states.begin({
      channel: 'website',
      attempt: null,
      appId,
      returnTo,
      ...this.cookie.bind(asked.codeChallenge, asked.isHosted, request, reply),
      linkTo: asked.linkTo,
      uiLocales: uiLocalesOf(request),
    });
    const language = weChatLanguage(languagesOf(request));
    return this.wechat.websiteAuthorizeUrl(appId, this.callbackUrl, state, language);
  }

  /**
   * Validates returnTo and the app.
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN
   */
  checked({
    returnTo,
    appId,
  }: Pick<BeginLogin, 'returnTo' | 'appId'>): Pick<LoginState, 'returnTo' | 'appId'> {
    return {
      returnTo: this.returnUrls.allowed(returnTo).href,
      appId: this.apps.find('website', appId).appId,
    };
  }
}
