import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Attempts, type BegunAttempt } from '../attempt/attempts.js';
import { ReturnUrls } from '../attempt/return-urls.js';
import { type AttemptMethod, channelOfMethod } from '../channel/channels.js';
import { AppConfig } from '../config/app-config.js';
import { AppQuotas } from '../rate-limit/door-quotas.js';
import type { Device } from '../session/session.service.js';
import { weChatLanguage } from '../wechat/language.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { BrowserCookie } from '../attempt/browser-cookie.js';
import { callbackUrlOf } from './callback-url.js';
import { InWeChatFlow } from './in-wechat-flow.js';
import { LoginStates } from './login-states.js';
import { QrPictures } from './qr-pictures.js';
import { type WxLoginOptions, wxLoginOptions } from './wx-login.js';

/** What a screen asks for. */
export interface AskedAttempt {
  readonly method: AttemptMethod;
  readonly appId?: string | undefined;
  /** The hosted login page where absent. */
  readonly returnTo?: string | undefined;
  readonly codeChallenge?: string | undefined;
}

/** A new attempt with what its method shows. */
export interface ShownAttempt extends BegunAttempt {
  readonly method: AttemptMethod;
  readonly authorizeUrl?: string;
  readonly wxLogin?: WxLoginOptions;
  readonly qrImageUrl?: string;
}

/** Begins attempts of every method. */
@Injectable()
export class AttemptFlow {
  private readonly callbackUrl: string;
  private readonly pageUrl: string;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly quotas: AppQuotas,
    private readonly wechat: WeChatApiService,
    private readonly attempts: Attempts,
    private readonly states: LoginStates,
    private readonly pictures: QrPictures,
    private readonly inWeChat: InWeChatFlow,
    private readonly cookie: BrowserCookie,
    config: AppConfig,
  ) {
    this.callbackUrl = callbackUrlOf(config);
    this.pageUrl = `${config.publicUrl}/login`;
  }

  /**
   * @param device the screen, as the person who scans will be told
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN, STORE_UNAVAILABLE
   */
  async begin(
    { method, codeChallenge, ...asked }: AskedAttempt,
    device: Device,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<ShownAttempt> {
    const returnTo = this.returnUrls.allowed(asked.returnTo ?? this.pageUrl).href;
    const { appId } = this.apps.find(channelOfMethod(method).appKind, asked.appId);
    await this.quotas.take('attempts-app', appId);
    // Also where a verifier redeems: the browser that shows the code may look on by its cookie.
    const browser = this.cookie.ensure(request, reply);
    const binding = codeChallenge === undefined ? { browser } : { codeChallenge };
    const begun = await this.attempts.begin({ method, appId, returnTo, binding, browser, device });
    switch (method) {
      case 'mini-program':
        return { ...begun, method, qrImageUrl: await this.pictures.offer(appId, begun) };
      case 'in-wechat': {
        const login = { appId, returnTo, binding, attempt: begun.id };
        return { ...begun, method, authorizeUrl: await this.inWeChat.askSilently(login) };
      }
      case 'website': {
        const login = { appId, returnTo, binding, attempt: begun.id, linkTo: null };
        const state = await this.states.begin({ channel: 'website', ...login });
        const language = weChatLanguage(request.headers['accept-language']);
        const src = this.wechat.websiteFrameUrl(appId, this.callbackUrl, state, language);
        return {
          ...begun,
          method,
          authorizeUrl: this.wechat.websiteAuthorizeUrl(appId, this.callbackUrl, state, language),
          wxLogin: wxLoginOptions(appId, this.callbackUrl, state, language, src),
        };
      }
    }
  }
}
