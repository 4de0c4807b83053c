import {
  Body,
  Controller,
  Headers,
  HttpCode,
  Ip,
  Post,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiConsumes, ApiNoContentResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { HostedLogins } from '../../attempt/hosted-logins.js';
import { LoginCodes } from '../../attempt/login-codes.js';
import { ReturnUrls } from '../../attempt/return-urls.js';
import { AppConfig } from '../../config/app-config.js';
import { secretsEqual } from '../../crypto/secret.js';
import { FormBody } from '../../http/bodies.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { Public } from '../../http/public.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { OwnPageGuard } from '../../pages/own-page.guard.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { KnownPersonForm, RememberLoginRequest } from './hosted-login.requests.js';
import { KnownPersons } from './known-person.js';

const FORM = 'application/x-www-form-urlencoded';

/** What the login page asks of the service for the person whom it knows. Only the page itself calls it. */
@ApiTags('website')
@Controller('login')
@Public()
@UseGuards(OwnPageGuard)
@RateLimit('login-page')
export class HostedLoginController {
  private readonly pageUrl: string;

  constructor(
    private readonly hostedLogins: HostedLogins,
    private readonly loginCodes: LoginCodes,
    private readonly known: KnownPersons,
    private readonly returnUrls: ReturnUrls,
    private readonly cookie: BrowserCookie,
    config: AppConfig,
  ) {
    this.pageUrl = `${config.publicUrl}/login`;
  }

  /**
   * The page reports a login that has ended in it, before it leaves. This browser then knows who has logged in,
   * as soon as the loginCode is redeemed.
   */
  @Post('session')
  @HttpCode(204)
  @ApiOperation({
    summary: 'The login page got a login',
    description:
      'Called by the login page with the `loginCode` of a login that it began in this browser. It sets the cookie by which the page knows the person for SSO_TTL. The code is not used up.',
    operationId: 'rememberLogin',
  })
  @ApiNoContentResponse({ description: 'The browser has the cookie, unless SSO_TTL is 0.' })
  @ApiProblems({ body: true }, 'FORBIDDEN', 'LOGIN_CODE_INVALID', 'STORE_UNAVAILABLE')
  async remember(
    @Body() { loginCode }: RememberLoginRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const login = await this.loginCodes.findHosted(loginCode, this.cookie.read(request));
    await this.hostedLogins.begin(login, request, reply);
  }

  /** The known person continues: they return with a loginCode, without another scan. */
  @Post('continue')
  @FormBody()
  @UseFilters(ErrorPageFilter)
  @ApiOperation({
    summary: 'Continue as the known person',
    description:
      'The form of the login page for a person whom it knows. The `loginCode` is bound as that of any other login. If the person is no longer known, the page is shown again and asks for a scan.',
    operationId: 'continueLogin',
  })
  @ApiConsumes(FORM)
  @ApiResponse({ status: 303, description: 'To returnTo with `loginCode`; else to the login page.' })
  @ApiProblems(
    { body: true },
    'FORBIDDEN',
    'RETURN_URL_FORBIDDEN',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async continue(
    @Body() form: KnownPersonForm,
    @Ip() ip: string,
    @Headers('user-agent') userAgent: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const itself = this.pageOf({ ui_locales: form.ui_locales });
    const returnTo = this.returnUrls.allowed(form.returnTo ?? itself).href;
    const person = await this.known.find(form.appId, request);
    if (!person || !secretsEqual(person.hosted.formToken, form.token)) {
      await reply.redirect(this.pageOf(form), 303);
      return;
    }
    // A login that returns to the page itself has no challenge: the page holds no verifier.
    const codeChallenge = form.returnTo === undefined ? undefined : form.codeChallenge;
    const device = { ip, userAgent: userAgent ?? null };
    const login = { returnTo, codeChallenge, device };
    await reply.redirect(await this.known.continue(person, login, request, reply), 303);
  }

  /** The browser forgets who has logged in. Sessions at websites go on. */
  @Post('forget')
  @FormBody()
  @UseFilters(ErrorPageFilter)
  @ApiOperation({
    summary: 'Forget the known person',
    description:
      'The form of the login page with which a person leaves a shared computer. Their sessions at websites go on until they log out there.',
    operationId: 'forgetLogin',
  })
  @ApiConsumes(FORM)
  @ApiResponse({ status: 303, description: 'To the login page.' })
  @ApiProblems({ body: true }, 'FORBIDDEN', 'STORE_UNAVAILABLE')
  async forget(
    @Body() form: KnownPersonForm,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (await this.hostedLogins.ofForm(form.token, request)) await this.hostedLogins.end(request, reply);
    await reply.redirect(this.pageOf(form), 303);
  }

  /** The login page for the same request. It checks returnTo again. */
  private pageOf({ returnTo, appId, codeChallenge, ui_locales }: Partial<KnownPersonForm>): string {
    const page = new URL(this.pageUrl);
    for (const [name, value] of Object.entries({ returnTo, appId, codeChallenge, ui_locales })) {
      if (value !== undefined) page.searchParams.set(name, value);
    }
    return page.href;
  }
}
