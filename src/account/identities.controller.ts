import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser } from '../auth/access-token/access-token.js';
import { RecentLoginGuard } from '../auth/access-token/recent-login.guard.js';
import { WeChatAuthGuard } from '../auth/wechat-auth.guard.js';
import { CurrentLogin, LoginBy } from '../auth/wechat-login-request.js';
import { ApiProblems, CODE_EXCHANGE_PROBLEMS } from '../http/problem-docs.js';
import { Cursors, AccountPageQuery } from '../http/paging.js';
import { validated } from '../http/validation.js';
import { LinkMiniProgramGuard, LinkMiniProgramRequest } from './link-mini-program.guard.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { SessionService } from '../session/session.service.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { Unlink } from '../user/unlink.js';
import { IdentityReply, identityReply } from '../user/user-replies.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';

/** One page of a person's identities. */
export class IdentityListReply {
  @ApiProperty({ description: 'One page, the oldest first.', type: [IdentityReply] })
  items!: IdentityReply[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'null on the last page.' })
  nextCursor!: string | null;
}

/**
 * The WeChat accounts that a user can log in with. A website is linked in `web-qr-login`, because that needs
 * a redirect to WeChat.
 */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me/identities')
@RateLimit('account-writes')
export class IdentitiesController {
  constructor(
    private readonly users: UserService,
    private readonly unlinking: Unlink,
    private readonly sessions: SessionService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @RateLimit('account')
  @ApiOperation({
    summary: 'The WeChat identities of the user',
    description: 'The WeChat identities of the user, the oldest first: one for each app.',
    operationId: 'myIdentities',
  })
  @ApiOkResponse({ type: IdentityListReply })
  @ApiProblems({ bearer: true }, 'VALIDATION_FAILED', 'CURSOR_INVALID')
  async list(
    @Query() { cursor, limit }: AccountPageQuery,
    @CurrentUser() user: SessionOfUser['user'],
  ): Promise<IdentityListReply> {
    const scope = { list: 'identities', filters: { user: user.id } };
    const after = this.cursors.read(scope, cursor);
    const rows = await this.users.identitiesOf(user.id, after, limit + 1);
    const { items, nextCursor } = this.cursors.page(scope, rows, limit);
    return { items: items.map(identityReply), nextCursor };
  }

  /**
   * Links the WeChat account of a fresh wx.login code. The proof shows that the owner of this account is
   * present. Linking twice is idempotent.
   */
  @Post('mini-program')
  @UseGuards(RecentLoginGuard, LinkMiniProgramGuard, WeChatAuthGuard)
  @LoginBy((request) => {
    const { code, appId } = validated(LinkMiniProgramRequest, request.body);
    return { channel: 'mini-program', purpose: 'link', userId: request.session?.user.id ?? '', code, appId };
  })
  @ApiOperation({
    summary: 'Link a mini program',
    description:
      'Adds the WeChat account of a fresh `wx.login` to this user. `proof` shows that the owner of this account is present, since an access token may be stolen. The login must be younger than 10 minutes.',
    operationId: 'linkMiniProgram',
  })
  @ApiCreatedResponse({ type: IdentityReply })
  @ApiProblems(
    { bearer: true, body: true },
    ...CODE_EXCHANGE_PROBLEMS,
    'REAUTHENTICATION_REQUIRED',
    'OWNER_PROOF_REQUIRED',
    'IDENTITY_TAKEN',
  )
  async link(
    @Body() _body: LinkMiniProgramRequest,
    @CurrentLogin() login: ResolvedLogin,
  ): Promise<IdentityReply> {
    await this.users.settle(login);
    return identityReply(login.identity);
  }

  /** Removes a WeChat account: all identities of its unionid, with their sessions. */
  @Delete(':id')
  @HttpCode(204)
  @UseGuards(RecentLoginGuard)
  @ApiOperation({
    summary: 'Unlink a WeChat account',
    description:
      'Removes a WeChat account: this identity and all others of its unionid, with their sessions. The last one cannot be removed. The login must be younger than 10 minutes.',
    operationId: 'unlink',
  })
  @ApiParam({
    name: 'id',
    description: 'Id of the identity.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e50',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems({ bearer: true }, 'REAUTHENTICATION_REQUIRED', 'NOT_FOUND', 'LAST_IDENTITY')
  async unlink(@Param('id') id: string, @CurrentUser() user: SessionOfUser['user']): Promise<void> {
    for (const gone of await this.unlinking.unlink(user.id, id)) this.sessions.forgetIdentity(gone);
  }
}
