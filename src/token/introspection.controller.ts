import { applyDecorators, Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentOperator, ServiceClient } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import { FormBody } from '../http/bodies.js';
import type { Actor } from '../events/event-log.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { Introspection } from './introspection.js';
import { IntrospectionReply, TokenRequest } from './introspection.requests.js';

/** Decorators that both routes share. */
function AboutToken(summary: string, operationId: string, description: string): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    FormBody(),
    Header('Cache-Control', 'no-store'),
    ApiOperation({ summary, operationId, description }),
    ApiConsumes('application/x-www-form-urlencoded', 'application/json'),
    ApiProblems({ body: true }, 'API_KEY_INVALID', 'RATE_LIMITED', 'DATABASE_UNAVAILABLE'),
  );
}

/** Introspection and revocation for other services of the operator. */
@ApiTags('tokens')
@Controller('v1/auth')
@ServiceClient()
@RateLimit('service')
export class IntrospectionController {
  constructor(private readonly introspection: Introspection) {}

  /**
   * Whether a token is active, and whose it is (RFC 7662). For an inactive token nothing else is returned.
   */
  @Post('introspect')
  @AboutToken(
    'Introspect a token (RFC 7662)',
    'introspect',
    'Whether a token is valid now, and whose it is (RFC 7662). For a token that is not, the reply says `active: false` and nothing else. A refresh token is active only with `token_type_hint=refresh_token`.',
  )
  @ApiOkResponse({ type: IntrospectionReply })
  introspect(@Body() { token, token_type_hint }: TokenRequest): Promise<IntrospectionReply> {
    return this.introspection.introspect(token, token_type_hint);
  }

  /** Ends the session of a token (RFC 7009). An inactive token is not an error. */
  @Post('revoke')
  @AboutToken(
    'Revoke a token (RFC 7009)',
    'revoke',
    'Ends the session of an access token or a refresh token (RFC 7009). A token that is not valid is answered 200 as well.',
  )
  @ApiOkResponse({ description: 'The token is not good any more, or never was.' })
  revoke(@Body() { token }: TokenRequest, @CurrentOperator() service: Actor): Promise<void> {
    return this.introspection.revoke(token, service);
  }
}
