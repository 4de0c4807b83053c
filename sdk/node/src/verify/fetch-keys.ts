import { type CryptoKey, importJWK, type JWK } from 'jose';
import { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import { deadline, faultOf, type Fetch, replyText } from '../service/network.js';

/** Public keys by their `kid`. */
export type PublicKeys = ReadonlyMap<string, CryptoKey>;

/** The only algorithm of access tokens. */
export const ALGORITHM = 'ES256';

/**
 * Fetches the JSON Web Key Set (RFC 7517 section 5). Keys of other algorithms are left out.
 * @throws AuthError KEYS_UNAVAILABLE
 */
export async function fetchKeys(url: string, timeoutMs: number, fetch: Fetch): Promise<PublicKeys> {
  const set = await download(url, timeoutMs, fetch);
  const keys = new Map<string, CryptoKey>();
  for (const jwk of keysOf(set)) {
    if (jwk.kid === undefined || !isForTokens(jwk)) continue;
    const key = await importJWK(jwk, ALGORITHM).catch(() => null);
    if (key && !(key instanceof Uint8Array)) keys.set(jwk.kid, key);
  }
  // Not "no key at all", which would refuse everybody: a proxy or a wrong address has answered.
  if (keys.size === 0) throw unavailable('the reply contains no key for ES256');
  return keys;
}

async function download(url: string, timeoutMs: number, fetch: Fetch): Promise<unknown> {
  try {
    const response = await fetch(url, {
      // A cache on the way may keep the keys for an hour, and the one that is looked for is newer.
      headers: { accept: 'application/json', 'cache-control': 'no-cache' },
      redirect: 'manual',
      signal: deadline(timeoutMs),
    });
    const text = await replyText(response);
    if (!response.ok) throw unavailable(`the reply has the status ${response.status}`);
    if (text === null) throw unavailable('the reply is too long');
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof AuthError) throw error;
    if (error instanceof SyntaxError) throw unavailable('the reply is not JSON');
    throw unavailable(faultOf(error));
  }
}

function keysOf(set: unknown): JWK[] {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : null;
  if (!Array.isArray(keys)) return [];
  return keys.filter((key): key is JWK => typeof key === 'object' && key !== null);
}

function isForTokens({ kty, crv, alg, use, kid, d }: JWK): boolean {
  return (
    kty === 'EC' &&
    crv === 'P-256' &&
    (alg ?? ALGORITHM) === ALGORITHM &&
    (use ?? 'sig') === 'sig' &&
    typeof kid === 'string' &&
    d === undefined
  );
}

function unavailable(why: string): AuthError {
  return failure('KEYS_UNAVAILABLE', {
    status: 503,
    retryable: true,
    retryAfter: 1,
    detail: `The keys of the access tokens cannot be fetched: ${why}.`,
    reason: why,
  });
}
