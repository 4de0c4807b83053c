import { Controller, Delete, Get, Header, HttpCode, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentSession, CurrentUser } from '../auth/access-token.js';
import { RecentLoginGuard } from '../auth/recent-login.guard.js';
import { ApiProblems } from '../common/api-problems.js';
import { EventLog } from '../events/event-log.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';
import { UserAvatars } from '../user/user-avatars.js';
import { DeleteUser } from '../user/delete-user.js';
import { identityReply, UserReplies } from '../user/user-replies.js';
import { UserService } from '../user/user.service.js';
import { ExportReply } from './export.reply.js';

/** Taking one's data along, and leaving. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me')
@RateLimit('account-writes')
export class LeavingController {
  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly events: EventLog,
    private readonly deleteUser: DeleteUser,
    private readonly userReplies: UserReplies,
    private readonly userAvatars: UserAvatars,
  ) {}

  /** Everything that is held about the person. Keys that only work between WeChat and this service are named, not shown. */
  @Get('export')
  @Header('Content-Disposition', 'attachment; filename="wechat-auth-export.json"')
  @ApiOperation({ summary: 'Everything held about me', operationId: 'exportMe' })
  @ApiOkResponse({ type: ExportReply })
  @ApiProblems({ bearer: true })
  async export(@CurrentSession() current: SessionOfUser): Promise<ExportReply> {
    const { user } = current;
    const [identities, sessions, events, pendingPictures] = await Promise.all([
      this.users.identitiesOf(user.id),
      this.sessions.allOfUser(user.id),
      this.events.ofUser(user.id),
      this.userAvatars.pendingOf(user.id),
    ]);
    return {
      user: this.userReplies.user(user),
      identities: identities.map(identityReply),
      sessions: sessions.map((each) => ({
        ...sessionReply(each, this.sessions.endsAt(each.session), current.session.id),
        endedAt: isoTime(this.sessions.endedAt(each.session)),
        endReason: each.session.revokeReason,
        userAgent: each.session.device,
      })),
      pendingPictures,
      events: events.map(({ id, type, actor, ip, details, createdAt }) => ({
        id,
        type,
        actor,
        ip,
        details,
        createdAt,
      })),
      encrypted: ['session_key of each mini program', "WeChat's refresh token of each website"],
    };
  }

  /**
   * Deletes the account: all sessions end at once, and everything about the person is erased in one transaction. A
   * later login is a new user.
   */
  @Delete()
  @HttpCode(204)
  @UseGuards(RecentLoginGuard)
  @ApiOperation({ summary: 'Delete my account', operationId: 'deleteMe' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems({ bearer: true }, 'REAUTHENTICATION_REQUIRED')
  async delete(@CurrentUser() user: SessionOfUser['user']): Promise<void> {
    const identityIds = await this.deleteUser.delete(user.id, {
      actor: 'user',
      reason: 'asked for by the person',
    });
    for (const identityId of identityIds) this.sessions.forgetIdentity(identityId);
  }
}

/** ISO 8601, UTC. */
function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
