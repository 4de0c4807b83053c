import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { AppConfig } from '../config/app-config.js';
import type { Actor } from '../events/event-log.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionService } from '../session/session.service.js';
import { TokenService } from '../session/token.service.js';
import type { IntrospectionReply } from './introspection.requests.js';

/**
 * Error codes that mean an inactive token. Other errors, such as an unavailable database, say nothing about
 * the token.
 */
const INACTIVE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TOKEN_INVALID',
  'REFRESH_TOKEN_INVALID',
  'SESSION_ENDED',
  'ACCOUNT_DISABLED',
]);

/** Introspection and revocation of tokens for other services (RFC 7662, RFC 7009). */
@Injectable()
export class Introspection {
  constructor(
    private readonly tokens: TokenService,
    private readonly sessions: SessionService,
    private readonly config: AppConfig,
  ) {}

  /**
   * Whether a token is active now, and its claims. An access token costs at most one database read per
   * session in 5 s. A refresh token is active only with the hint: most clients check `active` only, and must
   * not accept a refresh token as an access token.
   * @param hint `token_type_hint` of the request
   */
  async introspect(token: string, hint?: string): Promise<IntrospectionReply> {
    const refreshToken = hint === 'refresh_token' ? await this.refreshToken(token) : null;
    return refreshToken ?? (await ifActive(() => this.accessToken(token))) ?? { active: false };
  }

  /** Ends the session of a token and records the event. */
  async revoke(token: string, actor: Actor): Promise<void> {
    const ended = await ifActive(async () => {
      await this.sessions.endByRefreshToken(token, 'revoked', actor);
      return true;
    });
    if (ended) return;
    const claims = await ifActive(() => this.tokens.verify(token));
    if (claims) await this.sessions.end(claims.sid, 'revoked', actor);
  }

  private async accessToken(token: string): Promise<IntrospectionReply> {
    const { sid, exp, iat, iss, aud, jti } = await this.tokens.verify(token);
    return {
      token_type: 'Bearer',
      ...claimsOf(await this.sessions.verifyRecent(sid)),
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
      ...claimsOf(found),
      exp: Math.floor(this.sessions.endsAt(session) / 1000),
      iat: Math.floor((session.rotatedAt ?? session.createdAt) / 1000),
      iss: this.config.jwt.issuer,
      aud: this.config.jwt.issuer,
      jti: `${session.id}.${session.generation}`,
    };
  }
}

/** The result, or `null` if the token turns out to be inactive. */
async function ifActive<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AppError && INACTIVE_CODES.has(error.code)) return null;
    throw error;
  }
}

function claimsOf({ session, identity, user }: SessionOfUser): IntrospectionReply {
  return {
    active: true,
    sub: user.id,
    sid: session.id,
    client_id: identity.appId,
    ...(user.nickname === null ? {} : { username: user.nickname }),
  };
}
