import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ServiceKey } from '../auth/api-key/api-key.guard.js';
import { Clock } from '../common/clock.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { TICKET_TYPES, type TicketType } from '../wechat/endpoints/ticket.js';
import { Tickets } from '../wechat/tickets.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { expiry, ExpiringReply } from './expiring.reply.js';

/** Query of tickets. */
export class TicketQuery {
  @ApiProperty({
    enum: TICKET_TYPES,
    description: '`jsapi` for `wx.config` of pages, `wx_card` for cards.',
    example: 'jsapi',
  })
  @IsIn(TICKET_TYPES)
  type!: TicketType;
}

/** Reply: a ticket of the app. */
export class AppTicketReply extends ExpiringReply {
  @ApiProperty({
    description: 'The ticket. It stays on your server: a browser gets signatures only.',
    example: 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
  })
  ticket!: string;
}

/** WeChat's tickets of an app, for services of the operator that sign themselves. */
@ApiTags('WeChat app')
@Controller('v1/wechat/tickets')
@ServiceKey()
@RateLimit('service')
export class TicketsController {
  constructor(
    private readonly tickets: Tickets,
    private readonly apps: WeChatApps,
    private readonly clock: Clock,
  ) {}

  /** Returns the one ticket of the app and type. WeChat allows few calls a day (wechat-api-2.md section 14.1). */
  @Get(':appId')
  @ApiOperation({
    summary: 'A ticket for JS-SDK or cards',
    description:
      'One ticket of the app and type for all services of the operator, for those that sign themselves. For `wx.config` of a page, `GET /v1/wechat/js-sdk-config` signs. Ask before each use instead of fetching tickets from WeChat: it allows few calls a day.',
    operationId: 'ticket',
  })
  @ApiParam({
    name: 'appId',
    description: 'An official account or a mini program of the environment.',
    example: 'wx5a4db0c0de000003',
  })
  @ApiOkResponse({ type: AppTicketReply })
  @ApiProblems({}, 'API_KEY_INVALID', 'APP_UNKNOWN', ...WECHAT_CALL_PROBLEMS, 'STORE_UNAVAILABLE')
  async get(@Param('appId') appId: string, @Query() { type }: TicketQuery): Promise<AppTicketReply> {
    const { token, expiresAt } = await this.tickets.get(this.apps.withAccessToken(appId), type);
    return {
      ticket: token,
      ...expiry(expiresAt, this.clock.now()),
    };
  }
}
