import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { noteInRequest } from '../http/request-context.js';
import { SessionService, type Tokens } from '../session/session.service.js';
import { AcceptedTerms } from '../user/accepted-terms.js';
import { UserService } from '../user/user.service.js';
import { Attempts } from './attempts.js';
import { HostedLogins } from './hosted-logins.js';
import { LoginCodes, type PendingLogin } from './login-codes.js';

/** The session that a loginCode has opened. */
export interface OpenedLogin {
  readonly tokens: Tokens;
  readonly sessionId: string;
  readonly isNewUser: boolean;
  /** When the person logged in at WeChat (ms): before now if the hosted pages knew them. */
  readonly loginAt: number;
}

/** Exchanges the loginCode of a login for its session, for every door that takes one. */
@Injectable()
export class LoginRedemption {
  constructor(
    private readonly loginCodes: LoginCodes,
    private readonly hostedLogins: HostedLogins,
    private readonly attempts: Attempts,
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly terms: AcceptedTerms,
  ) {}

  /**
   * Exchanges a loginCode for the session of its login.
   * @param browser fingerprint of the cookie of the request
   * @param lifetime of the session in seconds; SESSION_TTL if absent
   * @throws AppError LOGIN_CODE_INVALID, also for the code of a link; ACCOUNT_DISABLED, SESSION_ENDED
   */
  async redeem(
    loginCode: string,
    browser: string | null,
    codeVerifier?: string,
    lifetime?: number,
  ): Promise<OpenedLogin> {
    const pending = await this.loginCodes.find(loginCode, browser, codeVerifier);
    if (pending.kind === 'link') throw new AppError('LOGIN_CODE_INVALID');
    return this.open(loginCode, pending, lifetime);
  }

  /**
   * Opens the session of a login that `LoginCodes.find` has returned. While the database is unavailable, the
   * code is not used up, so the client can retry.
   * @throws AppError LOGIN_CODE_INVALID, also where the hosted login behind it has ended; ACCOUNT_DISABLED,
   * SESSION_ENDED
   */
  async open(loginCode: string, pending: PendingLogin, lifetime?: number): Promise<OpenedLogin> {
    const { identityId, device, channel, isNewUser, loginAt, hostedLogin } = pending;
    noteInRequest({ login: channel });
    const login = await this.users.findIdentity(identityId);
    if (!login) throw new AppError('LOGIN_CODE_INVALID');
    if (hostedLogin !== null && !(await this.hostedLogins.isValid(hostedLogin))) {
      throw new AppError('LOGIN_CODE_INVALID');
    }
    await this.loginCodes.use(loginCode);
    const authenticatedAt = hostedLogin === null ? undefined : loginAt;
    const asked = { id: pending.sessionId, lifetime, authenticatedAt };
    const writes = [
      ...this.users.refreshTokenWrites(identityId, pending.refreshToken, loginAt),
      ...(pending.termsShown ? this.terms.writes(login) : []),
    ];
    const tokens = await this.sessions.start(login, device, writes, asked);
    if (hostedLogin !== null) await this.joinHosted(hostedLogin, pending.sessionId);
    // The session exists. If this write fails, the status stays `confirmed`, which is harmless.
    if (pending.attempt !== null) await this.attempts.redeemed(pending.attempt).catch(() => undefined);
    return { tokens, sessionId: pending.sessionId, isNewUser, loginAt };
  }

  /** Nobody has the tokens yet, so a session that cannot end the hosted login ends itself. */
  private async joinHosted(hostedLogin: string, sessionId: string): Promise<void> {
    const isAdded = await this.hostedLogins.addSession(hostedLogin, sessionId).catch((error: unknown) => {
      if (error instanceof AppError) return error;
      throw error;
    });
    if (isAdded === true) return;
    await this.sessions.end(sessionId, 'logout', 'system');
    throw isAdded === false ? new AppError('LOGIN_CODE_INVALID') : isAdded;
  }
}
