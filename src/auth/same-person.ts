import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedState } from './access-token/access-token.js';
import { CodeRequest } from './code.requests.js';
import type { WeChatLoginRequest } from './wechat-login-request.js';
import { AppError } from '../common/app-error.js';
import { validated } from '../http/validation.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';

/**
 * What the strategy reads from a request with a token and a fresh code. The purpose `recognise` creates no
 * user.
 */
export function freshCodeOfSession(request: FastifyRequest & AuthenticatedState): WeChatLoginRequest {
  return {
    channel: 'mini-program',
    purpose: 'recognise',
    appId: request.session?.identity.appId,
    code: validated(CodeRequest, request.body).code,
  };
}

/** Requires a fresh code of the same person beside the token. */
@Injectable()
export class SamePerson {
  constructor(private readonly users: UserService) {}

  /**
   * @param session of a mini program
   * @param login by a code of the same mini program
   * @returns the identity of both
   * @throws AppError TOKEN_CODE_MISMATCH
   */
  async identityOf(session: SessionOfUser, login: ResolvedLogin): Promise<string> {
    // Needed on a mismatch too, because WeChat has just replaced this person's session_key.
    await this.users.settle(login);
    if (login.identity.id !== session.identity.id) throw new AppError('TOKEN_CODE_MISMATCH');
    return login.identity.id;
  }
}
