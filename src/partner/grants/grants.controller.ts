import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentSession } from '../../auth/access-token/access-token.js';
import { AccountPageQuery, Cursors } from '../../http/paging.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import { Grants } from './grants.js';
import { GrantListReply, grantReply } from './grants.replies.js';

/** What one's own account granted partner apps. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me/grants')
@RateLimit('account-writes')
export class GrantsController {
  constructor(
    private readonly grants: Grants,
    private readonly cursors: Cursors,
  ) {}

  /** Lists the grants, the newest first. */
  @Get()
  @RateLimit('account')
  @ApiOperation({
    summary: 'List what I granted partner apps',
    description: 'The apps of others that may read the account, what they may read, and since when.',
    operationId: 'myGrants',
  })
  @ApiOkResponse({ type: GrantListReply })
  @ApiProblems({ bearer: true }, 'VALIDATION_FAILED', 'CURSOR_INVALID')
  async list(
    @Query() { cursor, limit }: AccountPageQuery,
    @CurrentSession() { user }: SessionOfUser,
  ): Promise<GrantListReply> {
    const scope = { list: 'grants', filters: { user: user.id } };
    const rows = await this.grants.ofPerson(user.id, this.cursors.read(scope, cursor), limit + 1);
    const { items, nextCursor } = this.cursors.page(scope, rows, limit);
    return { items: items.map(grantReply), nextCursor };
  }

  /** Withdraws everything granted to the partner of a grant. */
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Withdraw a consent',
    description:
      'Withdraws all that was granted to the partner of this grant. Its tokens are refused within 5 seconds; the next login there asks for consent again.',
    operationId: 'withdrawMyGrant',
  })
  @ApiParam({
    name: 'id',
    description: 'Id of the grant.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e80',
  })
  @ApiNoContentResponse({ description: 'It is withdrawn.' })
  @ApiProblems({ bearer: true }, 'NOT_FOUND')
  async withdraw(@Param('id') id: string, @CurrentSession() { user }: SessionOfUser): Promise<void> {
    await this.grants.withdrawOne(user.id, id, 'user');
  }

  /** Withdraws everything granted to all partners. Idempotent. */
  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Withdraw all consents',
    description: 'Withdraws all that was granted to any partner app.',
    operationId: 'withdrawMyGrants',
  })
  @ApiNoContentResponse({ description: 'All are withdrawn.' })
  @ApiProblems({ bearer: true })
  async withdrawAll(@CurrentSession() { user }: SessionOfUser): Promise<void> {
    await this.grants.withdraw(user.id, null, 'user');
  }
}
