import { secretsEqual } from '../crypto/secret.js';
import { verifierMatches } from './code-challenge.js';

/** Binds an attempt to the client that began it: by exactly one of codeChallenge and cookie. */
export type Binding =
  | { readonly codeChallenge: string }
  | {
      /** Fingerprint of the browser's cookie. */
      readonly browser: string;
    };

/**
 * Whether a browser may continue the attempt at the callback. A codeVerifier is checked later, with the
 * loginCode.
 */
export function mayContinue(binding: Binding, browser: string | null): boolean {
  return 'codeChallenge' in binding || (browser !== null && secretsEqual(binding.browser, browser));
}

/** Whether the client that redeems the loginCode is the one that began the attempt. */
export function mayRedeem(
  binding: Binding,
  browser: string | null,
  codeVerifier: string | undefined,
): boolean {
  if ('codeChallenge' in binding) {
    return codeVerifier !== undefined && verifierMatches(codeVerifier, binding.codeChallenge);
  }
  return mayContinue(binding, browser);
}
