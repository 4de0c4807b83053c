import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { ApiProblems } from '../http/problem-docs.js';
import { Cursors, AccountPageQuery } from '../http/paging.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser, SessionPosition } from '../session/session-rows.js';
import { SessionListReply, sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';

/** The sessions of one's own account. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me/sessions')
@RateLimit('account-writes')
export class SessionsController {
  constructor(
    private readonly sessions: SessionService,
    private readonly cursors: Cursors,
  ) {}

  /** Lists the live sessions, the most recently used first. */
  @Get()
  @RateLimit('account')
  @ApiOperation({
    summary: 'List my sessions',
    description:
      'The live sessions of the user, the most recently used first, with app, device, address and times.',
    operationId: 'mySessions',
  })
  @ApiOkResponse({ type: SessionListReply })
  @ApiProblems({ bearer: true }, 'VALIDATION_FAILED', 'CURSOR_INVALID')
  async list(
    @Query() { cursor, limit }: AccountPageQuery,
    @CurrentSession() current: SessionOfUser,
  ): Promise<SessionListReply> {
    const scope = { list: 'sessions', filters: { user: current.user.id } };
    const after = toPosition(this.cursors.read(scope, cursor));
    const found = await this.sessions.ofUser(current.user.id, after, limit + 1);
    const rows = found.map((each) => ({ id: toCursor(each.session), each }));
    const { items, nextCursor } = this.cursors.page(scope, rows, limit);
    return {
      items: items.map(({ each }) =>
        sessionReply(each, this.sessions.endsAt(each.session), current.session.id),
      ),
      nextCursor,
    };
  }

  /** Ends one session, which may be the current one. Idempotent, because clients retry. */
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End a session',
    description: 'Ends one session of the user. Its access token is refused here within 5 seconds.',
    operationId: 'endMySession',
  })
  @ApiParam({
    name: 'id',
    description: 'Id of the session.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51',
  })
  @ApiNoContentResponse({ description: 'It has ended.' })
  @ApiProblems({ bearer: true }, 'NOT_FOUND')
  async end(@Param('id') id: string, @CurrentSession() current: SessionOfUser): Promise<void> {
    await this.sessions.endOneOfUser(current.user.id, id, 'ended_by_user');
  }

  /** Ends all sessions except the current one. */
  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'End all other sessions',
    description: 'Ends all sessions of the user except the current one.',
    operationId: 'endMyOtherSessions',
  })
  @ApiNoContentResponse({ description: 'They have ended.' })
  @ApiProblems({ bearer: true })
  async endOthers(@CurrentSession() current: SessionOfUser): Promise<void> {
    await this.sessions.endOfUser(current.user.id, 'ended_by_user', 'user', current.session.id);
  }
}

function toCursor({ lastUsedAt, id }: SessionPosition): string {
  return `${lastUsedAt}:${id}`;
}

function toPosition(cursor: string | null): SessionPosition | null {
  if (cursor === null) return null;
  const [lastUsedAt = '', id = ''] = cursor.split(':');
  return { lastUsedAt: Number(lastUsedAt), id };
}
