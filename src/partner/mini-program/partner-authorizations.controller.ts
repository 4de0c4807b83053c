import { Body, Controller, Get, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentSession } from '../../auth/access-token/access-token.js';
import { MiniProgramSessionGuard } from '../../auth/mini-program-session.guard.js';
import { freshCodeOfSession, SamePerson } from '../../auth/same-person.js';
import { WeChatAuthGuard } from '../../auth/wechat-auth.guard.js';
import { CurrentLogin, LoginBy } from '../../auth/wechat-login-request.js';
import { ApiProblems, CODE_EXCHANGE_PROBLEMS } from '../../http/problem-docs.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import type { ResolvedLogin } from '../../user/user.service.js';
import { Grants } from '../grants/grants.js';
import { AuthorizationCodes } from '../openid/authorization-codes.js';
import { AskingPartner, AskingPartnerGuard } from './asking-partner.js';
import {
  AskedAuthorizationReply,
  AskedAuthorizationRequest,
  PartnerAuthorizationReply,
  PartnerAuthorizationRequest,
} from './partner-authorizations.requests.js';

/** A partner's mini program opens ours, and the person consents there. */
@ApiTags('partner apps')
@ApiBearerAuth()
@RateLimit('partner-authorizations')
@UseGuards(MiniProgramSessionGuard)
@Controller('v1/mini-program/partner-authorizations')
export class PartnerAuthorizationsController {
  constructor(
    private readonly asking: AskingPartner,
    private readonly grants: Grants,
    private readonly codes: AuthorizationCodes,
    private readonly samePerson: SamePerson,
  ) {}

  /** Who asks, and for what. To be shown before the person consents. */
  @Get()
  @ApiOperation({
    summary: 'Who asks',
    description:
      "Name and logo of the partner whose mini program opened ours with `wx.navigateToMiniProgram`, and what it asks for. Show them before the person consents. `partnerAppId` is what WeChat says about where the person came from; it must be one of the partner's mini programs.",
    operationId: 'askedPartnerAuthorization',
  })
  @ApiOkResponse({ type: AskedAuthorizationReply })
  @ApiProblems(
    { bearer: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'PARTNER_UNKNOWN',
    'PARTNER_APP_FORBIDDEN',
    'SCOPE_FORBIDDEN',
  )
  async asked(
    @Query() request: AskedAuthorizationRequest,
    @CurrentSession() { user }: SessionOfUser,
  ): Promise<AskedAuthorizationReply> {
    const { partner, scopes } = await this.asking.find(request);
    const given = (await this.grants.ofPersonAt(partner.id, user.id)).flatMap((grant) => grant.scopes);
    const { id, name, logoUrl } = partner;
    return {
      partner: { id, name, logoUrl },
      scopes: [...scopes],
      granted: scopes.every((scope) => given.includes(scope)),
    };
  }

  /**
   * The person consents. The fresh code shows that they are present: an access token, which may be stolen, does not
   * log anybody in elsewhere.
   */
  @Post()
  @UseGuards(AskingPartnerGuard, WeChatAuthGuard)
  @LoginBy(freshCodeOfSession)
  @ApiOperation({
    summary: 'Consent, and a code for the partner',
    description:
      "Call it after the person has consented. Hand the `code` back with `wx.navigateBackMiniProgram({ extraData: { code } })`. The partner's server exchanges it at `/oidc/token` with its verifier and without `redirect_uri`.",
    operationId: 'partnerAuthorization',
  })
  @ApiCreatedResponse({ type: PartnerAuthorizationReply })
  @ApiProblems(
    { bearer: true, body: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'PARTNER_UNKNOWN',
    'PARTNER_APP_FORBIDDEN',
    'SCOPE_FORBIDDEN',
    ...CODE_EXCHANGE_PROBLEMS,
    'TOKEN_CODE_MISMATCH',
  )
  async create(
    @Body() request: PartnerAuthorizationRequest,
    @CurrentLogin() login: ResolvedLogin,
    @CurrentSession() session: SessionOfUser,
  ): Promise<PartnerAuthorizationReply> {
    const { partner, scopes } = await this.asking.find(request);
    await this.samePerson.identityOf(session, login);
    const { codeChallenge, nonce } = request;
    const granted = { partnerId: partner.id, userId: login.user.id, scopes, codeChallenge, nonce };
    const { code, expiresAt } = await this.codes.issue(granted);
    return { code, expiresAt: new Date(expiresAt).toISOString() };
  }
}
