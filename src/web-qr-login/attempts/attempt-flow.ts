import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AttemptDisplay } from '../../attempt/attempt-screen.js';
import { AttemptScreens } from '../../attempt/attempt-screens.js';
import { Attempts, type BegunAttempt } from '../../attempt/attempts.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { ReturnUrls } from '../../attempt/return-urls.js';
import { type AttemptMethod, channelOfMethod } from '../../channel/channels.js';
import { AppConfig } from '../../config/app-config.js';
import { languagesOf, uiLocalesOf } from '../../pages/language.js';
import { isFromOwnPage } from '../../pages/own-page.js';
import { AppQuotas } from '../../rate-limit/door-quotas.js';
import type { Device } from '../../session/session.service.js';
import { WeChatApps } from '../../wechat/wechat-apps.js';

/** Parameters of a new attempt. */
export interface AskedAttempt {
  readonly method: AttemptMethod;
  readonly appId?: string | undefined;
  /** If absent, the hosted login page. */
  readonly returnTo?: string | undefined;
  readonly codeChallenge?: string | undefined;
}

/** A new attempt with what its method displays. */
export interface ShownAttempt extends BegunAttempt, AttemptDisplay {
  readonly method: AttemptMethod;
}

/** Begins attempts of every method. */
@Injectable()
export class AttemptFlow {
  private readonly pageUrl: string;
  private readonly origin: string;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly quotas: AppQuotas,
    private readonly attempts: Attempts,
    private readonly screens: AttemptScreens,
    private readonly cookie: BrowserCookie,
    config: AppConfig,
  ) {
    this.pageUrl = `${config.publicUrl}/login`;
    this.origin = new URL(config.publicUrl).origin;
  }

  /**
   * @param device the screen, as it is described to the person who scans
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
    // Needed with a codeChallenge, too: the browser that shows the code reads the status by its cookie.
    const browser = this.cookie.ensure(request, reply);
    const binding = codeChallenge === undefined ? { browser } : { codeChallenge };
    const isHosted = isFromOwnPage(request, this.origin);
    const begun = await this.attempts.begin({ method, appId, returnTo, binding, isHosted, browser, device });
    const shown = await this.screens.of(method).show({
      ...begun,
      appId,
      returnTo,
      binding,
      hostedBrowser: isHosted ? browser : null,
      languages: languagesOf(request),
      uiLocales: uiLocalesOf(request),
    });
    return { ...begun, method, ...shown };
  }
}
