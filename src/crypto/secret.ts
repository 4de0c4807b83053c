import { hash, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;
/** Random bytes for the next secrets and ids. Drawn together, they cost a tenth. */
const pool = Buffer.alloc(64 * SECRET_BYTES);
let used = pool.length;

/**
 * A random secret of 256 bits in 64 characters of `[0-9a-f]`. It fits WeChat's `state` (`[a-zA-Z0-9]`, at
 * most 128).
 */
export function freshSecret(): string {
  const bytes = draw(SECRET_BYTES);
  const secret = bytes.toString('hex');
  bytes.fill(0);
  return secret;
}

/**
 * Bytes of the pool that nobody else gets.
 * @param length at most that of a secret
 */
export function draw(length: number): Buffer {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += length));
}

/** Whether a text has the form of `freshSecret`. */
export function isSecretForm(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/**
 * A random secret of 192 bits in 32 characters of `[A-Za-z0-9_-]`, the maximum for the scene of a mini
 * program code.
 */
export function freshScene(): string {
  return randomBytes(24).toString('base64url');
}

/** SHA-256 of a secret, base64url. It is stored or used as a key instead of the secret. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

/** Whether two secrets of any length are equal. Constant-time comparison. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

/**
 * Finds the key that was given. It compares with every key, so that the time reveals nothing about a near
 * match.
 */
export function findKey<Key extends { readonly key: string }>(
  keys: readonly Key[],
  given: string,
): Key | null {
  let found: Key | null = null;
  for (const candidate of keys) if (secretsEqual(candidate.key, given)) found = candidate;
  return found;
}
