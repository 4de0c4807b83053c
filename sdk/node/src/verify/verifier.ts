import { type CryptoKey, decodeJwt, errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import type { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import { addressOf, numberOf, optionsInvalid, urlOf } from '../options.js';
import type { Fetch } from '../service/network.js';
import { type Claims, isClaims } from './claims.js';
import { ALGORITHM, fetchKeys } from './fetch-keys.js';
import { KeyCache } from './key-cache.js';

/** Options of `createVerifier`. */
export interface VerifierOptions {
  /** JWT_ISSUER of wechat-auth: its PUBLIC_URL, unless set. */
  readonly issuer: string;
  /** JWT_AUDIENCE of wechat-auth; one of them is enough. Default: the issuer. */
  readonly audience?: string | readonly string[] | undefined;
  /** Default: `/.well-known/jwks.json` below the issuer. */
  readonly jwksUri?: string | URL | undefined;
  /** How far the clocks may differ (seconds). Default 5. */
  readonly clockTolerance?: number | undefined;
  /** Claims that must be there besides those of every access token, such as `externalId`. */
  readonly requiredClaims?: readonly string[] | undefined;
  /**
   * How long fetched keys are used if they cannot be fetched again (seconds). Until then a withdrawn key is accepted by
   * somebody who keeps you from fetching. Default 3600.
   */
  readonly maxKeyAge?: number | undefined;
  /** Deadline of a fetch of the keys (ms). Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** For a proxy on the way to wechat-auth. Default: `fetch` of Node.js. */
  readonly fetch?: Fetch | undefined;
  /** The time of `exp` and `nbf` (ms). Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Verifies access tokens without calling wechat-auth for each. */
export interface Verifier {
  /**
   * @param token without `Bearer `
   * @throws AuthError TOKEN_MISSING for no token; TOKEN_INVALID; KEYS_UNAVAILABLE (503, retryable) if that cannot be
   * said because the keys cannot be fetched
   */
  readonly verify: (token: string | null | undefined) => Promise<Claims>;
}

/** Tokens have about 500 characters, or 1,000 with a long issuer and audience. */
const MAX_TOKEN_LENGTH = 8_192;
const MAX_KID_LENGTH = 256;
/** RFC 7515 section 7.1. Decoders skip spaces and line breaks. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Creates a verifier of access tokens (JWT, ES256). It holds the keys, so create one for the process.
 * @throws AuthError OPTIONS_INVALID
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, requiredClaims = [], now = Date.now } = options;
  const clockTolerance = numberOf(options.clockTolerance ?? 5, 'clockTolerance');
  if (typeof issuer !== 'string' || issuer === '') throw optionsInvalid('issuer is missing');
  const audience = [options.audience ?? issuer].flat();
  const jwksUri = options.jwksUri ?? `${addressOf(issuer, 'issuer')}/.well-known/jwks.json`;
  const { href } = urlOf(jwksUri, 'jwksUri');
  const timeoutMs = numberOf(options.timeoutMs ?? 5_000, 'timeoutMs');
  const maxAgeMs = numberOf(options.maxKeyAge ?? 3_600, 'maxKeyAge') * 1_000;
  const fetch: Fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const cache = new KeyCache(() => fetchKeys(href, timeoutMs, fetch), maxAgeMs);

  /** The key that a token names. A token that is refused with any key causes no fetch. */
  async function keyOf({ kid }: JWTHeaderParameters, token: string): Promise<CryptoKey> {
    if (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH) throw invalid('It names no key.');
    const known = cache.known(kid);
    if (known) return known;
    const { iss, aud, exp } = decodeJwt(token);
    const isOurs =
      iss === issuer && [aud].flat().some((each) => each !== undefined && audience.includes(each));
    if (!isOurs || typeof exp !== 'number' || exp + clockTolerance <= now() / 1_000) {
      throw invalid('It is of another issuer or audience, or has expired.');
    }
    const published = await cache.find(kid);
    if (!published) throw invalid('Its key is not one of wechat-auth, or was withdrawn.');
    return published;
  }

  return {
    async verify(token) {
      if (token === null || token === undefined || token === '') throw missing();
      if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) {
        throw invalid('It is not a JWT.');
      }
      try {
        const { payload } = await jwtVerify(token, (header) => keyOf(header, token), {
          algorithms: [ALGORITHM],
          issuer,
          audience,
          clockTolerance,
          requiredClaims: ['exp', ...requiredClaims],
          currentDate: new Date(now()),
        });
        if (isClaims(payload)) return payload;
      } catch (error) {
        throw error instanceof errors.JOSEError ? invalidBecause(error) : error;
      }
      throw invalid('It lacks claims of an access token.');
    },
  };
}

function missing(): AuthError {
  return failure('TOKEN_MISSING', { status: 401, detail: 'There is no access token.' });
}

function invalid(detail: string, reason?: string): AuthError {
  return failure('TOKEN_INVALID', {
    status: 401,
    detail: `The access token is refused. ${detail}`,
    reason,
  });
}

/** `reason` is jose's code; its message may contain claims. */
function invalidBecause({ code }: errors.JOSEError): AuthError {
  if (code === 'ERR_JWT_EXPIRED') return invalid('It has expired.', code);
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return invalid('A claim is missing or wrong.', code);
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return invalid('Its signature is wrong.', code);
  return invalid('It is not a JWT signed with ES256.', code);
}
