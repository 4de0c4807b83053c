import { Injectable } from '@nestjs/common';
import type { Account, Client, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider';
import { AppConfig } from '../../config/app-config.js';
import { untrustedClaims } from '../../crypto/jwt.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { ID_TOKEN_LIFETIME_MS } from '../../session/keys/partner-signing-keys.js';
import { Subjects } from '../grants/subjects.js';
import { OpenIdPages } from '../pages/openid-pages.js';
import { isImitable } from '../registry/client-uris.js';
import { SCOPES } from '../registry/partner.js';
import { AUTH_METHODS, SUBJECT_TYPES } from '../registry/partner.entity.js';
import { partnerSessionSeconds } from '../session-lifetime.js';
import { Accounts } from './accounts.js';
import { CLAIMS_OF_SCOPES } from './claims.js';
import { Consents } from './consents.js';
import { JwksFetcher } from './jwks-fetcher.js';
import { errors, interactionPolicy } from './library.js';
import { ACCESS_TOKEN_SECONDS, OpenIdModels } from './openid-models.js';

/** Life of an authorization code (s); RFC 6749 section 4.1.2 wants 10 min at most. */
export const CODE_SECONDS = 60;
/** How long a person may take to log in and consent (s). */
const INTERACTION_SECONDS = 60 * 60;
/** A grant lasts until it is withdrawn; the library wants a number (s). */
const GRANT_SECONDS = 100 * 365 * 24 * 60 * 60;

/** The library's name of a reason to ask. */
const NATIVE_PROMPT = 'native_client_prompt';

/** In place of the redirect URI, in codes that were issued without a browser: no partner can register it. */
export const NO_REDIRECT_URI = 'urn:wechat-auth:no-redirect';

/** Signatures of `private_key_jwt`: at least one for each kind of key that a partner may register (RFC 7518, RFC 9864). */
const CLIENT_AUTH_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA'] as const;

/** The paths below /oidc. */
export const ROUTES = {
  authorization: '/auth',
  token: '/token',
  userinfo: '/userinfo',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  introspection: '/introspect',
  revocation: '/revoke',
  end_session: '/logout',
} as const;

/** The library's names of the routes of a login. */
const STEPS_OF_LOGIN: readonly string[] = ['authorization', 'resume'];

/** The longest life of a `client_assertion` (s), with a minute for clocks that differ: its id is kept until it expires. */
const ASSERTION_SECONDS = 61 * 60;

/** The configuration of oidc-provider: the code flow with PKCE, and nothing older (RFC 9700). */
@Injectable()
export class OpenIdConfiguration {
  constructor(
    private readonly config: AppConfig,
    private readonly keyRing: KeyRing,
    private readonly subjects: Subjects,
    private readonly accounts: Accounts,
    private readonly consents: Consents,
    private readonly models: OpenIdModels,
    private readonly pages: OpenIdPages,
    private readonly jwks: JwksFetcher,
  ) {}

  /** @param keys private keys; the first one signs */
  for(keys: readonly JWK[]): Configuration {
    return {
      adapter: (model: string) => this.models.adapter(model),
      jwks: { keys },
      routes: ROUTES,
      scopes: SCOPES,
      claims: claimsOfScopes(),
      // `Accounts` decides what an ID token says: many clients read the name there, and ask no further.
      conformIdTokenClaims: false,
      responseTypes: ['code'],
      subjectTypes: SUBJECT_TYPES,
      clientAuthMethods: AUTH_METHODS,
      enabledJWA: {
        idTokenSigningAlgValues: ['RS256'],
        clientAuthSigningAlgValues: CLIENT_AUTH_ALGORITHMS,
      },
      assertJwtClientAuthClaimsAndHeader: (_context, { exp }) => checkLifetime(exp),
      pkce: { required: () => true },
      allowOmittingSingleRegisteredRedirectUri: false,
      cookies: this.cookies(),
      ttl: this.lifetimes(),
      features: {
        devInteractions: { enabled: false },
        resourceIndicators: { enabled: false },
        dPoP: { enabled: false },
        userinfo: { enabled: true },
        pushedAuthorizationRequests: { enabled: true },
        revocation: { enabled: true, allowedPolicy: isOwnToken },
        introspection: { enabled: true, allowedPolicy: isOwnToken },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (context, form) => this.pages.logout(context, form),
          postLogoutSuccessSource: (context) => this.pages.loggedOut(context),
        },
      },
      renderError: (context, out) => this.pages.error(context, out),
      rotateRefreshToken: ({ oidc }) => mayRefresh(oidc.client),
      // Tokens end; the consent stays until the person withdraws it.
      revokeGrantPolicy: () => false,
      clientBasedCORS: (_context, origin, client) => isOwnOrigin(origin, client),
      pairwiseIdentifier: (_context, accountId, client) => this.subjects.subOf(client.clientId, accountId),
      // Subjects are per partner: there is no document of a sector to read.
      sectorIdentifierUriValidate: () => false,
      findAccount: (context, userId) => this.account(context, userId),
      loadExistingGrant: async (context) => {
        checkPartnerAgain(context);
        await this.checkPersonAgain(context);
        return this.consents.existing(context);
      },
      interactions: {
        policy: promptPolicy(),
        url: (_context, { uid }) => `${this.config.publicUrl}/oidc/interaction/${uid}`,
      },
      fetch: (url, options) => this.jwks.fetch(url, options),
    };
  }

  /** @throws AccessDenied for a person who was disabled or deleted in the middle of a login */
  private async account(context: KoaContextWithOIDC, userId: string): Promise<Account | undefined> {
    const { client, route } = context.oidc;
    const account = await this.accounts.find(userId, client?.clientId ?? null);
    if (account === undefined && STEPS_OF_LOGIN.includes(route)) {
      throw new errors.AccessDenied(undefined, 'the account cannot be used');
    }
    return account;
  }

  /**
   * The library compares the person with `id_token_hint` at the beginning of a login only.
   * @throws LoginRequired where another person has logged in since (OpenID Connect Core 3.1.2.1)
   */
  private async checkPersonAgain({
    oidc: { route, client, account, params },
  }: KoaContextWithOIDC): Promise<void> {
    const hint = params?.id_token_hint;
    if (route !== 'resume' || typeof hint !== 'string' || !client || !account) return;
    const { sub } = untrustedClaims(hint);
    const { clientId, subjectType } = client;
    const { accountId } = account;
    const subject = subjectType === 'pairwise' ? await this.subjects.subOf(clientId, accountId) : accountId;
    if (sub !== subject)
      throw new errors.LoginRequired('another person than that of id_token_hint has logged in');
  }

  /** Cookies of this host, signed under every key of ENCRYPTION_KEYS. */
  private cookies(): Configuration['cookies'] {
    const secure = this.config.publicUrl.startsWith('https:');
    const options = { httpOnly: true, sameSite: 'lax', secure, signed: true } as const;
    return {
      keys: this.keyRing.macs('partner-cookies', 'v1'),
      names: {
        session: secure ? '__Host-wechat-auth-partner' : 'wechat-auth-partner',
        interaction: secure ? '__Secure-wechat-auth-interaction' : 'wechat-auth-interaction',
        resume: secure ? '__Secure-wechat-auth-resume' : 'wechat-auth-resume',
      },
      long: { ...options, path: '/' },
      // The library gives each interaction a path of its own.
      short: options,
    };
  }

  private lifetimes(): Configuration['ttl'] {
    const { ttl } = this.config;
    return {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      // A key that retires is published as long as this.
      IdToken: ID_TOKEN_LIFETIME_MS / 1000,
      // SESSION_IDLE_TTL from the last use, SESSION_TTL from the login at most.
      RefreshToken: (_context, { iiat }) =>
        Math.max(1, Math.min(ttl.sessionIdle, (iiat ?? now()) + ttl.session - now())),
      Interaction: INTERACTION_SECONDS,
      Session: partnerSessionSeconds(this.config),
      Grant: GRANT_SECONDS,
    };
  }
}

function claimsOfScopes(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(CLAIMS_OF_SCOPES).map(([scope, claims]) => [scope, [...claims]]));
}

/**
 * The policy of the library, but for native apps: where any program on the device could pose as the partner, each login
 * is asked for. The library asks at every address of such a partner, also of one that has a secret.
 */
function promptPolicy(): ReturnType<typeof interactionPolicy.base> {
  const { base, Check } = interactionPolicy;
  const policy = base();
  const checks = policy.get('consent')?.checks;
  checks?.remove(NATIVE_PROMPT);
  checks?.add(
    new Check(NATIVE_PROMPT, 'native apps need the consent each time', 'interaction_required', ({ oidc }) => {
      const { client, params, result } = oidc;
      const isAsked = isImitable(client?.clientAuthMethod, String(params?.redirect_uri));
      return isAsked && result?.consent === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    }),
    0,
  );
  return policy;
}

/**
 * The library checks a request at its beginning, and a person may take an hour.
 * @throws InvalidRedirectUri, InvalidScope where the operator has changed the partner since
 */
function checkPartnerAgain({ oidc: { client, params, requestParamOIDCScopes } }: KoaContextWithOIDC): void {
  if (!client?.redirectUriAllowed(String(params?.redirect_uri))) throw new errors.InvalidRedirectUri();
  const refused = [...requestParamOIDCScopes].filter((scope) => !scopesOf(client).has(scope));
  if (refused.length > 0) throw new errors.InvalidScope('requested scope is not allowed', refused.join(' '));
}

/** @throws InvalidGrant where the operator has taken offline_access back */
function mayRefresh(client: Client | undefined): true {
  if (client && scopesOf(client).has('offline_access')) return true;
  throw new errors.InvalidGrant('offline_access is not allowed any more');
}

function scopesOf({ scope = '' }: Client): ReadonlySet<string> {
  return new Set(scope.split(' '));
}

/** Seconds since the Unix epoch, by the clock of the library. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** A client learns about its own tokens only, and ends no others. */
function isOwnToken(_context: KoaContextWithOIDC, client: Client, token: { clientId?: string }): boolean {
  return token.clientId === client.clientId;
}

/** RFC 7523 section 3, item 4. @throws InvalidClientAuth for an assertion that lives unreasonably long */
function checkLifetime(exp: unknown): void {
  if (typeof exp === 'number' && exp <= now() + ASSERTION_SECONDS) return;
  throw new errors.InvalidClientAuth('client assertions may live for an hour at most');
}

/** A page may call the token endpoint from the origin of one of its redirect URIs. */
function isOwnOrigin(origin: string, { redirectUris = [] }: Client): boolean {
  return redirectUris.some((uri) => URL.canParse(uri) && new URL(uri).origin === origin);
}
