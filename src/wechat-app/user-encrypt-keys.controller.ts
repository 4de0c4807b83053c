import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentOperator, ServiceKey } from '../auth/api-key/api-key.guard.js';
import type { Actor } from '../events/event-log.js';
import { ApiProblems } from '../http/problem-docs.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { KEY_USE_PROBLEMS, KeyUses, miniProgramUser } from './key-uses.js';
import { PersonRequest } from './person.requests.js';

/** A key with which the mini program encrypts for its server. */
export class UserEncryptKey {
  @ApiProperty({ description: 'base64 of 16 bytes.', example: 'VI6BpyrK9XH4i4AIGe86tg==' })
  encryptKey!: string;

  @ApiProperty({ description: '16 characters.', example: '6003f73ec441c386' })
  iv!: string;

  @ApiProperty({ description: 'Grows with each key of the person.', example: 10 })
  version!: number;

  @ApiProperty({
    example: '2026-11-21T08:24:00.000Z',
    format: 'date-time',
    description: 'When WeChat made it.',
  })
  createdAt!: string;

  @ApiProperty({
    description: 'Until when the mini program gets this key; in the past for the keys before the latest.',
    example: '2026-11-21T09:24:00.000Z',
    format: 'date-time',
  })
  expiresAt!: string;
}

/** Reply of user-encrypt-keys. */
export class UserEncryptKeysReply {
  @ApiProperty({ description: 'The last three, the newest first.', type: [UserEncryptKey] })
  keys!: UserEncryptKey[];
}

/** The keys that a mini program and its server share for each person (用户加密密钥). */
@ApiTags('WeChat app')
@Controller('v1/wechat/user-encrypt-keys')
@ServiceKey()
@RateLimit('service')
export class UserEncryptKeysController {
  constructor(
    private readonly keyUses: KeyUses,
    private readonly wechat: WeChatApiService,
  ) {}

  /** Fetches the keys from WeChat, which wants a signature with the session_key (wechat-api-2.md section 13.6). */
  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: "A person's encryption keys",
    description:
      'The last keys that `getLatestUserKey` of `wx.getUserCryptoManager()` gave the mini program of this person (user.getUserEncryptKey). Choose by `version`. They encrypt between the mini program and its server, and are no proof of who the person is.',
    operationId: 'userEncryptKeys',
  })
  @ApiOkResponse({ type: UserEncryptKeysReply })
  @ApiProblems({ body: true }, ...KEY_USE_PROBLEMS)
  async fetch(@Body() body: PersonRequest, @CurrentOperator() actor: Actor): Promise<UserEncryptKeysReply> {
    const holder = await this.keyUses.holder(body);
    const keys = await this.wechat.userEncryptKeys(miniProgramUser(holder));
    await this.keyUses.recordFetched(holder, actor);
    return {
      keys: keys.map(({ createdAt, expiresAt, ...key }) => ({
        ...key,
        createdAt: new Date(createdAt).toISOString(),
        expiresAt: new Date(expiresAt).toISOString(),
      })),
    };
  }
}
