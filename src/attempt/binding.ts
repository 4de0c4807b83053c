import { secretsEqual } from '../crypto/secret.js';
import { verifierMatches } from './code-challenge.js';

/** What ties an attempt to the browser that started it: exactly one of the two. */
export type Binding =
  | { readonly codeChallenge: string }
  | {
      /** Fingerprint of the browser's cookie. */
      readonly browser: string;
    };

/** Whether a browser may continue the attempt at the callback: the verifier comes later, with the loginCode. */
export function mayContinue(binding: Binding, browser: string | null): boolean {
  return 'codeChallenge' in binding || (browser !== null && secretsEqual(binding.browser, browser));
}

/** Whether who redeems the loginCode is who started the attempt. */
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
