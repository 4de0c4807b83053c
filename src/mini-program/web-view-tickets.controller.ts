import { Body, Controller, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { ReturnUrls } from '../attempt/return-urls.js';
import { WebViewTickets } from '../attempt/web-view-tickets.js';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { CodeRequest } from '../auth/code.requests.js';
import { WeChatAuthGuard } from '../auth/wechat-auth.guard.js';
import { CurrentLogin, LoginBy } from '../auth/wechat-login-request.js';
import { ApiProblems, CODE_EXCHANGE_PROBLEMS } from '../http/problem-docs.js';
import { validated } from '../http/validation.js';
import type { SessionOfUser } from '../session/session-rows.js';
import type { ResolvedLogin } from '../user/user.service.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { MiniProgramSessionGuard } from '../auth/mini-program-session.guard.js';
import { freshCodeOfSession, SamePerson } from '../auth/same-person.js';
import { WebViewReturnGuard } from './web-view-return.guard.js';

/** Body: a fresh code, and the page that the web view will open. */
export class WebViewTicketRequest extends CodeRequest {
  @ApiProperty({
    description: 'The page that the web view opens after the login; must match RETURN_URLS.',
    example: 'http://localhost:3000/login',
  })
  @IsString()
  @MaxLength(2048)
  returnTo!: string;
}

/** Reply: a ticket. */
export class WebViewTicketReply {
  @ApiProperty({
    description: '30 seconds, one use, for this returnTo.',
    example: '8e41c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  ticket!: string;

  @ApiProperty({
    description: '30 seconds after the reply.',
    format: 'date-time',
    example: '2026-11-21T08:30:30.000Z',
  })
  expiresAt!: string;
}

/** Logs a mini program's user in to the website in its web view. */
@ApiTags('mini program')
@ApiBearerAuth()
@RateLimit('web-view-tickets')
@Controller('v1/mini-program/web-view-tickets')
export class WebViewTicketsController {
  constructor(
    private readonly tickets: WebViewTickets,
    private readonly returnUrls: ReturnUrls,
    private readonly samePerson: SamePerson,
  ) {}

  /**
   * Issues a ticket. The site in the web view sends it to authorize, with its own codeChallenge. The fresh
   * code shows that the person is present: an access token, which may be stolen, does not open a session on
   * its own.
   */
  @Post()
  @UseGuards(MiniProgramSessionGuard, WebViewReturnGuard, WeChatAuthGuard)
  @LoginBy((request) => {
    validated(WebViewTicketRequest, request.body);
    return freshCodeOfSession(request);
  })
  @ApiOperation({
    summary: 'A ticket for a web view',
    description:
      'A ticket for the website that the mini program is about to open in `<web-view>`. It lives for 30 seconds, works once, and only for this `returnTo`. The website sends the browser to `authorize` with it.',
    operationId: 'webViewTicket',
  })
  @ApiCreatedResponse({ type: WebViewTicketReply })
  @ApiProblems(
    { bearer: true, body: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'RETURN_URL_FORBIDDEN',
    ...CODE_EXCHANGE_PROBLEMS,
    'TOKEN_CODE_MISMATCH',
  )
  async create(
    @Body() { returnTo }: WebViewTicketRequest,
    @CurrentLogin() login: ResolvedLogin,
    @CurrentSession() session: SessionOfUser,
  ): Promise<WebViewTicketReply> {
    const identityId = await this.samePerson.identityOf(session, login);
    const { ticket, expiresAt } = await this.tickets.issue(
      identityId,
      this.returnUrls.allowed(returnTo).href,
    );
    return { ticket, expiresAt: new Date(expiresAt).toISOString() };
  }
}
