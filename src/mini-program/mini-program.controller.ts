import { Body, Controller, HttpCode, Ip, Headers, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { AppCodeRequest, CodeRequest } from '../auth/code.requests.js';
import { WeChatAuthGuard } from '../auth/wechat-auth.guard.js';
import { CurrentLogin, LoginBy } from '../auth/wechat-login-request.js';
import { ApiProblems, CODE_EXCHANGE_PROBLEMS } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { validated } from '../http/validation.js';
import { Public } from '../http/public.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionService } from '../session/session.service.js';
import { TokenReply, tokenReply } from '../session/token-replies.js';
import { LoginIdentityReply, loginIdentityReply, UserReplies, UserReply } from '../user/user-replies.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';

/** Reply of validate-token. */
export class ValidatedTokenReply {
  @ApiProperty({ description: 'The user of the token.', type: UserReply })
  user!: UserReply;

  @ApiProperty({ description: 'The identity behind the code.', type: LoginIdentityReply })
  identity!: LoginIdentityReply;
}

/** Login of mini programs. */
@ApiTags('mini program')
@Controller('v1/mini-program')
export class MiniProgramController {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UserService,
    private readonly userReplies: UserReplies,
  ) {}

  /** Exchanges a code of wx.login for tokens. */
  @Post('login')
  @RateLimit('login')
  @HttpCode(200)
  @Public()
  @UseGuards(WeChatAuthGuard)
  @LoginBy((request) => ({
    channel: 'mini-program',
    purpose: 'log-in',
    ...validated(AppCodeRequest, request.body),
  }))
  @ApiOperation({
    summary: 'Log in with the code of wx.login',
    description:
      'The code of `wx.login` becomes a session. It lives for 5 minutes and works once; send a fresh one for every login. In the sandbox, choose "Get a code" under wx.login() at http://localhost:3001/phone, or `POST http://localhost:3001/control/wx-login` with `{"person":"xiaoming"}`; the code of the example works once after each start of the sandbox.',
    operationId: 'miniProgramLogin',
  })
  @ApiOkResponse({ type: TokenReply })
  @ApiProblems({ body: true }, ...CODE_EXCHANGE_PROBLEMS, 'SESSION_ENDED')
  async login(
    @Body() _body: AppCodeRequest,
    @CurrentLogin() login: ResolvedLogin,
    @Ip() ip: string,
    @Headers('user-agent') userAgent: string | undefined,
  ): Promise<TokenReply> {
    const tokens = await this.sessions.start(login, { ip, userAgent: userAgent ?? null }, login.writes);
    return tokenReply(tokens, this.userReplies.user(tokens.user), login.isNewUser);
  }

  /**
   * Checks whether a stored token belongs to the person of a fresh code. It creates no user and issues no
   * tokens.
   */
  @Post('validate-token')
  @RateLimit('validate-token')
  @HttpCode(200)
  @UseGuards(WeChatAuthGuard)
  @LoginBy((request) => ({
    channel: 'mini-program',
    purpose: 'recognise',
    appId: request.session?.identity.appKind === 'mini_program' ? request.session.identity.appId : undefined,
    code: validated(CodeRequest, request.body).code,
  }))
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Check that code and token are the same person',
    description:
      'Checks whether the person who holds the phone now is the person of the access token. The code is used up. The app is that of the session.',
    operationId: 'validateToken',
  })
  @ApiOkResponse({ type: ValidatedTokenReply })
  @ApiProblems({ bearer: true, body: true }, ...CODE_EXCHANGE_PROBLEMS, 'TOKEN_CODE_MISMATCH')
  async validateToken(
    @Body() _body: CodeRequest,
    @CurrentLogin() login: ResolvedLogin,
    @CurrentSession() session: SessionOfUser,
  ): Promise<ValidatedTokenReply> {
    // Needed on a mismatch too, because WeChat has just replaced this person's session_key.
    await this.users.settle(login);
    // The session was read before the code exchange, which may have merged its user into another.
    const owner = await this.users.findIdentity(session.identity.id);
    if (owner?.user.id !== login.user.id) throw new AppError('TOKEN_CODE_MISMATCH');
    return { user: this.userReplies.user(owner.user), identity: loginIdentityReply(login.identity) };
  }
}
