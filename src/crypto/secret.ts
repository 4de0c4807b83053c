import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh secret of 256 bits in 64 characters of `[0-9a-f]`: fits WeChat's `state` (`[a-zA-Z0-9]`, at most 128). */
export function freshSecret(): string {
  return randomBytes(32).toString('hex');
}

/** A fresh secret of 192 bits in 32 characters of `[A-Za-z0-9_-]`: all that fits a mini-program code's scene. */
export function freshScene(): string {
  return randomBytes(24).toString('base64url');
}

/** SHA-256 of a secret, base64url: what is stored or used as a key in its place. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether two secrets are equal; takes the same time wherever they differ, and for any length. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/** The one of several keys that was given; compares with each, so that the time says nothing about which was close. */
export function keyGiven<Key extends { readonly key: string }>(
  keys: readonly Key[],
  given: string,
): Key | null {
  let found: Key | null = null;
  for (const candidate of keys) if (secretsEqual(candidate.key, given)) found = candidate;
  return found;
}
