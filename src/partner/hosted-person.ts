import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserCookie } from '../attempt/browser-cookie.js';
import { HostedLogins } from '../attempt/hosted-logins.js';
import { LoginRedemption } from '../attempt/login-redemption.js';
import { AppError } from '../common/app-error.js';
import { AppConfig } from '../config/app-config.js';
import { partnerSessionSeconds } from './session-lifetime.js';

/** A person who has logged in on the hosted login page and came back to a page of this room. */
@Injectable()
export class HostedPerson {
  constructor(
    private readonly hostedLogins: HostedLogins,
    private readonly redemption: LoginRedemption,
    private readonly browser: BrowserCookie,
    private readonly config: AppConfig,
  ) {}

  /**
   * Redeems the loginCode that the login page came back with: the browser knows the person from now on.
   * @returns when the person logged in at WeChat (ms); `null` where the code was used already: the page was opened twice
   * @throws AppError ACCOUNT_DISABLED, SESSION_ENDED
   */
  async arrive(
    loginCode: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ userId: string; loginAt: number } | null> {
    const lifetime = partnerSessionSeconds(this.config);
    try {
      const browser = this.browser.read(request);
      const { sessionId, loginAt, tokens } = await this.redemption.redeem(
        loginCode,
        browser,
        undefined,
        lifetime,
      );
      await this.hostedLogins.begin({ sessionId, loginAt }, request, reply);
      return { userId: tokens.user.id, loginAt };
    } catch (error) {
      if (error instanceof AppError && error.code === 'LOGIN_CODE_INVALID') return null;
      throw error;
    }
  }
}
