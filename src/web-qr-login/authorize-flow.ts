import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ReturnUrls, withError } from '../attempt/return-urls.js';
import { WebViewTickets } from '../attempt/web-view-tickets.js';
import { AppError } from '../common/app-error.js';
import { Metrics } from '../common/metrics.js';
import { AppConfig } from '../config/app-config.js';
import { Refusals } from '../events/refusals.js';
import { isFromOwnPage } from '../pages/own-page.js';
import type { Device } from '../session/session.service.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { uiLocalesOf } from '../pages/language.js';
import { InWeChatFlow } from './in-wechat/in-wechat-flow.js';
import type { AuthorizeRequest } from './web-qr-login.requests.js';
import { WebsiteFlow } from './website/website-flow.js';

/**
 * Determines the redirect of `authorize`: to one of WeChat's pages or, with a web-view ticket, back to
 * returnTo.
 */
@Injectable()
export class AuthorizeFlow {
  private readonly origin: string;

  constructor(
    private readonly websites: WebsiteFlow,
    private readonly inWeChat: InWeChatFlow,
    private readonly tickets: WebViewTickets,
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly metrics: Metrics,
    private readonly refusals: Refusals,
    config: AppConfig,
  ) {
    this.origin = new URL(config.publicUrl).origin;
  }

  /**
   * @param device the browser
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN, VALIDATION_FAILED for a ticket without a challenge,
   * STORE_UNAVAILABLE
   */
  async location(
    { ticket, ...asked }: AuthorizeRequest,
    device: Device,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    if (ticket !== undefined) return this.redirectWebView(ticket, asked, device, request);
    const isHosted = isFromOwnPage(request, this.origin);
    if (asked.appId !== undefined && this.apps.kindOf(asked.appId) === 'official_account') {
      const begin = { ...asked, isHosted, uiLocales: uiLocalesOf(request) };
      return this.inWeChat.begin(begin, request, reply);
    }
    return this.websites.begin({ ...asked, isHosted, linkTo: null }, request, reply);
  }

  private async redirectWebView(
    ticket: string,
    { returnTo, codeChallenge }: AuthorizeRequest,
    device: Device,
    request: FastifyRequest,
  ): Promise<string> {
    const allowed = this.returnUrls.allowed(returnTo).href;
    if (codeChallenge === undefined) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'codeChallenge', message: 'codeChallenge must come with a ticket' }],
      });
    }
    try {
      if (isOtherBrowser(device.userAgent)) throw new AppError('WEB_VIEW_TICKET_INVALID');
      return await this.tickets.use(ticket, allowed, codeChallenge, device);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'WEB_VIEW_TICKET_INVALID') throw error;
      this.metrics.login('web-view', error.code);
      await this.refusals.login(error.code, { channel: 'web-view' });
      return withError(allowed, error.code, request.id);
    }
  }
}

/**
 * Whether the browser is not WeChat's. An attacker may send a URL with their own ticket, so that the victim
 * works in the attacker's account (login CSRF). A page cannot change the User-Agent of a navigation.
 */
function isOtherBrowser(userAgent: string | null): boolean {
  return userAgent?.startsWith('Mozilla/') === true && !/MicroMessenger/i.test(userAgent);
}
