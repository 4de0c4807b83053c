import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionKeys } from '../user/session-keys.js';
import { type MiniProgramUser, WeChatApiService } from '../wechat/wechat-api.service.js';
import { MiniProgramSessionGuard } from '../auth/mini-program-session.guard.js';

/** Reply of check. */
export class SessionKeyReply {
  @ApiProperty({ description: 'Whether WeChat calls the session_key valid.', example: true })
  valid!: boolean;
}

const CALL_PROBLEMS: readonly ErrorCode[] = [
  'MINI_PROGRAM_SESSION_REQUIRED',
  'APP_UNKNOWN',
  ...WECHAT_CALL_PROBLEMS,
  'STORE_UNAVAILABLE',
];

/** Validity of the session_key at WeChat. The key itself is never in a reply. */
@ApiTags('mini program')
@ApiBearerAuth()
@Controller('v1/mini-program/session-key')
@RateLimit('open-data')
@UseGuards(MiniProgramSessionGuard)
export class SessionKeyController {
  constructor(
    private readonly sessionKeys: SessionKeys,
    private readonly wechat: WeChatApiService,
  ) {}

  /** Whether WeChat still accepts the key; `false` also if none is stored. */
  @Post('check')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Is the session_key alive',
    description:
      'Asks WeChat whether the session_key of this identity is still valid (auth.checkSessionKey). The key itself is never in a reply.',
    operationId: 'checkSessionKey',
  })
  @ApiOkResponse({ type: SessionKeyReply })
  @ApiProblems({ bearer: true }, ...CALL_PROBLEMS)
  async check(@CurrentSession() session: SessionOfUser): Promise<SessionKeyReply> {
    const user = await this.current(session);
    return { valid: user !== null && (await this.wechat.isSessionKeyAlive(user)) };
  }

  /** Replaces the key. The old one becomes invalid at once. */
  @Post('reset')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Replace the session_key',
    description:
      'Lets WeChat replace the session_key (auth.ResetUserSessionKey). Data that was encrypted with the old key can no longer be read.',
    operationId: 'resetSessionKey',
  })
  @ApiNoContentResponse({ description: 'The new key is stored.' })
  @ApiProblems({ bearer: true }, 'SESSION_KEY_STALE', ...CALL_PROBLEMS)
  async reset(@CurrentSession() session: SessionOfUser): Promise<void> {
    const user = await this.current(session);
    if (user === null) throw new AppError('SESSION_KEY_STALE');
    const { value, obtainedAt } = await this.wechat.resetSessionKey(user);
    await this.sessionKeys.store(session.identity.id, value, obtainedAt);
  }

  private async current({ identity }: SessionOfUser): Promise<MiniProgramUser | null> {
    const [sessionKey] = await this.sessionKeys.usable(identity.id);
    return sessionKey === undefined ? null : { appId: identity.appId, openId: identity.openId, sessionKey };
  }
}
