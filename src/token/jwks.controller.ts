import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.js';
import { Public } from '../common/public.js';
import { type PublishedKey, SigningKeys } from '../session/signing-keys.js';

/** A public key (RFC 7517). */
export class JwkReply {
  @ApiProperty({ example: 'EC' }) kty!: string;
  @ApiProperty({ example: 'P-256' }) crv!: string;
  @ApiProperty({ example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }) x!: string;
  @ApiProperty({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }) y!: string;
  @ApiProperty({ example: 'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s' }) kid!: string;
  @ApiProperty({ example: 'ES256' }) alg!: string;
  @ApiProperty({ example: 'sig' }) use!: string;
}

/** All keys that tokens may be signed with. */
export class JwksReply {
  @ApiProperty({ type: [JwkReply] })
  keys!: JwkReply[];
}

/** The public keys, for services that verify tokens themselves. */
@ApiTags('tokens')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly signingKeys: SigningKeys) {}

  /** JSON Web Key Set (RFC 7517 section 5); may be cached for an hour. */
  @Get('jwks.json')
  @Public()
  @Header('Cache-Control', 'public, max-age=3600')
  @ApiOperation({ summary: 'Public keys of the access tokens', operationId: 'jwks' })
  @ApiOkResponse({ type: JwksReply })
  @ApiProblems({})
  jwks(): { keys: PublishedKey[] } {
    return { keys: this.signingKeys.published() };
  }
}
