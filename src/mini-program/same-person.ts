import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedState } from '../auth/access-token/access-token.js';
import { CodeRequest } from '../auth/code.requests.js';
import type { WeChatLoginRequest } from '../auth/wechat-login-request.js';
import { AppError } from '../common/app-error.js';
import { validated } from '../http/validation.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';

/** What the strategy is asked where a fresh code stands beside a token: who is there now? Nobody gets an account. */
export function freshCodeOfSession(request: FastifyRequest & AuthenticatedState): WeChatLoginRequest {
  return {
    channel: 'mini-program',
    purpose: 'recognise',
    appId: request.session?.identity.appId,
    code: validated(CodeRequest, request.body).code,
  };
}

/** What follows from a token only together with a fresh code of the same person. */
@Injectable()
export class SamePerson {
  constructor(private readonly users: UserService) {}

  /**
   * @param session of a mini program @param login by a code of the same mini program
   * @returns the identity of both
   * @throws AppError TOKEN_CODE_MISMATCH
   */
  async identityOf(session: SessionOfUser, login: ResolvedLogin): Promise<string> {
    // Whoever it is: WeChat has just replaced this person's session_key.
    await this.users.settle(login);
    if (login.identity.id !== session.identity.id) throw new AppError('TOKEN_CODE_MISMATCH');
    return login.identity.id;
  }
}
