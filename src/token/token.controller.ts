import { All, Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  accessTokenOf,
  type AuthenticatedState,
  sessionOf,
  withToken,
} from '../auth/access-token/access-token.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { Public } from '../http/public.js';
import { AppConfig } from '../config/app-config.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { SessionService } from '../session/session.service.js';
import { RefreshReply, refreshReply } from '../session/token-replies.js';
import { TokenService } from '../session/token.service.js';
import { SessionPolicy } from './session-policy.js';
import { answerTokenCheck, TokenCheck } from './token-check.js';
import { LogoutRequest, RefreshRequest } from './token.requests.js';

/** Refresh, logout and verification of tokens. */
@ApiTags('tokens')
@Controller('v1/auth')
export class TokenController {
  constructor(
    private readonly sessions: SessionService,
    private readonly tokens: TokenService,
    private readonly policy: SessionPolicy,
    private readonly config: AppConfig,
  ) {}

  /** Issues new tokens. A retry with the old refresh token within 60 s gets the same successor. */
  @Post('refresh')
  @RateLimit('refresh')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Refresh the tokens',
    description:
      'Gives a new access token and a new refresh token; the old refresh token is spent. Repeated within 60 seconds, because the reply got lost, it gives the same new refresh token. Later it counts as reuse and ends the session.',
    operationId: 'refresh',
  })
  @ApiOkResponse({ type: RefreshReply })
  @ApiProblems(
    { body: true },
    'REFRESH_TOKEN_INVALID',
    'REFRESH_TOKEN_REUSED',
    'SESSION_ENDED',
    'ACCOUNT_DISABLED',
    'DATABASE_UNAVAILABLE',
    // With SESSION_POLICY=session-key, WeChat is called with the app's access token from the shared store.
    'APP_UNKNOWN',
    ...WECHAT_CALL_PROBLEMS,
    'STORE_UNAVAILABLE',
  )
  async refresh(@Body() { refreshToken }: RefreshRequest): Promise<RefreshReply> {
    return refreshReply(await this.sessions.refresh(refreshToken, this.policy.condition));
  }

  /** Ends the session of the refresh token in the body, otherwise of the access token. Idempotent. */
  @Post('logout')
  @RateLimit('logout')
  @HttpCode(204)
  @Public()
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Log out',
    description:
      'Ends the session of the refresh token in the body, or of the access token in the header. Our own routes refuse the access token within 5 seconds; services that verify it offline do when it expires.',
    operationId: 'logout',
  })
  @ApiBody({ type: LogoutRequest, required: false })
  @ApiNoContentResponse({ description: 'The session has ended.' })
  @ApiProblems(
    { body: true },
    'TOKEN_MISSING',
    'TOKEN_INVALID',
    'REFRESH_TOKEN_INVALID',
    'DATABASE_UNAVAILABLE',
  )
  async logout(@Body() body: LogoutRequest, @Req() request: FastifyRequest): Promise<void> {
    if (body.refreshToken !== undefined) return this.sessions.endByRefreshToken(body.refreshToken);
    const accessToken = accessTokenOf(request, this.config.tokenHeader);
    if (accessToken === null) throw new AppError('TOKEN_MISSING');
    const { sid } = await withToken(() => this.tokens.verify(accessToken));
    return this.sessions.end(sid, 'logout');
  }

  /**
   * For proxies (nginx auth_request, Traefik ForwardAuth, Envoy ext_authz): 200 with the user in header
   * fields, otherwise 401. Any method and body are accepted, because some proxies forward those of the
   * original request. Changes nothing. `registerTokenChecks` answers most of them earlier.
   */
  @All('verify')
  @TokenCheck()
  @ApiBearerAuth()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Verify an access token for a proxy',
    description:
      'For nginx `auth_request`, Traefik ForwardAuth and Caddy `forward_auth`: any method, no body. The user and the session are in header fields of the reply.',
    operationId: 'verify',
  })
  @ApiOkResponse({
    description: 'The token is good and its session is alive.',
    headers: {
      'X-Auth-User-Id': { description: 'The user.', schema: { type: 'string' } },
      'X-Auth-Session-Id': { description: 'The session.', schema: { type: 'string' } },
    },
  })
  @ApiProblems({}, 'TOKEN_MISSING', 'TOKEN_INVALID', 'SESSION_ENDED', 'DATABASE_UNAVAILABLE')
  verify(
    @Req() request: FastifyRequest & AuthenticatedState,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): void {
    answerTokenCheck(reply, sessionOf(request));
  }
}
