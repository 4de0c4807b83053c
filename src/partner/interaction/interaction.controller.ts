import { Body, Controller, Get, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FormBody } from '../../http/bodies.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { Public } from '../../http/public.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { OwnPageGuard } from '../../pages/own-page.guard.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { ApiUid } from '../openid/openid.docs.js';
import { ConsentStep } from './consent-step.js';
import { DecisionRequest, InteractionRequest } from './interaction.requests.js';
import { Interactions } from './interactions.js';
import { LoginStep } from './login-step.js';

/** The steps of a login for a partner app that need the person: log in, consent. */
@ApiTags('partner apps')
@Controller('oidc/interaction')
@Public()
@RateLimit('partner-authorize')
@UseFilters(ErrorPageFilter)
export class InteractionController {
  constructor(
    private readonly interactions: Interactions,
    private readonly login: LoginStep,
    private readonly consent: ConsentStep,
  ) {}

  /** The next step of a login: a redirect to the login page, the consent page, or back to the partner. */
  @Get(':uid')
  @ApiUid()
  @ApiOperation({
    summary: 'The next step of a login for a partner app',
    description:
      'A page for people. `GET /oidc/auth` leads the browser here. It redirects to the hosted login page, shows the consent page, or goes on.',
    operationId: 'openIdInteraction',
  })
  @ApiProduces('text/html')
  @ApiResponse({ status: 200, description: 'The consent page.' })
  @ApiResponse({ status: 303, description: 'To the hosted login page, or on.' })
  @ApiProblems(
    {},
    'AUTHORIZATION_EXPIRED',
    'ACCOUNT_DISABLED',
    'SESSION_ENDED',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async show(
    @Param('uid') uid: string,
    @Query() answer: InteractionRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const interaction = await this.interactions.find(uid, request);
    if (interaction.details.prompt.name === 'login') {
      await reply.redirect(await this.login.next(interaction, answer, request, reply), 303);
      return;
    }
    const next = await this.consent.withoutAsking(interaction, request);
    if (next !== null) await reply.redirect(next, 303);
    else await this.consent.ask(interaction, request, reply);
  }

  /** The form of the consent page. */
  @Post(':uid')
  @FormBody()
  @UseGuards(OwnPageGuard)
  @ApiUid()
  @ApiOperation({
    summary: 'Consent, or not',
    description: 'The form of the consent page. Its token is bound to this login and to the browser.',
    operationId: 'openIdDecision',
  })
  @ApiProduces('text/html')
  @ApiResponse({ status: 303, description: 'On, and to the partner with a code, or with `access_denied`.' })
  @ApiProblems(
    { body: true },
    'AUTHORIZATION_EXPIRED',
    'FORBIDDEN',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async decide(
    @Param('uid') uid: string,
    @Body() decision: DecisionRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const interaction = await this.interactions.find(uid, request);
    await reply.redirect(await this.consent.decide(interaction, decision, request, reply), 303);
  }
}
