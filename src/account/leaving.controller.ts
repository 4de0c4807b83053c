import { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, StreamableFile, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentSession, CurrentUser } from '../auth/access-token/access-token.js';
import { RecentLoginGuard } from '../auth/access-token/recent-login.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionService } from '../session/session.service.js';
import { DeleteUser } from '../user/delete-user.js';
import { Export } from './export.js';
import { ExportReply } from './export.reply.js';

/** Export and deletion of one's own account. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me')
@RateLimit('account-writes')
export class LeavingController {
  constructor(
    private readonly exports: Export,
    private readonly sessions: SessionService,
    private readonly deleteUser: DeleteUser,
  ) {}

  /**
   * Everything that is stored about the person. Keys that only work between WeChat and this service are
   * listed without their values.
   */
  @Get('export')
  @ApiOperation({
    summary: 'Export my data',
    description: 'Everything that is stored about the user, as one JSON document.',
    operationId: 'exportMe',
  })
  @ApiOkResponse({ type: ExportReply })
  @ApiProblems({ bearer: true })
  async export(@CurrentSession() current: SessionOfUser): Promise<StreamableFile> {
    const pieces = this.exports.pieces(current);
    // The first piece is read before the reply begins, so that an error still gets its status code.
    const first = await pieces.next();
    const stream = Readable.from(resumed(first, pieces), { objectMode: false });
    return new StreamableFile(stream, {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="wechat-auth-export.json"',
    });
  }

  /**
   * Deletes the account. All sessions end at once, and all data of the person is erased in one transaction. A
   * later login creates a new user.
   */
  @Delete()
  @HttpCode(204)
  @UseGuards(RecentLoginGuard)
  @ApiOperation({
    summary: 'Delete my account',
    description:
      'Deletes the account (注销) in one transaction: sessions, identities, phone number, picture. The login must be younger than 10 minutes; a refresh does not count. A later login is a new user.',
    operationId: 'deleteMe',
  })
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

/** Continues a generator whose first piece has been read. */
async function* resumed(
  first: IteratorResult<string, void>,
  rest: AsyncGenerator<string, void>,
): AsyncGenerator<string, void> {
  if (!first.done) yield first.value;
  yield* rest;
}
