import { createHash } from 'node:crypto';
import { secretsEqual } from '../crypto/secret.js';

/** base64url of a SHA-256 (RFC 7636 section 4.2). */
export const CODE_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** Unreserved characters, 43 to 128 (RFC 7636 section 4.1). */
export const CODE_VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** Whether a verifier matches an S256 challenge. The comparison takes constant time. */
export function verifierMatches(verifier: string, challenge: string): boolean {
  return secretsEqual(createHash('sha256').update(verifier).digest('base64url'), challenge);
}
