import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { PUBLIC } from '../../http/public.js';
import { RouteMetadata } from '../../http/route-metadata.js';
import { AppConfig } from '../../config/app-config.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import { SessionService } from '../../session/session.service.js';
import { TokenService } from '../../session/token.service.js';
import { type AuthenticatedState, accessTokenOf, RECENT_SESSION, withToken } from './access-token.js';

/** Requires a valid access token of a live session on every route without `@Public()`. */
@Injectable()
export class AccessTokenGuard implements CanActivate {
  private readonly publicRoutes: RouteMetadata<boolean>;
  private readonly recentRoutes: RouteMetadata<boolean>;

  constructor(
    reflector: Reflector,
    private readonly tokens: TokenService,
    private readonly sessions: SessionService,
    private readonly config: AppConfig,
  ) {
    this.publicRoutes = new RouteMetadata(reflector, PUBLIC);
    this.recentRoutes = new RouteMetadata(reflector, RECENT_SESSION);
  }

  /**
   * A promise only where something has to be waited for.
   * @throws AppError TOKEN_MISSING, TOKEN_INVALID, SESSION_ENDED, ACCOUNT_DISABLED
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.publicRoutes.of(context)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedState>();
    const token = accessTokenOf(request, this.config.tokenHeader);
    if (token === null) throw new AppError('TOKEN_MISSING');
    const mayBeRecent = this.recentRoutes.of(context);
    return this.admits(request, token, (sid) =>
      mayBeRecent ? this.sessions.verifyRecent(sid) : this.sessions.verify(sid),
    );
  }

  private async admits(
    request: AuthenticatedState,
    token: string,
    sessionOf: (sid: string) => Promise<SessionOfUser>,
  ): Promise<boolean> {
    request.session = await withToken(async () => sessionOf((await this.tokens.verify(token)).sid));
    return true;
  }
}
