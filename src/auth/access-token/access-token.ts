import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { INVALID_TOKEN_CHALLENGE } from '../../http/problem.js';
import { noteInRequest } from '../../http/request-context.js';
import type { SessionOfUser } from '../../session/session-rows.js';

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
 * @throws AppError TOKEN_INVALID where such a field comes twice: a proxy may have looked at the other one
 */
export function accessTokenOf({ headers, raw }: FastifyRequest, tokenHeader: string): string | null {
  const own = tokenHeader === 'authorization' ? undefined : headers[tokenHeader];
  const { authorization } = headers;
  if (own === undefined && authorization === undefined) return null;
  if (comesTwice(raw.rawHeaders, 'authorization') || comesTwice(raw.rawHeaders, tokenHeader)) {
    throw invalidToken();
  }
  if (typeof own === 'string' && own !== '') return own.replace(/^Bearer +/i, '');
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null;
}

/** Does what a token is asked for; a 401 that says of the token that it is not good says so in its challenge, too. */
export async function withToken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    noteInRequest({ challenge: INVALID_TOKEN_CHALLENGE });
    throw error;
  }
}

function invalidToken(): AppError {
  noteInRequest({ challenge: INVALID_TOKEN_CHALLENGE });
  return new AppError('TOKEN_INVALID', { detail: 'The token came in two header fields of the same name.' });
}

/** @param rawHeaders names and values by turns, as they came: of a second Authorization `headers` does not know */
function comesTwice(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) times++;
  }
  return times > 1;
}
