import { Controller, Get, HttpCode, Options, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnProtocol } from '../../http/bodies.js';
import { Public } from '../../http/public.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { ApiUid, OpenIdOperation, OpenIdParameters } from './openid.docs.js';
import { OpenIdProvider } from './openid-provider.js';

const CLIENT = { client_id: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e60', client_secret: 'secret of the partner' };
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const REDIRECT = 'https://partner.example.com/callback';
const AUTHENTICATES =
  'The partner authenticates as it was registered: `client_secret_basic`, `client_secret_post`, `private_key_jwt`, or by its `client_id` alone.';

/** Parameters of the authorization endpoint (OpenID Connect Core 3.1.2.1, RFC 7636, RFC 9126). */
const AUTHORIZATION = {
  client_id: { description: 'The partner.', example: CLIENT.client_id },
  redirect_uri: { description: 'Exactly as it was registered.', example: REDIRECT },
  response_type: { description: 'Always `code`.', example: 'code' },
  scope: { description: '`openid`, and what else is asked for.', example: 'openid profile' },
  code_challenge: { description: 'BASE64URL(SHA-256(code_verifier)).', example: CHALLENGE },
  code_challenge_method: { description: 'Always `S256`.', example: 'S256' },
  state: { description: 'Comes back with the code.', optional: true, example: 'af0ifjsldkj' },
  nonce: { description: 'Comes back in the ID token.', optional: true, example: 'n-0S6_WzA2Mj' },
  prompt: {
    description: '`none`, `login`, `consent`, or the last two with a space.',
    optional: true,
    example: 'consent',
  },
  max_age: { description: 'Seconds since the login at WeChat, at most.', optional: true, example: '3600' },
  ui_locales: {
    description: 'Languages of the pages: `zh-CN`, `zh-Hant`, `en`.',
    optional: true,
    example: 'zh-Hant en',
  },
  id_token_hint: { description: 'ID token of the person who is expected.', optional: true },
  login_hint: { description: 'Accepted, and without effect.', optional: true },
  request_uri: {
    description: 'Of `POST /oidc/par`, in place of the others but `client_id`.',
    optional: true,
  },
} as const;

/** Parameters of a logout (OpenID Connect RP-Initiated Logout 1.0 section 2). */
const LOGOUT = {
  id_token_hint: { description: 'The ID token of the login, also an expired one.', optional: true },
  client_id: {
    description: 'The partner, where there is no ID token.',
    optional: true,
    example: CLIENT.client_id,
  },
  post_logout_redirect_uri: {
    description: 'Exactly as it was registered.',
    optional: true,
    example: 'https://partner.example.com/goodbye',
  },
  state: { description: 'Comes back with the redirect.', optional: true, example: 'af0ifjsldkj' },
} as const;

/** OpenID Connect for partner apps. oidc-provider answers; this class says where, how often, and what for. */
@ApiTags('partner apps')
@Controller('oidc')
@Public()
export class OpenIdController {
  constructor(private readonly openId: OpenIdProvider) {}

  /** OpenID Connect Discovery 1.0 section 4. */
  @Get('.well-known/openid-configuration')
  @RateLimit('partner-metadata')
  @OpenIdOperation({
    summary: 'Configuration of OpenID Connect (Discovery 1.0)',
    operationId: 'openIdConfiguration',
    description:
      'Issuer, endpoints and abilities, for clients that configure themselves. The issuer is `PUBLIC_URL/oidc`.',
    replies: { 200: 'The configuration.' },
    example: {
      issuer: 'https://login.example.com/oidc',
      authorization_endpoint: 'https://login.example.com/oidc/auth',
      token_endpoint: 'https://login.example.com/oidc/token',
      jwks_uri: 'https://login.example.com/oidc/jwks',
    },
  })
  discovery(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** RFC 7517. */
  @Get('jwks')
  @RateLimit('partner-metadata')
  @OpenIdOperation({
    summary: 'Public keys of the ID tokens',
    operationId: 'openIdJwks',
    description:
      'The public keys of the ID tokens (RFC 7517). They are not the keys of the access tokens of `/.well-known/jwks.json`. A new key is published 2 hours before its first use.',
    replies: { 200: 'The key set.' },
    example: {
      keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s' }],
    },
  })
  jwks(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** OpenID Connect Core 1.0 section 3.1.2. */
  @Get('auth')
  @RateLimit('partner-authorize')
  @UseFilters(ErrorPageFilter)
  @OpenIdParameters(AUTHORIZATION)
  @OpenIdOperation({
    summary: 'Log a person in for a partner app',
    operationId: 'openIdAuthorize',
    description:
      'A navigation of the browser, not a call (OpenID Connect Core 3.1.2). PKCE with S256 is required. The person logs in on the hosted login page and consents; the browser returns to `redirect_uri` with `code`, `state` and `iss`, or with `error`. `offline_access` needs `prompt=consent`.',
    replies: { 303: 'To the login, or to `redirect_uri`.' },
    isPage: true,
    oauthErrors: [400],
  })
  authorize(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /**
   * The same by POST (OpenID Connect Core 3.1.2.1), redirected to GET: cookies of SameSite=Lax do not come with a POST
   * from another site.
   */
  @Post('auth')
  @RateLimit('partner-authorize')
  @OpenIdOperation({
    summary: 'Log a person in for a partner app, by POST',
    operationId: 'openIdAuthorizeByPost',
    description: 'A form with the parameters of `GET /oidc/auth`. It is redirected there.',
    form: { client_id: CLIENT.client_id, redirect_uri: REDIRECT, response_type: 'code', scope: 'openid' },
    replies: { 303: 'To `GET /oidc/auth` with the same parameters.' },
  })
  async authorizeByPost(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply.redirect(this.openId.asGet(request), 303);
  }

  /** Where a login goes on after the hosted pages. */
  @Get('auth/:uid')
  @RateLimit('partner-authorize')
  @UseFilters(ErrorPageFilter)
  @ApiUid()
  @OpenIdOperation({
    summary: 'Go on with a login',
    operationId: 'openIdResume',
    description:
      'The hosted pages lead the browser here after a login or a consent. Only that browser can go on.',
    replies: { 303: 'To the next step, or to `redirect_uri`.' },
    isPage: true,
    oauthErrors: [400],
  })
  resume(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** RFC 6749 section 3.2. */
  @Post('token')
  @HttpCode(200)
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'Exchange a code or a refresh token',
    operationId: 'openIdToken',
    description: `${AUTHENTICATES} A code lives for 60 seconds and works once; a second use ends the tokens of the first. A refresh token is replaced at each use; for 60 seconds the last one gets the same successor again, so that a lost answer can be retried.`,
    form: {
      ...CLIENT,
      grant_type: 'authorization_code',
      code: 'code',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    },
    replies: { 200: 'The tokens.' },
    example: {
      access_token: 'opaque',
      token_type: 'Bearer',
      expires_in: 900,
      id_token: 'JWT',
      scope: 'openid profile',
    },
    oauthErrors: [400, 401],
  })
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** OpenID Connect Core 1.0 section 5.3. */
  @Get('userinfo')
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'What the person granted',
    operationId: 'openIdUserinfo',
    description:
      'Needs `Authorization: Bearer` with an access token of `/oidc/token`, not one of this service.',
    replies: { 200: 'The claims of the granted scopes.' },
    example: { sub: '5f2b9c1d7e3a4860b1c2d3e4f5a60718', name: '小明 🌱', nickname: '小明 🌱' },
    oauthErrors: [400, 401, 403],
  })
  userinfo(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** OpenID Connect Core 1.0 section 5.3.1. */
  @Post('userinfo')
  @HttpCode(200)
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'What the person granted, by POST',
    operationId: 'openIdUserinfoByPost',
    description:
      'As `GET /oidc/userinfo`; the access token may also be the field `access_token` of the form.',
    form: { access_token: 'opaque' },
    replies: { 200: 'The claims of the granted scopes.' },
    example: { sub: '5f2b9c1d7e3a4860b1c2d3e4f5a60718', name: '小明 🌱', nickname: '小明 🌱' },
    oauthErrors: [400, 401, 403],
  })
  userinfoByPost(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** RFC 9126. */
  @Post('par')
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'Push an authorization request',
    operationId: 'openIdPushedRequest',
    description: `The parameters of \`GET /oidc/auth\`, sent by the server of the partner (RFC 9126). ${AUTHENTICATES}`,
    form: {
      ...CLIENT,
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    },
    replies: { 201: 'The `request_uri` for `GET /oidc/auth`; it works once.' },
    example: { request_uri: 'urn:ietf:params:oauth:request_uri:bwc4JK-ESC0w8acc191e-Y1LTC2', expires_in: 60 },
    oauthErrors: [400, 401],
  })
  pushedRequest(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** RFC 7662. */
  @Post('introspect')
  @HttpCode(200)
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'Introspect a token of the partner (RFC 7662)',
    operationId: 'openIdIntrospect',
    description: `Whether a token of the same partner is active. ${AUTHENTICATES}`,
    form: { ...CLIENT, token: 'opaque' },
    replies: { 200: 'Whether it is active, and what it is for.' },
    example: { active: true, scope: 'openid profile', client_id: CLIENT.client_id, token_type: 'Bearer' },
    oauthErrors: [400, 401],
  })
  introspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** RFC 7009. */
  @Post('revoke')
  @HttpCode(200)
  @RateLimit('partner-token')
  @OpenIdOperation({
    summary: 'Revoke a token of the partner (RFC 7009)',
    operationId: 'openIdRevoke',
    description: `Ends all tokens that come from the same code. The consent stays, and so do the tokens of other logins. ${AUTHENTICATES}`,
    form: { ...CLIENT, token: 'opaque' },
    replies: { 200: 'The token is not good any more, or never was.' },
    oauthErrors: [400, 401],
  })
  revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** OpenID Connect RP-Initiated Logout 1.0. */
  @Get('logout')
  @RateLimit('partner-authorize')
  @UseFilters(ErrorPageFilter)
  @OpenIdParameters(LOGOUT)
  @OpenIdOperation({
    summary: 'Log a person out for a partner app',
    operationId: 'openIdLogout',
    description:
      'A navigation of the browser (RP-Initiated Logout 1.0). The person is asked whether to log out here, too, and returns to `post_logout_redirect_uri`, which must be registered.',
    replies: { 200: 'The page that asks.' },
    isPage: true,
    oauthErrors: [400],
  })
  logout(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** The same by POST, redirected to GET as for the authorization endpoint. */
  @Post('logout')
  @RateLimit('partner-authorize')
  @OpenIdOperation({
    summary: 'Log a person out for a partner app, by POST',
    operationId: 'openIdLogoutByPost',
    description: 'A form with the parameters of `GET /oidc/logout`. It is redirected there.',
    form: { client_id: CLIENT.client_id },
    replies: { 303: 'To `GET /oidc/logout` with the same parameters.' },
  })
  async logoutByPost(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply.redirect(this.openId.asGet(request), 303);
  }

  /** The person answered whether to log out here, too. */
  @Post('logout/confirm')
  @RateLimit('partner-authorize')
  @UseFilters(ErrorPageFilter)
  @OpenIdOperation({
    summary: 'The answer of the logout page',
    operationId: 'openIdConfirmLogout',
    description: 'The form of the page of `GET /oidc/logout`. Its secret is bound to the browser.',
    form: { xsrf: 'secret of the page', logout: 'yes' },
    replies: { 303: 'To `post_logout_redirect_uri`, or to a page that says so.' },
    isPage: true,
    oauthErrors: [400],
  })
  confirmLogout(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** The page after a logout without a place to return to. */
  @Get('logout/success')
  @RateLimit('partner-authorize')
  @UseFilters(ErrorPageFilter)
  @OpenIdOperation({
    summary: 'The page after a logout',
    operationId: 'openIdLoggedOut',
    description: 'Says that the person is logged out.',
    replies: { 200: 'The page.' },
    isPage: true,
  })
  loggedOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }

  /** Preflights of pages of partners (Fetch Standard, CORS protocol). */
  @Options(['.well-known/openid-configuration', 'jwks', 'token', 'userinfo', 'par', 'introspect', 'revoke'])
  @OwnProtocol()
  @RateLimit('partner-metadata')
  preflight(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.openId.handle(request, reply);
  }
}
