import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Ip,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WeChatAuthGuard } from '../auth/wechat-auth.guard.js';
import { LoginBy, type WeChatLoginState } from '../auth/wechat-login-request.js';
import { ApiAcceptLanguage } from '../http/accept-language.js';
import { ApiProblems } from '../http/problem-docs.js';
import { Public } from '../http/public.js';
import { TokenReply, tokenReply } from '../session/token-replies.js';
import { UserReplies } from '../user/user-replies.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { AuthorizeFlow } from './authorize-flow.js';
import { BrowserCookie } from '../attempt/browser-cookie.js';
import { CallbackFilter } from './callback/callback.filter.js';
import { CallbackGuard, type CallbackState } from './callback/callback.guard.js';
import { CallbackReply } from './callback/callback-reply.js';
import { ErrorPageFilter } from '../pages/error-page.filter.js';
import { AuthorizeRequest, RedeemRequest } from './web-qr-login.requests.js';
import { callbackLoginRequest, CallbackFlow } from './callback/callback-flow.js';
import { RedeemFlow } from './redeem-flow.js';

/** Login of websites. The methods are in the order of a login. */
@ApiTags('website')
@Controller('v1/web-qr-login')
@Public()
export class WebQrLoginController {
  constructor(
    private readonly authorizeFlow: AuthorizeFlow,
    private readonly callbackFlow: CallbackFlow,
    private readonly redeemFlow: RedeemFlow,
    private readonly callbackReply: CallbackReply,
    private readonly cookie: BrowserCookie,
    private readonly userReplies: UserReplies,
  ) {}

  /**
   * Begins a login in this browser and redirects it to WeChat: to the QR page of a website app, or to the
   * silent page of an official account. With a web-view ticket it redirects to returnTo.
   */
  @Get('authorize')
  @RateLimit('authorize')
  @UseFilters(ErrorPageFilter)
  @ApiOperation({
    summary: "Go to WeChat's page",
    description:
      'A navigation of the browser, not a call: open the address in the address bar or set `location.href`; Swagger UI and `fetch` cannot follow it. The browser returns to `returnTo` with `loginCode`, or with `error` and `request_id`. `codeChallenge` is BASE64URL(SHA-256(codeVerifier)) of RFC 7636; the `loginCode` is then redeemed with the `codeVerifier`.',
    operationId: 'authorize',
  })
  @ApiAcceptLanguage("Whether WeChat's page is in Chinese or in English.")
  @ApiResponse({
    status: 302,
    description: "To WeChat's page; for a ticket to returnTo, with `loginCode` or `error`.",
  })
  @ApiProblems({}, 'VALIDATION_FAILED', 'RETURN_URL_FORBIDDEN', 'APP_UNKNOWN', 'STORE_UNAVAILABLE')
  async authorize(
    @Query() query: AuthorizeRequest,
    @Ip() ip: string,
    @Headers('user-agent') userAgent: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const device = { ip, userAgent: userAgent ?? null };
    await reply.redirect(await this.authorizeFlow.location(query, device, request, reply), 302);
  }

  /** WeChat redirects the browser here with a code, or without one if the person cancelled. */
  @Get('callback')
  @RateLimit('callback')
  @UseGuards(CallbackGuard, WeChatAuthGuard)
  @UseFilters(CallbackFilter)
  @LoginBy(callbackLoginRequest)
  @ApiOperation({
    summary: 'WeChat redirects here',
    description:
      'Errors return to returnTo with `error=<code>`: any of WeChat, LOGIN_DENIED, STATE_INVALID, ACCOUNT_DISABLED and ' +
      'others of docs/errors.md. Only an unknown state gets an error page.',
    operationId: 'callback',
  })
  @ApiAcceptLanguage('In which language WeChat is asked for the profile: zh_CN, zh_TW or en.')
  @ApiQuery({
    name: 'code',
    required: false,
    description: "WeChat's code; absent if the person refused.",
    schema: { type: 'string' },
  })
  @ApiQuery({
    name: 'state',
    required: true,
    description: 'The state that `authorize` sent to WeChat; single use.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9]{1,128}$' },
  })
  @ApiResponse({
    status: 302,
    description:
      'To returnTo, with `loginCode`, `linked` or `error`; inside WeChat to the login page if the person has to consent first.',
  })
  @ApiResponse({
    status: 200,
    description:
      'In a frame: a page that posts the result to the embedding page, if that has the origin of returnTo, or that asks it to open the callback in the whole window.',
  })
  @ApiProblems({}, 'STATE_INVALID', 'STORE_UNAVAILABLE')
  async callback(
    @Req() request: FastifyRequest & CallbackState & WeChatLoginState,
    @Ip() ip: string,
    @Headers('user-agent') userAgent: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { login, location } = await this.callbackFlow.finish(
      request,
      { ip, userAgent: userAgent ?? null },
      reply,
    );
    await this.callbackReply.send(request, reply, login, location, true);
  }

  /**
   * Exchanges the loginCode for tokens. The cookie or the verifier proves that the client began the login.
   */
  @Post('token')
  @RateLimit('redeem')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Redeem a loginCode',
    description:
      'A loginCode lives for 60 seconds and works once. Where the login was begun with a `codeChallenge`, send the `codeVerifier` whose SHA-256 it is; else the cookie of the browser that began the login is required. In the sandbox: open `authorize` in a browser with the challenge of its example, allow on the phone, take `loginCode` from the address bar, and keep the `codeVerifier` of the example.',
    operationId: 'redeemLoginCode',
  })
  @ApiOkResponse({ type: TokenReply })
  @ApiProblems(
    { body: true },
    'LOGIN_CODE_INVALID',
    'ACCOUNT_DISABLED',
    'SESSION_ENDED',
    'IDENTITY_TAKEN',
    'WECHAT_UNIONID_CHANGED',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async token(@Body() body: RedeemRequest, @Req() request: FastifyRequest): Promise<TokenReply> {
    const { tokens, isNewUser } = await this.redeemFlow.redeem(
      body.loginCode,
      this.cookie.read(request),
      body.codeVerifier,
    );
    return tokenReply(tokens, this.userReplies.user(tokens.user), isNewUser);
  }
}
