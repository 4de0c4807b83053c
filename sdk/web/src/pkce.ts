import { AuthError } from '../../shared/auth-error.js';

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');

/** 256 random bits as base64url, fit for a code verifier (RFC 7636 section 4.1). */
export const randomText = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The S256 challenge of a code verifier (RFC 7636 section 4.2). @throws AuthError INSECURE_CONTEXT: neither https nor localhost */
export async function challengeOf(verifier: string): Promise<string> {
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (!subtle) throw new AuthError('INSECURE_CONTEXT');
  return base64url(new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}
