import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { AdminKey } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import { Cursors, PageQuery } from '../http/paging.js';
import { EventList } from '../events/event-list.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';

/** Query of the events. */
export class EventListQuery extends PageQuery {
  @ApiProperty({
    required: false,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f',
    description: 'Exactly this user. Events of a user before it was merged have its own id.',
  })
  @IsOptional()
  @Matches(/^[0-9a-f-]{36}$/, { message: 'userId must be the id of a user' })
  userId?: string;

  @ApiProperty({
    required: false,
    description: 'Only events of this type.',
    example: 'login.succeeded',
  })
  @IsOptional()
  @Matches(/^[a-z_.]{1,64}$/, { message: 'type must be a type of event' })
  type?: string;
}

/** An event of the audit trail. */
export class EventReply {
  @ApiProperty({ description: 'Id of the event.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e60' })
  id!: string;

  @ApiProperty({ description: 'What happened, as `<noun>.<what happened to it>`.', example: 'user.disabled' })
  type!: string;

  @ApiProperty({
    description: 'The user it is about; `null` where there is none.',
    type: String,
    nullable: true,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f',
  })
  userId!: string | null;

  @ApiProperty({
    example: 'admin:alice',
    description: 'user, system, wechat, or the name of the key: admin:… or service:…',
  })
  actor!: string;

  @ApiProperty({
    description: 'From which address; `null` for background work.',
    type: String,
    nullable: true,
    example: '203.0.113.7',
  })
  ip!: string | null;

  @ApiProperty({
    description: 'The request that caused it; `null` for background work.',
    type: String,
    nullable: true,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52',
  })
  requestId!: string | null;

  @ApiProperty({
    description: 'Ids, reasons and counts; never a secret.',
    type: 'object',
    additionalProperties: true,
    example: {},
  })
  details!: Readonly<Record<string, unknown>>;

  @ApiProperty({ description: 'When it happened.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;
}

/** One page of events. */
export class EventListReply {
  @ApiProperty({ description: 'One page, the newest first.', type: [EventReply] })
  items!: EventReply[];

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'null on the last page. Earlier pages may have fewer events than `limit`, or none.',
  })
  nextCursor!: string | null;
}

/** The audit trail. */
@ApiTags('operators')
@Controller('v1/admin/events')
@AdminKey()
@RateLimit('admin')
export class EventsController {
  constructor(
    private readonly events: EventList,
    private readonly cursors: Cursors,
  ) {}

  /** Lists events, the newest first. New events do not shift the pages. */
  @Get()
  @ApiOperation({
    summary: 'What happened',
    description:
      'The audit trail, the newest first: logins and refusals, links, merges, deletions, acts of operators, pushes.',
    operationId: 'adminEvents',
  })
  @ApiOkResponse({ type: EventListReply })
  @ApiProblems(
    {},
    'API_KEY_INVALID',
    'RATE_LIMITED',
    'FORBIDDEN',
    'VALIDATION_FAILED',
    'CURSOR_INVALID',
    'DATABASE_UNAVAILABLE',
  )
  async list(@Query() { userId, type, cursor, limit }: EventListQuery): Promise<EventListReply> {
    const search = { userId: userId ?? null, type: type ?? null };
    const scope = { list: 'events', filters: search };
    const before = this.cursors.read(scope, cursor);
    const { events, end } = await this.events.list({ ...search, before, limit });
    return { items: events, nextCursor: end === null ? null : this.cursors.issue(scope, end) };
  }
}
