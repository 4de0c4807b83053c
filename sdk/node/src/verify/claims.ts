import type { JWTPayload } from 'jose';

/** The claims of an access token (docs/verifying-tokens.md). Times in seconds. */
export interface Claims {
  /** The user. The id to store in your tables. */
  readonly sub: string;
  /** The session. */
  readonly sid: string;
  /** The WeChat app through which the person logged in. */
  readonly appId: string;
  /** The id of the user in your own system, for users that were imported with one. */
  readonly externalId?: string;
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  /** The token. */
  readonly jti: string;
}

const TEXTS = ['sub', 'sid', 'appId', 'iss', 'aud', 'jti'] as const;
const TIMES = ['iat', 'exp'] as const;

/**
 * Whether a verified payload is that of an access token. The signature alone does not prove it: the same keys may sign
 * other tokens, and one without `exp` would never expire.
 */
export function isClaims(payload: JWTPayload): payload is JWTPayload & Claims {
  return (
    TEXTS.every((name) => typeof payload[name] === 'string' && payload[name] !== '') &&
    TIMES.every((name) => Number.isSafeInteger(payload[name])) &&
    ['string', 'undefined'].includes(typeof payload.externalId)
  );
}
