import { FollowedStreams } from '../../http/followed-streams.js';
import { Body, Controller, Get, Headers, HttpCode, Ip, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stateOf } from '../../attempt/attempt.js';
import { Attempts } from '../../attempt/attempts.js';
import { FramedResults } from '../../attempt/framed-results.js';
import { ApiAcceptLanguage } from '../../http/accept-language.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../../http/problem-docs.js';
import { Clock } from '../../common/clock.js';
import { Public } from '../../http/public.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { AttemptFlow } from './attempt-flow.js';
import {
  AttemptReply,
  AttemptRequest,
  AttemptStatusReply,
  FramedCallbackRequest,
} from './attempts.requests.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { EventStream, lastVersion } from './event-stream.js';
import { LiveStatus } from './live-status.js';
import { QrPictures } from '../scan/qr-pictures.js';

const SECRET_HEADER = 'x-attempt-secret';
const ApiSecretHeader = (): MethodDecorator =>
  ApiHeader({
    name: 'X-Attempt-Secret',
    required: false,
    description: 'The secret of the attempt, from a site where the cookie is blocked.',
  });

/** Logins on a screen that waits for a phone. */
@ApiTags('website')
@Controller('v1/web-qr-login')
@Public()
export class AttemptsController {
  constructor(
    private readonly flow: AttemptFlow,
    private readonly attempts: Attempts,
    private readonly framed: FramedResults,
    private readonly live: LiveStatus,
    private readonly pictures: QrPictures,
    private readonly cookie: BrowserCookie,
    private readonly clock: Clock,
    private readonly streams: FollowedStreams,
  ) {}

  /** Begins an attempt, bound to the codeChallenge or else to this browser. */
  @Post('attempts')
  @RateLimit('attempts')
  @ApiOperation({
    summary: 'Begin a login attempt',
    description:
      'A login for a screen that waits for a phone. Show `qrImageUrl` or `authorizeUrl`, then follow the attempt by its status or its events. Bind it to the browser by a `codeChallenge` or by the cookie that the reply sets.',
    operationId: 'beginAttempt',
  })
  @ApiAcceptLanguage("Whether WeChat's page is in Chinese or in English.")
  @ApiQuery({
    name: 'ui_locales',
    required: false,
    description: "Languages of WeChat's page by preference, before Accept-Language.",
    schema: { type: 'string', example: 'zh-Hant' },
  })
  @ApiCreatedResponse({ type: AttemptReply })
  @ApiProblems({ body: true }, 'RETURN_URL_FORBIDDEN', 'APP_UNKNOWN', 'STORE_UNAVAILABLE')
  async begin(
    @Body() body: AttemptRequest,
    @Ip() ip: string,
    @Headers('user-agent') userAgent: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AttemptReply> {
    const device = { ip, userAgent: userAgent ?? null };
    const { expiresAt, ...begun } = await this.flow.begin(body, device, request, reply);
    return { ...begun, expiresAt: new Date(expiresAt).toISOString() };
  }

  /** Returns the status of an attempt to the browser that began it. */
  @Get('attempts/:id')
  @RateLimit('attempt-status')
  @ApiOperation({
    summary: 'The status of an attempt',
    description:
      'For clients that poll, at most every 2 seconds. The attempt belongs to the browser that began it: by its cookie, or by its `secret` in `X-Attempt-Secret` where cookies of other sites are blocked.',
    operationId: 'attemptStatus',
  })
  @ApiParam({
    name: 'id',
    description: 'Id of the attempt.',
    example: '9f2bc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  @ApiSecretHeader()
  @ApiOkResponse({ type: AttemptStatusReply })
  @ApiProblems({}, 'ATTEMPT_UNKNOWN', 'STORE_UNAVAILABLE')
  async status(
    @Param('id') id: string,
    @Headers(SECRET_HEADER) secret: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<AttemptStatusReply> {
    const { attempt } = await this.attempts.watch(id, { browser: this.cookie.read(request), secret });
    return stateOf(attempt, this.clock.now());
  }

  /**
   * A stream of the status: first the present one (unless Last-Event-ID is its version), then each change. It ends
   * after a final status, or after 5 minutes.
   */
  @Get('attempts/:id/events')
  @RateLimit('attempt-status')
  @ApiOperation({
    summary: 'Follow an attempt',
    description:
      'Server-Sent Events named `status`, with the body of the status route as data. A comment every 15 seconds is the heartbeat.',
    operationId: 'attemptEvents',
  })
  @ApiParam({
    name: 'id',
    description: 'Id of the attempt.',
    example: '9f2bc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  @ApiSecretHeader()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Sent by an EventSource that reconnects.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'The stream.',
    schema: { type: 'string', example: 'id: 1\nevent: status\ndata: {"status":"scanned"}\n\n' },
  })
  @ApiProblems({}, 'ATTEMPT_UNKNOWN', 'STORE_UNAVAILABLE')
  async events(
    @Param('id') id: string,
    @Headers(SECRET_HEADER) secret: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key, attempt } = await this.attempts.watch(id, { browser: this.cookie.read(request), secret });
    this.live.requireRoom(request.ip);
    const stream = EventStream.open(request, reply);
    if (!stream) return;
    const logged = this.streams.followed(request, reply);
    const gone = this.live.wait(key, attempt, stream, lastVersion(lastEventId), request.ip);
    stream.onGone((isAborted) => {
      gone();
      logged(isAborted);
    });
  }

  /** Our page in a frame reports that it was shown. Only then does the attempt get the result of its login. */
  @Post('framed-callbacks')
  @RateLimit('callback')
  @HttpCode(204)
  @ApiOperation({
    summary: 'The page of a frame was shown',
    description: 'Called by the page that ends a login in a frame. Only that page knows the secret.',
    operationId: 'framedCallbackShown',
  })
  @ApiNoContentResponse({ description: 'The attempt has the result.' })
  @ApiProblems({ body: true }, 'ATTEMPT_UNKNOWN', 'STORE_UNAVAILABLE')
  async shown(@Body() { secret }: FramedCallbackRequest): Promise<void> {
    await this.framed.shown(secret);
  }

  /** Serves the picture of a mini program code. WeChat creates the code at the first fetch. */
  @Get('qr-codes/:key')
  @RateLimit('qr-pictures')
  @ApiOperation({
    summary: "The picture of an attempt's code",
    description:
      'The mini-program code of an attempt, for an `img` element; neither cookie nor header is needed. WeChat makes the code when the picture is first fetched.',
    operationId: 'attemptPicture',
  })
  @ApiParam({
    name: 'key',
    description: 'From qrImageUrl.',
    example: '51d0c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  @ApiProduces('image/jpeg', 'image/png')
  @ApiOkResponse({ description: 'The picture.', schema: { type: 'string', format: 'binary' } })
  @ApiProblems({}, 'ATTEMPT_UNKNOWN', ...WECHAT_CALL_PROBLEMS, 'STORE_UNAVAILABLE')
  async picture(@Param('key') key: string, @Res() reply: FastifyReply): Promise<void> {
    const { type, bytes } = await this.pictures.fetch(key);
    await reply
      .type(type)
      .header('Cache-Control', 'private, max-age=60')
      // A page of another site may show it.
      .header('Cross-Origin-Resource-Policy', 'cross-origin')
      .send(bytes);
  }
}
