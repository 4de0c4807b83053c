import { Readable } from 'node:stream';
import { Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AppError } from '../common/app-error.js';
import { ApiProblems } from '../http/problem-docs.js';
import { Public } from '../http/public.js';
import { RawBody } from '../http/bodies.js';
import { ConsentEvents } from './consent-events.js';
import { PushGate } from './push-gate.js';
import type { Push } from './push-message.js';
import { PushRecord } from './push-record.js';
import { CurrentPush, type PushQuery, type PushRequest } from './push-request.js';
import { EXAMPLE_ENCRYPTED, EXAMPLE_JSON, EXAMPLE_XML } from './push-examples.js';
import type { ArrivedPush } from './relay/passage.js';
import { PushRelay } from './relay/push-relay.js';
import type { ReceiverAnswer } from './relay/relay-sender.js';
import { SeenPushes } from './seen-pushes.js';

const TEXT = 'text/plain; charset=utf-8';
const SUCCESS = 'success';
const ACKNOWLEDGED: ReceiverAnswer = {
  status: 200,
  contentType: TEXT,
  contentEncoding: null,
  body: Buffer.from(SUCCESS),
};

/**
 * Receives WeChat's pushes about the apps (wechat-api.md section 6.3, wechat-api-2.md section 15). The route is
 * public; WeChat's signature authenticates. It answers within WeChat's 5 s, and WeChat repeats a push after any
 * other status than 200.
 */
@ApiTags('message push')
@ApiParam({ name: 'appId', description: 'The app that the push is about.', example: 'wx5a4db0c0de000001' })
@ApiQuery({
  name: 'timestamp',
  type: String,
  description: 'Unix seconds; at most 5 minutes away.',
  example: '1714112445',
})
@ApiQuery({
  name: 'nonce',
  type: String,
  description: 'Random number of the push; part of the signature.',
  example: '415670741',
})
@Controller('v1/wechat/events')
@Public()
export class WeChatEventsController {
  constructor(
    private readonly gate: PushGate,
    private readonly seen: SeenPushes,
    private readonly consentEvents: ConsentEvents,
    private readonly relay: PushRelay,
    private readonly record: PushRecord,
  ) {}

  /** URL verification: returns the `echostr`, decrypted if it is encrypted. */
  @Get(':appId')
  @Header('Content-Type', TEXT)
  @ApiOperation({
    summary: 'URL verification of the message push',
    description:
      'WeChat calls it when the URL of the message push is saved. The reply is `echostr`, decrypted where it is encrypted, if the signature is valid.',
    operationId: 'verifyEventUrl',
  })
  @ApiQuery({
    name: 'signature',
    type: String,
    required: false,
    description: 'SHA-1 over the Token, timestamp and nonce.',
    example: '6c5c811b55cc85e0e1b54100749188c20beb3f5d',
  })
  @ApiQuery({
    name: 'msg_signature',
    type: String,
    required: false,
    description: 'Where echostr is encrypted.',
  })
  @ApiQuery({
    name: 'echostr',
    type: String,
    description: 'Returned where the signature is valid.',
    example: '4375120948345356249',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The echostr.', schema: { type: 'string', example: '4375120948345356249' } })
  @ApiProblems(
    {},
    'VALIDATION_FAILED',
    'NOT_FOUND',
    'PUSH_SIGNATURE_INVALID',
    'PUSH_STALE',
    'PUSH_APP_MISMATCH',
    'PUSH_DECRYPTION_FAILED',
  )
  verify(@Param('appId') appId: string, @Query() query: PushQuery): string {
    try {
      return this.gate.echo(appId, query);
    } catch (error) {
      this.record.refused(null, error);
      throw error;
    }
  }

  /**
   * Receives a push. `user_info_modified`, `user_authorization_revoke` and `user_authorization_cancellation`
   * are processed, once each. A push of an app with receivers goes on to them, also where it cannot be read here.
   * Everything else is acknowledged and ignored.
   */
  @Post(':appId')
  @HttpCode(200)
  @RawBody()
  @ApiOperation({
    summary: 'Take a message push',
    description:
      'WeChat calls it with each message. The signature and the age of the push are checked. Events of withdrawn consent are carried out before the reply is `success`; others are acknowledged. Where WECHAT_PUSH_FORWARD names receivers of the app, the push goes on to them, and the reply is what the first of them answers: status, Content-Type and body.',
    operationId: 'takeEvent',
  })
  @ApiQuery({
    name: 'signature',
    type: String,
    required: false,
    description: 'SHA-1 over the Token, timestamp and nonce.',
    example: '6c5c811b55cc85e0e1b54100749188c20beb3f5d',
  })
  @ApiQuery({ name: 'msg_signature', type: String, required: false, description: 'Of an encrypted push.' })
  @ApiConsumes('text/xml', 'application/xml', 'application/json', 'text/plain', 'application/octet-stream')
  @ApiBody({
    description: 'At most 64 KB. Plain only where no EncodingAESKey is set for the app.',
    schema: { type: 'string' },
    examples: {
      xml: { summary: 'plain, XML', value: EXAMPLE_XML },
      json: { summary: 'plain, JSON', value: EXAMPLE_JSON },
      encrypted: { summary: 'encrypted', value: EXAMPLE_ENCRYPTED },
    },
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: "Taken, or the first receiver's answer.",
    schema: { type: 'string', example: SUCCESS },
  })
  @ApiProblems(
    {},
    'NOT_FOUND',
    'PUSH_SIGNATURE_INVALID',
    'PUSH_STALE',
    'PUSH_APP_MISMATCH',
    'PUSH_NOT_ENCRYPTED',
    'PUSH_DECRYPTION_FAILED',
    'PUSH_REPLAYED',
    'PUSH_MALFORMED',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'PUSH_BUSY',
    'PUSH_RECEIVER_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  )
  async take(
    @Param('appId') appId: string,
    @CurrentPush() request: PushRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const arrivedAt = performance.now();
    let push: Push | null = null;
    let answer: ReceiverAnswer;
    try {
      push = await this.gate.open(appId, request, this.relay.isFor(appId));
      answer = await this.answer({ appId, push, request, arrivedAt });
    } catch (error) {
      this.record.refused(push, error);
      throw error;
    }
    sendAnswer(reply, answer);
  }

  private async answer(arrived: ArrivedPush): Promise<ReceiverAnswer> {
    const { appId, push } = arrived;
    const isRelayed = this.relay.isFor(appId);
    const action = isRelayed ? this.readableAction(arrived) : this.consentEvents.actionFor(appId, push);
    if (action === null && !isRelayed) await this.record.unhandled(appId, push);
    // Both at once: WeChat waits for both. If one fails it repeats the push, and what was done is not done again.
    const both = [
      isRelayed ? this.relay.answer(arrived) : Promise.resolve(null),
      action === null ? Promise.resolve() : this.act(appId, push, action),
    ] as const;
    await Promise.allSettled(both);
    const [relayed] = await Promise.all(both);
    return relayed ?? ACKNOWLEDGED;
  }

  /** What this service cannot read may be clear to the receiver, so it goes on all the same. */
  private readableAction({ appId, push }: ArrivedPush): (() => Promise<void>) | null {
    try {
      if (push.unread !== null) throw new AppError('PUSH_MALFORMED');
      return this.consentEvents.actionFor(appId, push);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.record.passedOnUnread(appId, push);
      return null;
    }
  }

  private async act(appId: string, push: Push, action: () => Promise<void>): Promise<void> {
    await this.seen.once(appId, push, action);
    this.record.count(push, 'acted');
  }
}

/** Sends an answer as it is: Fastify would add a type to bytes that have none. */
function sendAnswer(
  reply: FastifyReply,
  { status, contentType, contentEncoding, body }: ReceiverAnswer,
): void {
  void reply.status(status).header('Content-Length', body.length);
  if (contentType !== null) void reply.header('Content-Type', contentType);
  if (contentEncoding !== null) void reply.header('Content-Encoding', contentEncoding);
  void reply.send(contentType === null ? Readable.from([body]) : body);
}
