import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { FieldError } from '../../common/app-error.js';
import type { PublicKeySet } from './partner.js';

const MAX_KEYS = 10;
const MIN_RSA_BITS = 2_048;
const MAX_RSA_BITS = 8_192;
/** Members that only private or symmetric keys have (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use', 'alg'];
const CURVES: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519']);
/** A number of up to 8,192 bits. Node.js itself ignores what is no base64url. */
const NUMBER = /^[A-Za-z0-9_-]{1,1366}$/;
const OPTIONAL_TEXT = /^[\x20-\x7e]{1,128}$/;

/**
 * Checks the key set of a partner (RFC 7517): public signature keys, at most ten. Unknown members are
 * dropped. No message repeats a value, which might be a private key.
 * @returns the set as it is stored, or what is wrong with it
 */
export function publicKeySet(given: unknown): PublicKeySet | FieldError[] {
  const keys: unknown = isObject(given) ? given.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    return [{ field: 'jwks', message: `jwks must be { "keys": [ … ] } with 1 to ${MAX_KEYS} keys` }];
  }
  const faults = keys.flatMap((key: unknown, index): FieldError[] => {
    const fault = keyFault(key);
    return fault === null ? [] : [{ field: `jwks.keys.${index}`, message: fault }];
  });
  if (faults.length > 0) return faults;
  const stored = keys.map((key: JsonWebKey) =>
    Object.fromEntries(
      PUBLIC_MEMBERS.filter((name) => key[name] !== undefined).map((name) => [name, key[name]]),
    ),
  );
  const kids = stored.flatMap(({ kid }) => (kid === undefined ? [] : [kid]));
  if (new Set(kids).size < kids.length) return [{ field: 'jwks', message: 'two keys have the same kid' }];
  return { keys: stored };
}

function keyFault(key: unknown): string | null {
  if (!isObject(key)) return 'must be a JSON Web Key';
  const secret = SECRET_MEMBERS.find((name) => key[name] !== undefined);
  if (secret !== undefined) return `has the member "${secret}" of a private key: send public keys only`;
  if (!['EC', 'RSA', 'OKP'].includes(String(key.kty))) return 'must have the kty EC, RSA or OKP';
  if (key.kty !== 'RSA' && !CURVES.has(key.crv)) return 'must have the crv P-256, P-384, P-521 or Ed25519';
  if (key.use !== undefined && key.use !== 'sig') return 'must have the use sig';
  for (const name of ['kid', 'alg']) {
    const value = key[name];
    if (value !== undefined && !(typeof value === 'string' && OPTIONAL_TEXT.test(value))) {
      return `has a ${name} that is no text of 1 to 128 characters`;
    }
  }
  const numbers = [key.x, key.y, key.n, key.e].filter((each) => each !== undefined);
  if (!numbers.every((each) => typeof each === 'string' && NUMBER.test(each))) return 'is no public key';
  return materialFault(key);
}

function materialFault(key: JsonWebKey): string | null {
  try {
    const { asymmetricKeyDetails: details } = createPublicKey({ key, format: 'jwk' });
    const bits = details?.modulusLength ?? MIN_RSA_BITS;
    return bits < MIN_RSA_BITS || bits > MAX_RSA_BITS
      ? `must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`
      : null;
  } catch {
    return 'is no public key';
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
