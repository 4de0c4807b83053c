import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppConfig } from '../../config/app-config.js';
import { SessionService } from '../../session/session.service.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import { TokenService } from '../../session/token.service.js';
import { accessTokenOf } from './access-token.js';

/** Sessions of access tokens that this instance checked a moment ago: memory alone answers for them. */
@Injectable()
export class RecentSessions {
  constructor(
    private readonly tokens: TokenService,
    private readonly sessions: SessionService,
    private readonly config: AppConfig,
  ) {}

  /**
   * The session of a request whose token was verified here before and whose session was read in the last 5 s. Every
   * condition holds that the slower way checks: expiry, the key's state, the account's, the session's end.
   * @returns `null` for any other request: the guards decide on it
   * @throws AppError TOKEN_INVALID for a token that came twice
   */
  of(request: FastifyRequest): SessionOfUser | null {
    const token = accessTokenOf(request, this.config.tokenHeader);
    const claims = token === null ? null : this.tokens.verified(token);
    return claims && this.sessions.known(claims.sid);
  }
}
