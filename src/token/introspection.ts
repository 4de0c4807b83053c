import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { AppConfig } from '../config/app-config.js';
import type { Actor } from '../events/event-log.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionService } from '../session/session.service.js';
import { TokenService } from '../session/token.service.js';
import type { IntrospectionReply } from './introspection.requests.js';

/** Codes that say that a token is not good: all one here. That the database is away says nothing about a token. */
const NOT_GOOD: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TOKEN_INVALID',
  'REFRESH_TOKEN_INVALID',
  'SESSION_ENDED',
  'ACCOUNT_DISABLED',
]);

/** Tokens as other services see them (RFC 7662, RFC 7009). */
@Injectable()
export class Introspection {
  constructor(
    private readonly tokens: TokenService,
    private readonly sessions: SessionService,
    private readonly config: AppConfig,
  ) {}

  /**
   * What a token means now. An access token costs the database at most one read in 5 s for each session. A refresh
   * token is active for who asks about one: most who ask look at `active` alone, and must not let it in.
   * @param hint `token_type_hint` of the request
   */
  async introspect(token: string, hint?: string): Promise<IntrospectionReply> {
    const refreshToken = hint === 'refresh_token' ? await this.refreshToken(token) : null;
    return refreshToken ?? (await good(() => this.accessToken(token))) ?? { active: false };
  }

  /** Ends the session of a token, with its event. */
  async revoke(token: string, actor: Actor): Promise<void> {
    const ended = await good(async () => {
      await this.sessions.endByRefreshToken(token, 'revoked', actor);
      return true;
    });
    if (ended) return;
    const claims = await good(() => this.tokens.verify(token));
    if (claims) await this.sessions.end(claims.sid, 'revoked', actor);
  }

  private async accessToken(token: string): Promise<IntrospectionReply> {
    const { sid, exp, iat, iss, aud, jti } = await this.tokens.verify(token);
    return {
      token_type: 'Bearer',
      ...about(await this.sessions.verifyRecent(sid)),
      exp,
      iat,
      iss,
      aud,
      jti,
    };
  }

  private async refreshToken(token: string): Promise<IntrospectionReply | null> {
    const found = await this.sessions.ofRefreshToken(token);
    if (!found) return null;
    const { session } = found;
    return {
      token_type: 'refresh_token',
      ...about(found),
      exp: Math.floor(this.sessions.endsAt(session) / 1000),
      iat: Math.floor((session.rotatedAt ?? session.createdAt) / 1000),
      iss: this.config.jwt.issuer,
      aud: this.config.jwt.issuer,
      jti: `${session.id}.${session.generation}`,
    };
  }
}

/** The result, or `null` where it turns out that the token is not good. */
async function good<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AppError && NOT_GOOD.has(error.code)) return null;
    throw error;
  }
}

function about({ session, identity, user }: SessionOfUser): IntrospectionReply {
  return {
    active: true,
    sub: user.id,
    sid: session.id,
    client_id: identity.appId,
    ...(user.nickname === null ? {} : { username: user.nickname }),
  };
}
