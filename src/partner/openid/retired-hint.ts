import { untrustedClaims, untrustedHeader } from '../../crypto/jwt.js';

/**
 * The URL of a logout, where the client takes the place of an ID token whose key has retired: nobody can verify that any
 * more, and people log out long after logging in. It proves as little as `client_id`, but the person is asked anyway.
 * @param url path and query
 * @param kids of the keys that verify ID tokens now
 */
export function withoutRetiredHint(url: string, kids: readonly string[]): string {
  const { pathname, searchParams } = new URL(url, 'http://path.invalid');
  const client = clientOfRetired(searchParams.get('id_token_hint') ?? '', kids);
  if (client === null || (searchParams.get('client_id') ?? client) !== client) return url;
  searchParams.delete('id_token_hint');
  searchParams.set('client_id', client);
  return `${pathname}?${searchParams.toString()}`;
}

/** The audience of an ID token that none of the keys has signed; `null` for one that can be verified, or is none. */
function clientOfRetired(hint: string, kids: readonly string[]): string | null {
  const { kid } = untrustedHeader(hint);
  const { aud } = untrustedClaims(hint);
  return typeof kid === 'string' && !kids.includes(kid) && typeof aud === 'string' ? aud : null;
}
