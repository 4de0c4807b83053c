import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/problem-docs.js';
import { Public } from '../http/public.js';
import { AppConfig } from '../config/app-config.js';
import { type PublishedKey, SigningKeys } from '../session/signing-keys.js';

/** A public key (RFC 7517). */
export class JwkReply {
  @ApiProperty({ description: 'Key type (RFC 7517).', example: 'EC' })
  kty!: string;

  @ApiProperty({ description: 'Curve.', example: 'P-256' })
  crv!: string;

  @ApiProperty({
    description: 'X coordinate, base64url.',
    example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  })
  x!: string;

  @ApiProperty({
    description: 'Y coordinate, base64url.',
    example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  })
  y!: string;

  @ApiProperty({
    description: 'Names the key in the header of a token.',
    example: 'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s',
  })
  kid!: string;

  @ApiProperty({ description: 'Always `ES256`.', example: 'ES256' })
  alg!: string;

  @ApiProperty({ description: 'Always `sig`.', example: 'sig' })
  use!: string;
}

/** All keys that may have signed a valid token. */
export class JwksReply {
  @ApiProperty({
    description: 'Keys that sign, will sign soon, or have signed tokens that are still valid.',
    type: [JwkReply],
  })
  keys!: JwkReply[];
}

const CLIENT_METHODS = ['client_secret_basic', 'client_secret_post'];

/** Authorization server metadata (RFC 8414 section 2). */
export class ServerMetadataReply {
  @ApiProperty({
    description: 'JWT_ISSUER: `iss` of every access token.',
    example: 'https://login.example.com',
  })
  issuer!: string;

  @ApiProperty({ description: 'The key set.', example: 'https://login.example.com/.well-known/jwks.json' })
  jwks_uri!: string;

  @ApiProperty({ type: [String], example: [], description: 'None: nobody logs in here with OAuth.' })
  response_types_supported!: string[];

  @ApiProperty({ description: 'RFC 7662.', example: 'https://login.example.com/v1/auth/introspect' })
  introspection_endpoint!: string;

  @ApiProperty({ description: 'How a service authenticates there.', type: [String], example: CLIENT_METHODS })
  introspection_endpoint_auth_methods_supported!: string[];

  @ApiProperty({ description: 'RFC 7009.', example: 'https://login.example.com/v1/auth/revoke' })
  revocation_endpoint!: string;

  @ApiProperty({ description: 'How a service authenticates there.', type: [String], example: CLIENT_METHODS })
  revocation_endpoint_auth_methods_supported!: string[];
}

/** For services that verify tokens: the public keys and the endpoints. */
@ApiTags('tokens')
@Controller('.well-known')
export class JwksController {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly config: AppConfig,
  ) {}

  /**
   * Endpoints for introspection and revocation, with a service key as client (RFC 8414). Cacheable for an
   * hour.
   */
  @Get('oauth-authorization-server')
  @Public()
  @Header('Cache-Control', 'public, max-age=3600')
  @ApiOperation({
    summary: 'Where to ask about tokens (RFC 8414)',
    description:
      'Issuer, key set, introspection and revocation endpoint in the form of RFC 8414, for libraries that configure themselves.',
    operationId: 'serverMetadata',
  })
  @ApiOkResponse({ type: ServerMetadataReply })
  @ApiProblems({})
  metadata(): ServerMetadataReply {
    const { publicUrl, jwt } = this.config;
    return {
      issuer: jwt.issuer,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      response_types_supported: [],
      introspection_endpoint: `${publicUrl}/v1/auth/introspect`,
      introspection_endpoint_auth_methods_supported: CLIENT_METHODS,
      revocation_endpoint: `${publicUrl}/v1/auth/revoke`,
      revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
    };
  }

  /** JSON Web Key Set (RFC 7517 section 5). Cacheable for an hour. */
  @Get('jwks.json')
  @Public()
  @Header('Cache-Control', 'public, max-age=3600')
  @ApiOperation({
    summary: 'Public keys of the access tokens',
    description:
      'The public keys of the access tokens (RFC 7517). They may be cached for an hour: a new key is published 2 hours before its first use.',
    operationId: 'jwks',
  })
  @ApiOkResponse({ type: JwksReply })
  @ApiProblems({})
  async jwks(): Promise<{ keys: PublishedKey[] }> {
    return { keys: await this.signingKeys.published() };
  }
}
