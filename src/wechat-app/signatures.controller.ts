import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentOperator, ServiceKey } from '../auth/api-key/api-key.guard.js';
import { AppConfig } from '../config/app-config.js';
import type { Actor } from '../events/event-log.js';
import { BodyLimit, PAYLOAD_LIMIT_BYTES } from '../http/bodies.js';
import { ApiProblems } from '../http/problem-docs.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { paySignature, userSignature } from '../wechat/message-signatures.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { KEY_USE_PROBLEMS, KeyUses, miniProgramUser, noLivingKey } from './key-uses.js';
import { payloadBytes } from './payload.js';
import { SignatureRequest } from './signatures.requests.js';

/** Reply of signatures. */
export class SignatureReply {
  @ApiProperty({ description: 'The mini program.', example: 'wx5a4db0c0de000001' })
  appId!: string;

  @ApiProperty({ description: 'The openid of the person there.', example: 'o7fXyU4JYw691soImxHMcCqVJWN5' })
  openId!: string;

  @ApiProperty({
    description: 'HMAC-SHA256 of the payload under the session_key, in lower-case hex.',
    example: '089d9e8dc5d308977360c4b79ec600a93d736802802a807d634192328032f6c7',
  })
  signature!: string;

  @ApiProperty({
    description: 'When the session_key was obtained.',
    example: '2026-11-21T08:24:00.000Z',
    format: 'date-time',
  })
  sessionKeyAt!: string;

  @ApiProperty({
    required: false,
    description:
      'HMAC-SHA256 of uri, `&` and the payload under the AppKey, in lower-case hex. Only with a uri, and where WECHAT_PAY_APP_KEYS has the AppKey of the app for this env.',
    example: 'c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5',
  })
  paySig?: string;
}

/** A person logs in seldom: a second key within one request is an exception, and a third one does not occur. */
const MAX_ATTEMPTS = 3;

/** Signatures with a person's session_key, for services that never see it. */
@ApiTags('WeChat app')
@Controller('v1/wechat/signatures')
@ServiceKey()
@RateLimit('service')
export class SignaturesController {
  constructor(
    private readonly keyUses: KeyUses,
    private readonly wechat: WeChatApiService,
    private readonly config: AppConfig,
  ) {}

  /**
   * Signs with the current session_key, never with the one before (wechat-api-2.md section 13.1). The use is
   * recorded without the payload.
   */
  @Post()
  @HttpCode(200)
  @BodyLimit(PAYLOAD_LIMIT_BYTES)
  @ApiOperation({
    summary: "Sign with a person's session_key",
    description:
      'The user signature of virtual payment, mini game payment and other calls of WeChat: HMAC-SHA256 of exactly these bytes, keyed with the text of the session_key of the person. With a `uri` also `paySig`, made with the AppKey. Neither key is in a reply. After SESSION_KEY_STALE the person logs in again by `wx.login`; there is no other way to a new session_key.',
    operationId: 'sign',
  })
  @ApiOkResponse({ type: SignatureReply })
  @ApiProblems({ body: true }, ...KEY_USE_PROBLEMS)
  async sign(@Body() body: SignatureRequest, @CurrentOperator() actor: Actor): Promise<SignatureReply> {
    const payload = payloadBytes(body.payload, body.encoding ?? 'utf8');
    // A login meanwhile brings another key, with which it begins anew.
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const reply = await this.signOnce(body, payload, actor);
      if (reply) return reply;
    }
    throw noLivingKey();
  }

  /** @returns `null` if the key is no longer the current one, or no longer the person's */
  private async signOnce(
    body: SignatureRequest,
    payload: Buffer,
    actor: Actor,
  ): Promise<SignatureReply | null> {
    const holder = await this.keyUses.holder(body);
    if (body.requireAlive && !(await this.wechat.isSessionKeyAlive(miniProgramUser(holder)))) {
      const { sessionKey } = await this.keyUses.holder(body);
      if (sessionKey.obtainedAt === holder.sessionKey.obtainedAt) throw noLivingKey();
      return null;
    }
    const paySig = this.paySignature(holder.appId, body, payload);
    const isRecorded = await this.keyUses.recordSigned(holder, actor, {
      bytes: payload.length,
      ...(body.uri !== undefined && { uri: body.uri, paySig: paySig !== null }),
    });
    if (!isRecorded) return null;
    return {
      appId: holder.appId,
      openId: holder.openId,
      signature: userSignature(holder.sessionKey.value, payload),
      sessionKeyAt: new Date(holder.sessionKey.obtainedAt).toISOString(),
      ...(paySig !== null && { paySig }),
    };
  }

  private paySignature(appId: string, { uri, env = 0 }: SignatureRequest, payload: Buffer): string | null {
    const key = this.config.wechat.payAppKeys.find((each) => each.appId === appId && each.env === env);
    return uri === undefined || !key ? null : paySignature(key.appKey, uri, payload);
  }
}
