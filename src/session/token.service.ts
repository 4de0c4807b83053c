import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { isId } from '../common/id.js';
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

/** Tokens of ours have some 500 characters, with long names of issuer and audience 1,000. */
const MAX_TOKEN_LENGTH = 4_096;
/** How far the clock of the instance that signed may be ahead (s). */
const MAX_AHEAD = 60;
const APP_ID = /^[A-Za-z0-9_-]{1,64}$/;

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
    if (token.length > MAX_TOKEN_LENGTH) throw new AppError('TOKEN_INVALID');
    const known = this.checked.get(token);
    const kid = known?.kid ?? kidOf(token);
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
      if (this.isOurs(claims) && claims.iat <= now + MAX_AHEAD) {
        this.checked.set(token, { kid, claims });
        return claims;
      }
    } catch {
      // Whatever is wrong with it.
    }
    throw new AppError('TOKEN_INVALID');
  }

  /**
   * Whether claims are what {@link sign} writes, each in its shape: a signature alone does not say that the key has
   * signed an access token of a session, and one without `exp` would be good for ever.
   */
  private isOurs(claims: unknown): claims is AccessTokenClaims {
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
