import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RecentSession } from '../auth/access-token/access-token.js';
import type { RecentSessions } from '../auth/access-token/recent-sessions.js';
import { RepliesOfTurn } from '../http/replies-of-turn.js';
import { onRequestOf } from '../http/route-hooks.js';
import type { SessionOfUser } from '../session/session-rows.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route says whether the access token of the request is valid, whatever else the request is. */
    tokenCheck?: boolean;
  }
}

/** For a route that only says whether a token is valid, of any method and with any body. */
export const TokenCheck = (): MethodDecorator =>
  applyDecorators(RecentSession(), RouteConfig({ answersAnything: true, tokenCheck: true }));

/**
 * Answers a check of a token that this instance checked in the last 5 s before guards and controllers: proxies ask for
 * each request of their site, and these take half of such a check. All other requests go on to the guards.
 */
export function registerTokenChecks(fastify: FastifyInstance, sessions: RecentSessions): void {
  const replies = new RepliesOfTurn();
  onRequestOf(
    fastify,
    (config) => config.tokenCheck,
    (request, reply, done) => {
      const session = recentSession(request, sessions);
      if (session === null) {
        done();
        return;
      }
      answerTokenCheck(reply, session);
      replies.add(reply);
    },
  );
}

/** Names the user and the session to a proxy. */
export function answerTokenCheck(reply: FastifyReply, { user, session }: SessionOfUser): void {
  void reply.header('x-auth-user-id', user.id).header('x-auth-session-id', session.id);
}

function recentSession(request: FastifyRequest, sessions: RecentSessions): SessionOfUser | null {
  // Guards judge what else a request may be refused for: its query, and a key that is not valid.
  if (request.url.includes('?') || request.headers['x-api-key'] !== undefined) return null;
  try {
    return sessions.of(request);
  } catch {
    // The guard refuses it, with the problem's details.
    return null;
  }
}
