import type { AllClientMetadata } from 'oidc-provider';
import { isNativeUri } from '../registry/client-uris.js';
import type { Partner } from '../registry/partner.js';

/**
 * A partner as metadata of OpenID Connect Dynamic Client Registration 1.0 section 2. The secret is the fingerprint:
 * the provider compares fingerprints (`OpenIdProvider`).
 */
export function clientMetadata(partner: Partner): AllClientMetadata & { readonly client_id: string } {
  const uris = [...partner.redirectUris, ...partner.postLogoutRedirectUris];
  return {
    client_id: partner.id,
    client_name: partner.name,
    redirect_uris: partner.redirectUris,
    post_logout_redirect_uris: partner.postLogoutRedirectUris,
    scope: partner.scopes.join(' '),
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    // A native app may have https, too (RFC 8252 section 7.2); a web app may have nothing else.
    application_type: uris.some(isNativeUri) ? 'native' : 'web',
    token_endpoint_auth_method: partner.authMethod,
    subject_type: partner.subjectType,
    // OpenID Connect Core 3.1.3.7 makes it the default of clients.
    id_token_signed_response_alg: 'RS256',
    ...(partner.secretHash !== null && { client_secret: partner.secretHash }),
    ...(partner.jwks !== null && { jwks: partner.jwks }),
    ...(partner.jwksUri !== null && { jwks_uri: partner.jwksUri }),
    // Subjects are per partner. The library wants to know the sector of several hosts; it fetches nothing from here.
    ...(partner.subjectType === 'pairwise' && {
      sector_identifier_uri: `https://${partner.id}.partner.invalid/`,
    }),
  };
}
