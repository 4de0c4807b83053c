import { fingerprint } from '../../crypto/secret.js';
import { Provider } from './library.js';

/** A token as it is stored: with a mark of ours (`OpenIdProvider`). */
interface Marked {
  readonly family?: string;
}

/**
 * The family of the tokens that a request gives: all that come from one code have the same. A person has one grant at a
 * partner, but tokens on several devices. `undefined` outside of an exchange.
 */
export function familyOfExchange(): string | undefined {
  const { RotatedRefreshToken, AuthorizationCode } = Provider.ctx?.oidc.entities ?? {};
  if (RotatedRefreshToken) return (RotatedRefreshToken as Marked).family;
  return AuthorizationCode && fingerprint(AuthorizationCode.jti);
}

/** The family that a request revokes (RFC 7009); `undefined` for all tokens of the grant. */
export function revokedFamily(): string | undefined {
  const { route, entities } = Provider.ctx?.oidc ?? {};
  if (route !== 'revocation') return undefined;
  return ((entities?.RefreshToken ?? entities?.AccessToken) as Marked | undefined)?.family;
}
