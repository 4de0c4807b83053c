import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';

/** A token to introspect or to revoke. Form and JSON have the same fields. */
export class TokenRequest {
  @ApiProperty({
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj',
    description: 'An access token or a refresh token.',
  })
  @IsString()
  token!: string;

  @ApiProperty({
    required: false,
    example: 'access_token',
    description:
      'access_token or refresh_token. To introspect a refresh token, refresh_token is needed: without it a refresh token is inactive, so nobody lets one in. Not needed for anything else.',
  })
  @IsOptional()
  @IsString()
  token_type_hint?: string;
}

/**
 * The state of a token (RFC 7662 section 2.2). Times in seconds. For an inactive token only `active` is
 * present.
 */
export class IntrospectionReply {
  @ApiProperty({
    description: 'Whether the token is valid now and its session has not ended.',
    example: true,
  })
  active!: boolean;

  @ApiProperty({
    required: false,
    enum: ['Bearer', 'refresh_token'],
    example: 'Bearer',
    description: 'A refresh_token gives no access to anything: only Bearer is to be let in.',
  })
  token_type?: 'Bearer' | 'refresh_token';

  @ApiProperty({
    required: false,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f',
    description: 'The user: the surviving one, where the one in the token was merged.',
  })
  sub?: string;

  @ApiProperty({
    required: false,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51',
    description: 'The session.',
  })
  sid?: string;

  @ApiProperty({
    required: false,
    example: 'wx5a4db0c0de000001',
    description: 'The WeChat app that the login came in by.',
  })
  client_id?: string;

  @ApiProperty({ required: false, example: '小明 🌱', description: 'The nickname, if there is one.' })
  username?: string;

  @ApiProperty({
    description: 'When the token expires, in seconds since 1970.',
    required: false,
    example: 1795252500,
  })
  exp?: number;

  @ApiProperty({
    description: 'When the token was issued, in seconds since 1970.',
    required: false,
    example: 1795251600,
  })
  iat?: number;

  @ApiProperty({ description: 'JWT_ISSUER.', required: false, example: 'https://login.example.com' })
  iss?: string;

  @ApiProperty({
    required: false,
    example: 'https://login.example.com',
    description: 'Of a refresh token the issuer: nobody else takes it.',
  })
  aud?: string;

  @ApiProperty({
    description: 'Id of the access token.',
    required: false,
    example: '7d0c2f4e-5f0a-4f0e-9a53-6f5b0f3a8c11',
  })
  jti?: string;
}
