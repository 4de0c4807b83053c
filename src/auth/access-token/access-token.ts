import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { INVALID_TOKEN_CHALLENGE } from '../../http/problem.js';
import { noteInRequest } from '../../http/request-context.js';
import type { SessionOfUser } from '../../session/session-rows.js';

/** Request property in which the guard stores the session. */
export interface AuthenticatedState {
  session?: SessionOfUser;
}

/** Metadata key of `@RecentSession()`. */
export const RECENT_SESSION = 'wechat-auth:recent-session';

/**
 * For routes that only report whether a token is valid: a session cached for up to 5 s is enough. All other
 * routes act for the user, who may just have been merged, disabled or deleted.
 */
export const RecentSession = (): MethodDecorator => SetMetadata(RECENT_SESSION, true);

/** The session of the request's access token, with its identity and user. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext): SessionOfUser =>
  sessionOf(context.switchToHttp().getRequest<AuthenticatedState>()),
);

/** The user of the access token. For a merged user it is the surviving one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): SessionOfUser['user'] =>
    sessionOf(context.switchToHttp().getRequest<AuthenticatedState>()).user,
);

/**
 * The same for a handler that takes the request. Nest passes every decorated parameter but this one through the
 * pipes, which takes a dozen promises.
 */
export function sessionOf({ session }: AuthenticatedState): SessionOfUser {
  if (!session) throw new Error('a public route has no session');
  return session;
}

/**
 * Returns the access token of a request: from the header that TOKEN_HEADER names (with or without `Bearer `),
 * else from Authorization (RFC 6750 section 2.1). Never from the URL or a cookie.
 * @throws AppError TOKEN_INVALID if such a header occurs twice: a proxy may have checked the other one
 */
export function accessTokenOf({ headers, raw }: FastifyRequest, tokenHeader: string): string | null {
  const hasOwn = tokenHeader !== 'authorization';
  const own = hasOwn ? headers[tokenHeader] : undefined;
  const { authorization } = headers;
  if (own === undefined && authorization === undefined) return null;
  if (isRepeated(raw.rawHeaders, 'authorization') || (hasOwn && isRepeated(raw.rawHeaders, tokenHeader))) {
    throw invalidToken();
  }
  if (typeof own === 'string' && own !== '') return own.replace(/^Bearer +/i, '');
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null;
}

/**
 * Runs work that depends on a token. If it throws, the WWW-Authenticate challenge says that the token is
 * invalid.
 */
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

/** @param rawHeaders names and values in turn, as received; `headers` drops a second Authorization */
function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) times++;
  }
  return times > 1;
}
