import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A random secret of 256 bits in 64 characters of `[0-9a-f]`. It fits WeChat's `state` (`[a-zA-Z0-9]`, at
 * most 128).
 */
export function freshSecret(): string {
  return randomBytes(32).toString('hex');
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
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether two secrets of any length are equal. Constant-time comparison. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
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
