import { Controller, Get, Headers, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ReturnUrls } from '../../attempt/return-urls.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { AppError } from '../../common/app-error.js';
import { Public } from '../../http/public.js';
import { AppConfig } from '../../config/app-config.js';
import { WeChatApps } from '../../wechat/wechat-apps.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { type KnownPerson, KnownPersons } from '../hosted/known-person.js';
import { InWeChatFlow } from '../in-wechat/in-wechat-flow.js';
import { LoginPageRequest } from './login-page.requests.js';
import { LoginViews } from './login-views.js';
import { LoginPage } from './login-page.js';
import { type Visitor, visitorOf } from './visitor.js';
import { uiLocalesOf } from '../../pages/language.js';
import { PublicAddress } from '../../pages/public-address.js';

/** The hosted login page. */
@ApiTags('website')
@Controller('login')
@Public()
@RateLimit('login-page')
export class LoginPageController {
  private readonly page: LoginPage;
  private readonly views: LoginViews;
  private readonly pageUrl: string;
  private readonly publicAddress: PublicAddress;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly inWeChat: InWeChatFlow,
    private readonly known: KnownPersons,
    config: AppConfig,
  ) {
    this.page = new LoginPage(config);
    this.views = new LoginViews(config);
    this.pageUrl = `${config.publicUrl}/login`;
    this.publicAddress = new PublicAddress(config.publicUrl);
  }

  /**
   * In WeChat's browser it redirects to WeChat at once; other browsers get a page with the ways to log in there, or one
   * button where it knows who has logged in in this browser (SSO_TTL). Without
   * a returnTo a login returns to the page itself, which shows who is logged in. A request under another host name than
   * PUBLIC_URL's is redirected to that one first, once.
   */
  @Get()
  @UseFilters(ErrorPageFilter)
  @ApiOperation({
    summary: 'The hosted login page',
    description:
      'A page for people, not for programs. It shows a QR code on a desktop, logs in silently inside WeChat, and gives advice in other browsers of a phone. Whoever has logged in on it in this browser within SSO_TTL gets a button instead; `prompt=login` leaves that out. It ends at `returnTo` with `loginCode`, or with `error` and `request_id`.',
    operationId: 'loginPage',
  })
  @ApiProduces('text/html')
  @ApiResponse({ status: 200, description: 'The page.' })
  @ApiResponse({
    status: 302,
    description:
      "Under another host name than PUBLIC_URL's: to this page there. Inside WeChat's browser: to WeChat's consent page, silently.",
  })
  @ApiProblems({}, 'VALIDATION_FAILED', 'RETURN_URL_FORBIDDEN', 'APP_UNKNOWN', 'STORE_UNAVAILABLE')
  async show(
    @Query() query: LoginPageRequest,
    @Headers('user-agent') userAgent: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const elsewhere =
      query.redirected === undefined ? this.publicAddress.redirectFor('/login', request.raw) : null;
    if (elsewhere !== null) {
      await reply.redirect(elsewhere, 302);
      return;
    }
    const asked = this.checked({ ...query, uiLocales: uiLocalesOf(request) });
    const visitor = visitorOf(userAgent);
    const account = this.views.appId('official_account', asked);
    if (visitor === 'wechat' && account !== null && !isAnswer(asked)) {
      const begin = { ...asked, returnTo: this.returnTo(asked), appId: account, isHosted: true };
      await reply.redirect(await this.inWeChat.begin(begin, request, reply), 302);
      return;
    }
    const consent = asked.consent === undefined ? null : await this.inWeChat.consent(asked.consent, request);
    await this.page.send(reply, {
      view: this.views.choose(asked, visitor, consent, await this.knownPerson(asked, visitor, request)),
      returnTo: asked.returnTo ?? null,
      codeChallenge: asked.codeChallenge,
      authorizeUrl: this.authorizeUrl(asked),
    });
  }

  /** The person who may continue. A mini program logs in itself, so its web view offers nothing. */
  private async knownPerson(
    asked: LoginPageRequest,
    visitor: Visitor,
    request: FastifyRequest,
  ): Promise<KnownPerson | null> {
    if (asked.prompt === 'login' || isAnswer(asked) || visitor === 'web-view') return null;
    return this.known.find(asked.appId, request);
  }

  /**
   * The query with a normalized returnTo.
   * @throws AppError APP_UNKNOWN, RETURN_URL_FORBIDDEN
   */
  private checked(query: LoginPageRequest): LoginPageRequest {
    if (query.appId !== undefined && this.apps.kindOf(query.appId) === null) {
      throw new AppError('APP_UNKNOWN', { detail: 'There is no app with this appId.' });
    }
    // A login that returns to the page itself has no challenge: the page holds no verifier.
    if (query.returnTo === undefined) return { ...query, codeChallenge: undefined };
    return { ...query, returnTo: this.returnUrls.allowed(query.returnTo).href };
  }

  /** Where a login returns to: to the page itself, in the language that it was opened in, where no website asks. */
  private returnTo({ returnTo, uiLocales }: LoginPageRequest): string {
    if (returnTo !== undefined) return returnTo;
    const page = new URL(this.pageUrl);
    if (uiLocales !== undefined) page.searchParams.set('ui_locales', uiLocales);
    return page.href;
  }

  /** Path and query of the route to WeChat's QR page; `null` where no website app is configured. */
  private authorizeUrl(asked: LoginPageRequest): string | null {
    const appId = this.views.appId('website', asked);
    if (appId === null) return null;
    const query = new URLSearchParams({ returnTo: this.returnTo(asked), appId });
    if (asked.uiLocales !== undefined) query.set('ui_locales', asked.uiLocales);
    if (asked.codeChallenge !== undefined) query.set('codeChallenge', asked.codeChallenge);
    return `v1/web-qr-login/authorize?${query.toString()}`;
  }
}

/** Whether a login has just returned to the page. Starting another one would loop. */
function isAnswer({ loginCode, linked, error, consent }: LoginPageRequest): boolean {
  return [loginCode, linked, error, consent].some((each) => each !== undefined);
}
