import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { SigningKeys } from './signing-keys.js';

/** What an access token says (RFC 9068 without the OAuth client). Times in seconds. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string;
  /** The user. */
  readonly sub: string;
  /** The session. */
  readonly sid: string;
  /** The WeChat app that the login came in by. */
  readonly appId: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** So many tokens are remembered after their first check; each is half a kilobyte. */
const MAX_CHECKED = 20_000;

/** Signs and verifies access tokens: ES256 JWTs that other services verify without calling this one. */
@Injectable()
export class TokenService {
  /** By the whole token: a signature is checked once, not with each request of a client. Whether key and token are still good is asked every time. */
  private readonly checked = new LRUCache<string, { kid: string; claims: AccessTokenClaims }>({
    max: MAX_CHECKED,
  });

  constructor(
    private readonly keys: SigningKeys,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * @param sessionEndsAt ms; the token never outlives its session
   * @returns the token and its life in seconds
   */
  sign(
    subject: { userId: string; sessionId: string; appId: string },
    sessionEndsAt: number,
  ): {
    accessToken: string;
    expiresIn: number;
  } {
    const iat = Math.floor(this.clock.now() / 1000);
    const exp = Math.min(iat + this.config.ttl.accessToken, Math.floor(sessionEndsAt / 1000));
    const claims: AccessTokenClaims = {
      iss: this.config.jwt.issuer,
      aud: this.config.jwt.audience,
      sub: subject.userId,
      sid: subject.sessionId,
      appId: subject.appId,
      iat,
      exp,
      jti: uuidv4(),
    };
    return { accessToken: this.keys.signer().sign(claims), expiresIn: exp - iat };
  }

  /** @throws AppError TOKEN_INVALID */
  async verify(token: string): Promise<AccessTokenClaims> {
    const known = this.checked.get(token);
    const kid = known?.kid ?? kidOf(token);
    const verifier = kid === null ? null : await this.keys.verifier(kid);
    if (kid === null || !verifier) throw new AppError('TOKEN_INVALID');
    const now = Math.floor(this.clock.now() / 1000);
    if (known && known.claims.exp > now) return known.claims;
    try {
      const claims = verifier.verify<AccessTokenClaims>(token, {
        issuer: this.config.jwt.issuer,
        audience: this.config.jwt.audience,
        clockTimestamp: now,
      });
      this.checked.set(token, { kid, claims });
      return claims;
    } catch {
      throw new AppError('TOKEN_INVALID');
    }
  }
}

/** The key that a token says it was signed with; nothing of it is believed before the signature is checked. */
function kidOf(token: string): string | null {
  const [header] = token.split('.', 1);
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header ?? '', 'base64url').toString('utf8'));
    const kid = typeof parsed === 'object' && parsed !== null && 'kid' in parsed ? parsed.kid : null;
    return typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}
