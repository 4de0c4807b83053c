import {
  Body,
  Controller,
  Get,
  HttpCode,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type HostedLogin, HostedLogins } from '../../attempt/hosted-logins.js';
import { AppError } from '../../common/app-error.js';
import { AppConfig } from '../../config/app-config.js';
import { FormBody } from '../../http/bodies.js';
import { Cursors } from '../../http/paging.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { Public } from '../../http/public.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { OwnPageGuard } from '../../pages/own-page.guard.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { Grants } from '../grants/grants.js';
import { HostedPerson } from '../hosted-person.js';
import { AccountPage } from './account-page.js';
import { AccountFormRequest, AccountPageRequest, WithdrawalRequest } from './account-page.requests.js';

/** Apps on one page. */
const LIMIT = 20;
const LIST = { list: 'account-page-grants', filters: {} };

/** The account page, for people who are known in the browser (SSO_TTL). */
@ApiTags('partner apps')
@Controller('account')
@Public()
@RateLimit('login-page')
@UseFilters(ErrorPageFilter)
export class AccountPageController {
  private readonly url: string;

  constructor(
    private readonly hostedLogins: HostedLogins,
    private readonly person: HostedPerson,
    private readonly grants: Grants,
    private readonly page: AccountPage,
    private readonly cursors: Cursors,
    private readonly config: AppConfig,
  ) {
    this.url = `${config.publicUrl}/account`;
  }

  /** Who is logged in, and which apps have access; else to the login page, which comes back. */
  @Get()
  @ApiOperation({
    summary: 'The account page',
    description:
      'A page for people, not for programs. It shows which partner apps have access, and lets the person withdraw it. Whoever is not logged in goes to the login page first. There is no such page where `SSO_TTL` is 0.',
    operationId: 'accountPage',
  })
  @ApiProduces('text/html')
  @ApiResponse({ status: 200, description: 'The page.' })
  @ApiResponse({ status: 303, description: 'To the hosted login page, or back from it.' })
  @ApiProblems(
    {},
    'NOT_FOUND',
    'CURSOR_INVALID',
    'ACCOUNT_DISABLED',
    'SESSION_ENDED',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async show(
    @Query() { loginCode, cursor }: AccountPageRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (this.config.ttl.sso === 0) throw new AppError('NOT_FOUND');
    if (loginCode !== undefined) {
      await this.person.arrive(loginCode, request, reply);
      await reply.redirect(this.url, 303);
      return;
    }
    const hosted = await this.hostedLogins.current(request);
    if (!hosted) {
      const query = new URLSearchParams({ returnTo: this.url });
      await reply.redirect(`${this.config.publicUrl}/login?${query.toString()}`, 303);
      return;
    }
    const rows = await this.grants.ofPerson(hosted.user.id, this.cursors.read(LIST, cursor), LIMIT + 1);
    await this.page.send(reply, hosted, this.cursors.page(LIST, rows, LIMIT));
  }

  /** Withdraws what the person granted a partner. */
  @Post('withdrawals')
  @HttpCode(303)
  @FormBody()
  @UseGuards(OwnPageGuard)
  @ApiOperation({
    summary: 'Withdraw access, on the account page',
    description: 'The form of the account page. Programs use `DELETE /v1/users/me/grants/{id}`.',
    operationId: 'withdrawOnAccountPage',
  })
  @ApiResponse({ status: 303, description: 'Back to the page.' })
  @ApiProblems({ body: true }, 'FORBIDDEN', 'NOT_FOUND', 'DATABASE_UNAVAILABLE')
  async withdraw(
    @Body() { grantId, token }: WithdrawalRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { user } = await this.required(token, request);
    await this.grants.withdrawOne(user.id, grantId, 'user');
    await reply.redirect(this.url, 303);
  }

  /** The browser forgets who has logged in. */
  @Post('logout')
  @HttpCode(303)
  @FormBody()
  @UseGuards(OwnPageGuard)
  @ApiOperation({
    summary: 'Log out, on the account page',
    description: 'The form of the account page. The hosted pages know nobody in this browser afterwards.',
    operationId: 'logoutOnAccountPage',
  })
  @ApiResponse({ status: 303, description: 'To the login page.' })
  @ApiProblems({ body: true }, 'FORBIDDEN')
  async logout(
    @Body() { token }: AccountFormRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.required(token, request);
    await this.hostedLogins.end(request, reply);
    await reply.redirect(`${this.config.publicUrl}/login`, 303);
  }

  /** @throws AppError FORBIDDEN for a form that is not of the page of this browser */
  private async required(token: string, request: FastifyRequest): Promise<HostedLogin> {
    const hosted = await this.hostedLogins.ofForm(token, request);
    if (hosted) return hosted;
    throw new AppError('FORBIDDEN', {
      detail: 'The form does not come from the account page of this browser.',
    });
  }
}
