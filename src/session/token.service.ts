import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
import { AppConfig } from '../config/app-config.js';
import { untrustedHeader } from '../crypto/jwt.js';
import { SigningKeys } from './signing-keys.js';

/** The claims of an access token (RFC 9068 without the OAuth client). Times in seconds. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string;
  /** User id. */
  readonly sub: string;
  /** Session id. */
  readonly sid: string;
  /** The WeChat app through which the person logged in. */
  readonly appId: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** Our tokens have about 500 characters, or 1,000 with a long issuer and audience. */
const MAX_TOKEN_LENGTH = 4_096;
/** How far the clock of the signing instance may be ahead (s). */
const MAX_CLOCK_SKEW_S = 60;
const APP_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Capacity of the cache of verified tokens. Each entry takes half a kilobyte. */
const MAX_VERIFIED = 20_000;

/** Signs and verifies access tokens: ES256 JWTs that other services verify offline. */
@Injectable()
export class TokenService {
  /**
   * Cache by complete token, so that a signature is verified once and not for every request. Expiry and the
   * state of the key are checked every time.
   */
  private readonly verifiedTokens = new LRUCache<string, { kid: string; claims: AccessTokenClaims }>({
    max: MAX_VERIFIED,
  });

  constructor(
    private readonly keys: SigningKeys,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * @param sessionEndsAt ms; the token does not outlive its session
   * @returns the token and its lifetime in seconds
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

  /**
   * The claims of a token that was verified here before and needs nothing but memory to be verified again. `null` for
   * any other: ask {@link verify}.
   */
  verified(token: string): AccessTokenClaims | null {
    const known = this.verifiedTokens.get(token);
    if (!known || known.claims.exp <= Math.floor(this.clock.now() / 1000)) return null;
    return this.keys.isKnownToVerify(known.kid) ? known.claims : null;
  }

  /** @throws AppError TOKEN_INVALID */
  async verify(token: string): Promise<AccessTokenClaims> {
    if (token.length > MAX_TOKEN_LENGTH) throw new AppError('TOKEN_INVALID');
    const known = this.verifiedTokens.get(token);
    const kid = known?.kid ?? untrustedKid(token);
    const verifier = kid === null ? null : await this.keys.verifier(kid);
    if (kid === null || !verifier) throw new AppError('TOKEN_INVALID');
    const now = Math.floor(this.clock.now() / 1000);
    if (known && known.claims.exp > now) return known.claims;
    try {
      const claims: unknown = verifier.verify(token, {
        issuer: this.config.jwt.issuer,
        audience: this.config.jwt.audience,
        clockTimestamp: now,
      });
      if (this.isAccessTokenClaims(claims) && claims.iat <= now + MAX_CLOCK_SKEW_S) {
        this.verifiedTokens.set(token, { kid, claims });
        return claims;
      }
    } catch {
      // Any error means that the token is invalid.
    }
    throw new AppError('TOKEN_INVALID');
  }

  /**
   * Whether the claims have the form that {@link sign} writes. A valid signature alone does not prove that
   * the key signed an access token of a session, and a token without `exp` would never expire.
   */
  private isAccessTokenClaims(claims: unknown): claims is AccessTokenClaims {
    if (typeof claims !== 'object' || claims === null) return false;
    const { iss, aud, sub, sid, appId, iat, exp, jti } = claims as Readonly<Record<string, unknown>>;
    return (
      iss === this.config.jwt.issuer &&
      aud === this.config.jwt.audience &&
      [sub, sid, jti].every((id) => typeof id === 'string' && isId(id)) &&
      typeof appId === 'string' &&
      APP_ID.test(appId) &&
      Number.isSafeInteger(iat) &&
      Number.isSafeInteger(exp) &&
      Number(exp) > Number(iat)
    );
  }
}

function untrustedKid(token: string): string | null {
  const { kid } = untrustedHeader(token);
  return typeof kid === 'string' ? kid : null;
}
