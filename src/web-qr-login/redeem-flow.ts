import { Injectable } from '@nestjs/common';
import { LoginCodes, type PendingLink } from '../attempt/login-codes.js';
import { LoginRedemption } from '../attempt/login-redemption.js';
import { noteInRequest } from '../http/request-context.js';
import { SessionService, type Tokens } from '../session/session.service.js';
import { UserService } from '../user/user.service.js';
import { PendingLinks } from './pending-links.js';

/** Exchanges a loginCode for a session. */
@Injectable()
export class RedeemFlow {
  constructor(
    private readonly loginCodes: LoginCodes,
    private readonly logins: LoginRedemption,
    private readonly links: PendingLinks,
    private readonly users: UserService,
    private readonly sessions: SessionService,
  ) {}

  /**
   * Opens a session of the person who logged in, or of the account that is linked now. While the database is
   * unavailable, the code is not used up, so the client can retry.
   * @param browser fingerprint of the cookie of the request
   * @throws AppError LOGIN_CODE_INVALID, ACCOUNT_DISABLED, SESSION_ENDED, IDENTITY_TAKEN
   */
  async redeem(
    loginCode: string,
    browser: string | null,
    codeVerifier: string | undefined,
  ): Promise<{ tokens: Tokens; isNewUser: boolean }> {
    // The channel of an unknown loginCode is unknown. Most come from websites.
    noteInRequest({ login: 'website' });
    const pending = await this.loginCodes.find(loginCode, browser, codeVerifier);
    if (pending.kind === 'log-in') return this.logins.open(loginCode, pending);
    noteInRequest({ asks: { channel: 'website', purpose: 'link' } });
    return { tokens: await this.finishLink(loginCode, pending), isNewUser: false };
  }

  private async finishLink(loginCode: string, pending: PendingLink): Promise<Tokens> {
    const { user } = await this.sessions.verify(pending.sessionId);
    await this.loginCodes.use(loginCode);
    const linked = await this.users.link(user.id, this.links.open(pending));
    return this.sessions.start(linked, pending.device, this.users.writesOf(linked, pending.loginAt));
  }
}
