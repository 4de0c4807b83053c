import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentSession } from '../auth/access-token.js';
import { ApiProblems } from '../common/api-problems.js';
import { AppError } from '../common/app-error.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionListReply, sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';

/** Where somebody is logged in. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me/sessions')
@RateLimit('account-writes')
export class SessionsController {
  constructor(private readonly sessions: SessionService) {}

  /** The sessions that are alive, the last used first. */
  @Get()
  @RateLimit('account')
  @ApiOperation({ summary: 'Where am I logged in', operationId: 'mySessions' })
  @ApiOkResponse({ type: SessionListReply })
  @ApiProblems({ bearer: true })
  async list(@CurrentSession() current: SessionOfUser): Promise<SessionListReply> {
    const sessions = await this.sessions.ofUser(current.user.id);
    return {
      items: sessions.map((each) =>
        sessionReply(each, this.sessions.endsAt(each.session), current.session.id),
      ),
      nextCursor: null,
    };
  }

  /** Ends one of them; the one that asks, too. Ending it twice is no error: networks repeat. */
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a session', operationId: 'endMySession' })
  @ApiNoContentResponse({ description: 'It has ended.' })
  @ApiProblems({ bearer: true }, 'NOT_FOUND')
  async end(@Param('id') id: string, @CurrentSession() current: SessionOfUser): Promise<void> {
    const sessions = await this.sessions.allOfUser(current.user.id);
    if (!sessions.some(({ session }) => session.id === id)) throw new AppError('NOT_FOUND');
    await this.sessions.end(id, 'ended_by_user');
  }

  /** Ends all but the one that asks. */
  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'End all other sessions', operationId: 'endMyOtherSessions' })
  @ApiNoContentResponse({ description: 'They have ended.' })
  @ApiProblems({ bearer: true })
  async endOthers(@CurrentSession() current: SessionOfUser): Promise<void> {
    await this.sessions.endOfUser(current.user.id, 'ended_by_user', 'user', current.session.id);
  }
}
