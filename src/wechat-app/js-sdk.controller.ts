import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { ReturnUrls } from '../attempt/return-urls.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { AppIdProperty } from '../http/app-id-property.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { Public } from '../http/public.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { pageConfig } from '../wechat/page-signature.js';
import { Tickets } from '../wechat/tickets.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { signedPageUrl } from './page-url.js';

/** Query of js-sdk-config. */
export class JsSdkConfigQuery {
  @ApiProperty({
    description:
      '`location.href` of the page, by `encodeURIComponent`. Its origin is one of RETURN_URLS. The fragment is cut.',
    example: 'https://shop.example.com/goods?id=7',
  })
  @IsString()
  @MaxLength(4096)
  url!: string;

  @AppIdProperty(
    'The official account; if absent, the first of WECHAT_OFFICIAL_ACCOUNTS.',
    'wx5a4db0c0de000003',
  )
  appId?: string;
}

/** Reply: what the page passes to `wx.config`. */
export class JsSdkConfigReply {
  @ApiProperty({ description: 'The official account.', example: 'wx5a4db0c0de000003' })
  appId!: string;

  @ApiProperty({ description: 'Unix time in seconds.', example: 1795249800 })
  timestamp!: number;

  @ApiProperty({ description: 'Random.', example: '4b8f0c1d2e3a45966778899aabbccdde' })
  nonceStr!: string;

  @ApiProperty({
    description: 'SHA-1 in lower-case hex.',
    example: '0f9de62fce790f9a083d5c99e95740ceb90c27ed',
  })
  signature!: string;
}

/** Signatures for pages inside WeChat that use the JS-SDK. */
@ApiTags('WeChat app')
@Controller('v1/wechat/js-sdk-config')
@Public()
@RateLimit('js-sdk-config')
export class JsSdkController {
  constructor(
    private readonly tickets: Tickets,
    private readonly apps: WeChatApps,
    private readonly returnUrls: ReturnUrls,
    private readonly clock: Clock,
  ) {}

  /** Signs the page's URL with the account's ticket, which no reply contains (wechat-api-2.md section 14). */
  @Get()
  @ApiOperation({
    summary: 'Sign a page for wx.config',
    description:
      'What a page inside WeChat passes to `wx.config`, together with its `jsApiList`. The URL is signed byte for byte without its fragment, so ask with the `location.href` that the page has now. Pages of the origins of RETURN_URLS may ask from the browser (CORS). On iOS, WeChat checks against the URL with which a single-page application was first opened.',
    operationId: 'jsSdkConfig',
  })
  @ApiOkResponse({ type: JsSdkConfigReply })
  @ApiProblems({}, 'RETURN_URL_FORBIDDEN', 'APP_UNKNOWN', ...WECHAT_CALL_PROBLEMS, 'STORE_UNAVAILABLE')
  async config(
    @Query() { url: given, appId }: JsSdkConfigQuery,
    @Req() { query }: FastifyRequest,
  ): Promise<JsSdkConfigReply> {
    refuseRestOf(query);
    const app = this.apps.find('official_account', appId);
    const url = signedPageUrl(given, this.returnUrls);
    const { token } = await this.tickets.get(app, 'jsapi');
    return { appId: app.appId, ...pageConfig(token, url, this.clock.now()) };
  }
}

/** Another parameter is the rest of a url that was not encoded: what is left of it would be signed in vain. */
function refuseRestOf(query: unknown): void {
  const names = Object.keys(typeof query === 'object' && query !== null ? query : {});
  if (names.every((name) => ['url', 'appId'].includes(name))) return;
  throw new AppError('VALIDATION_FAILED', {
    errors: [
      { field: 'url', message: 'url must be encoded by encodeURIComponent: there are other parameters' },
    ],
  });
}
