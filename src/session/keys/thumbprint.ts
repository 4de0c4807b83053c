import { createHash, type JsonWebKey } from 'node:crypto';

/** JWK thumbprint (RFC 7638). @param required the required members, in the order of their names */
export function thumbprint(required: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}
