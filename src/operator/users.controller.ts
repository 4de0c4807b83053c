import { applyDecorators, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AdminKey, CurrentOperator } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { Cursors } from '../http/paging.js';
import type { Actor } from '../events/event-log.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';
import { AccountControl } from '../user/account-control.js';
import { type DirectoryUser, UserDirectory } from '../user/user-directory.js';
import { identityReply, UserReplies } from '../user/user-replies.js';
import { UserService } from '../user/user.service.js';
import { OperatorUserDetailReply, OperatorUserListReply, OperatorUserReply } from './users.replies.js';
import { UserListQuery } from './users.requests.js';

/** Number of identities, and of sessions, shown with a user. */
const DETAILS = 100;

/** Decorators that the routes of one user share. */
function OneUser(summary: string, operationId: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary,
      operationId,
      description:
        'The id of a merged user means the surviving one. Each change is recorded as an event with the name of the API key.',
    }),
    ApiParam({ name: 'id', description: 'Id of the user.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f' }),
    ApiProblems({}, 'API_KEY_INVALID', 'RATE_LIMITED', 'FORBIDDEN', 'NOT_FOUND', 'DATABASE_UNAVAILABLE'),
  );
}

/** Users as operators see and change them. Each change is recorded under the name of the API key. */
@ApiTags('operators')
@Controller('v1/admin/users')
@AdminKey()
@RateLimit('admin')
export class UsersController {
  constructor(
    private readonly directory: UserDirectory,
    private readonly control: AccountControl,
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly userReplies: UserReplies,
    private readonly cursors: Cursors,
  ) {}

  /** Lists users, the newest first. New users do not shift the pages: none is shown twice or left out. */
  @Get()
  @ApiOperation({
    summary: 'Look for users',
    description:
      'Finds users by user id, openid, unionid, phone number, or the beginning of the nickname; the newest first.',
    operationId: 'adminUsers',
  })
  @ApiOkResponse({ type: OperatorUserListReply })
  @ApiProblems(
    {},
    'API_KEY_INVALID',
    'RATE_LIMITED',
    'FORBIDDEN',
    'VALIDATION_FAILED',
    'CURSOR_INVALID',
    'DATABASE_UNAVAILABLE',
  )
  async list(@Query() { q, status, cursor, limit }: UserListQuery): Promise<OperatorUserListReply> {
    const text = q?.trim() ?? '';
    const search = { q: text === '' ? null : text, status: status ?? null };
    const scope = { list: 'users', filters: search };
    const before = this.cursors.read(scope, cursor);
    const rows = await this.directory.list({ ...search, before, limit: limit + 1 });
    const { items, nextCursor } = this.cursors.page(scope, rows, limit);
    return { items: items.map((user) => this.reply(user)), nextCursor };
  }

  /** Returns a user with identities and sessions, at most 100 of each. */
  @Get(':id')
  @OneUser('Look at a user', 'adminUser')
  @ApiOkResponse({ type: OperatorUserDetailReply })
  async get(@Param('id') id: string): Promise<OperatorUserDetailReply> {
    const user = await this.require(id);
    const [identities, sessions] = await Promise.all([
      this.users.identitiesOf(user.id, null, DETAILS),
      this.sessions.ofUser(user.id, null, DETAILS),
    ]);
    return {
      ...this.reply(user),
      identities: identities.map(identityReply),
      sessions: sessions.map((each) => sessionReply(each, this.sessions.endsAt(each.session), null)),
    };
  }

  /** Erases a user as if the person had deleted the account: a later login creates a new user. */
  @Delete(':id')
  @HttpCode(204)
  @OneUser('Delete a user', 'adminDeleteUser')
  @ApiNoContentResponse({ description: 'It is gone.' })
  async delete(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<void> {
    this.forget(await this.control.delete(id, operator));
  }

  /** Ends all sessions and refuses logins, on every instance within 5 s. Idempotent. */
  @Post(':id/disable')
  @HttpCode(200)
  @OneUser('Disable a user', 'adminDisableUser')
  @ApiOkResponse({ type: OperatorUserReply })
  disable(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<OperatorUserReply> {
    return this.setStatus(id, 'disabled', operator);
  }

  /** Allows logins again. Sessions that have ended stay ended. Idempotent. */
  @Post(':id/enable')
  @HttpCode(200)
  @OneUser('Enable a user', 'adminEnableUser')
  @ApiOkResponse({ type: OperatorUserReply })
  enable(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<OperatorUserReply> {
    return this.setStatus(id, 'active', operator);
  }

  /** Ends all sessions of a user. */
  @Delete(':id/sessions')
  @HttpCode(204)
  @OneUser('End all sessions of a user', 'adminEndSessions')
  @ApiNoContentResponse({ description: 'They have ended.' })
  async endSessions(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<void> {
    const user = await this.require(id);
    await this.sessions.endOfUser(user.id, 'ended_by_operator', operator);
  }

  private async setStatus(
    id: string,
    status: 'active' | 'disabled',
    operator: Actor,
  ): Promise<OperatorUserReply> {
    this.forget(
      await this.control.setStatus(id, status, operator, (userId) => [
        this.sessions.endingOfUser(userId, 'account_disabled'),
      ]),
    );
    return this.reply(await this.require(id));
  }

  private forget(identityIds: readonly string[]): void {
    for (const identityId of identityIds) this.sessions.forgetIdentity(identityId);
  }

  private async require(id: string): Promise<DirectoryUser> {
    const user = await this.directory.find(id);
    if (!user) throw new AppError('NOT_FOUND', { detail: 'There is no such user.' });
    return user;
  }

  private reply(user: DirectoryUser): OperatorUserReply {
    return { ...this.userReplies.user(user), status: user.status, mergedInto: user.mergedInto };
  }
}
