import { Body, Controller, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentSession } from '../../auth/access-token/access-token.js';
import { OwnerProof } from '../../auth/owner-proof/owner-proof.js';
import { RecentLoginGuard } from '../../auth/access-token/recent-login.guard.js';
import { ApiAcceptLanguage } from '../../http/accept-language.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../../http/problem-docs.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { LinkWebsiteRequest } from '../web-qr-login.requests.js';
import { WebsiteFlow } from './website-flow.js';

/** Reply: the URL for the browser. */
export class LinkWebsiteReply {
  @ApiProperty({ description: 'Always `website`.', enum: ['website'], example: 'website' })
  method!: 'website';

  @ApiProperty({
    description: "WeChat's QR page; open it in the browser that made this request.",
    example:
      'https://open.weixin.qq.com/connect/qrconnect?appid=wx5a4db0c0de000002&state=6f0cc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5#wechat_redirect',
  })
  authorizeUrl!: string;
}

/** Website logins that link the WeChat account to the current user. */
@ApiTags('account')
@ApiBearerAuth()
@RateLimit('account-writes')
@Controller('v1/users/me/identities/website')
export class LinkWebsiteController {
  constructor(
    private readonly flow: WebsiteFlow,
    private readonly proof: OwnerProof,
  ) {}

  /**
   * Begins a link. Bound to this browser, the callback makes the link and redirects with
   * `linked=<identity id>`. Bound to a codeChallenge, it redirects with a loginCode that is redeemed with the
   * verifier.
   */
  @Post()
  @UseGuards(RecentLoginGuard)
  @ApiOperation({
    summary: 'Begin to link a website login',
    description:
      'Begins a website login whose purpose is linking. Send the browser to `authorizeUrl`. It returns with `linked=<identity id>`; bound to a `codeChallenge` it returns with a `loginCode`, and the link is made when that is redeemed.',
    operationId: 'linkWebsite',
  })
  @ApiAcceptLanguage("Whether WeChat's page is in Chinese or in English.")
  @ApiCreatedResponse({ type: LinkWebsiteReply })
  @ApiProblems(
    { bearer: true, body: true },
    'REAUTHENTICATION_REQUIRED',
    'OWNER_PROOF_REQUIRED',
    'WECHAT_USER_BLOCKED',
    'WECHAT_UNIONID_CHANGED',
    ...WECHAT_CALL_PROBLEMS,
    'RETURN_URL_FORBIDDEN',
    'APP_UNKNOWN',
    'STORE_UNAVAILABLE',
  )
  async begin(
    @Body() body: LinkWebsiteRequest,
    @CurrentSession() current: SessionOfUser,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LinkWebsiteReply> {
    const { proof, ...asked } = body;
    // The proof is single-use, so the rest of the request is validated first.
    this.flow.checked(asked);
    await this.proof.require(current, proof, request);
    return {
      method: 'website',
      authorizeUrl: await this.flow.begin(
        { ...asked, isHosted: false, linkTo: current.session.id },
        request,
        reply,
      ),
    };
  }
}
