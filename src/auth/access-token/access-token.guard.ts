import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { PUBLIC } from '../../http/public.js';
import { AppConfig } from '../../config/app-config.js';
import { SessionService } from '../../session/session.service.js';
import { TokenService } from '../../session/token.service.js';
import { type AuthenticatedState, accessTokenOf, RECENT_SESSION, withToken } from './access-token.js';

/** Requires a valid access token of a live session on every route without `@Public()`. */
@Injectable()
export class AccessTokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenService,
    private readonly sessions: SessionService,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError TOKEN_MISSING, TOKEN_INVALID, SESSION_ENDED, ACCOUNT_DISABLED */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]))
      return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedState>();
    const token = accessTokenOf(request, this.config.tokenHeader);
    if (token === null) throw new AppError('TOKEN_MISSING');
    const recent = this.reflector.get<boolean | undefined>(RECENT_SESSION, context.getHandler()) ?? false;
    request.session = await withToken(async () => {
      const { sid } = await this.tokens.verify(token);
      return recent ? this.sessions.verifyRecent(sid) : this.sessions.verify(sid);
    });
    return true;
  }
}
