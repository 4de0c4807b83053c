import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { SessionOfUser } from '../session/session-rows.js';

/** Where the guard leaves the session of the request. */
export interface AuthenticatedState {
  session?: SessionOfUser;
}

/** Under which the decorator leaves its mark. */
export const RECENT_SESSION = 'wechat-auth:recent-session';

/**
 * The route only tells whether the token is good: what was found within the last 5 s will do. Every other route acts
 * for the user, who may have been merged, disabled or deleted a moment ago.
 */
export const RecentSession = (): MethodDecorator => SetMetadata(RECENT_SESSION, true);

/** The session behind the access token of the request, with its identity and user. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext): SessionOfUser => {
  const { session } = context.switchToHttp().getRequest<AuthenticatedState>();
  if (!session) throw new Error('the route is public: it has no session');
  return session;
});

/** The user behind the access token: the surviving one, where the token's was merged. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): SessionOfUser['user'] => {
    const { session } = context.switchToHttp().getRequest<AuthenticatedState>();
    if (!session) throw new Error('the route is public: it has no user');
    return session.user;
  },
);

/**
 * The access token of a request: from the header that TOKEN_HEADER names (with or without `Bearer `), else from
 * Authorization (RFC 6750 section 2.1). Never from the URL or a cookie.
 */
export function accessTokenOf(headers: FastifyRequest['headers'], tokenHeader: string): string | null {
  const own = tokenHeader === 'authorization' ? undefined : headers[tokenHeader];
  if (typeof own === 'string' && own !== '') return own.replace(/^Bearer +/i, '');
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
