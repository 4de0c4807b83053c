import { Body, Controller, Get, Headers, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentSession, CurrentUser } from '../auth/access-token/access-token.js';
import { ApiAcceptLanguage } from '../http/accept-language.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { Profiles } from '../user/profiles.js';
import { UserReplies, UserReply } from '../user/user-replies.js';
import { weChatLanguage } from '../wechat/language.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { ProfileChangeRequest } from './account.requests.js';

/** The routes of one's own account. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1/users/me')
@RateLimit('account-writes')
export class AccountController {
  constructor(
    private readonly profiles: Profiles,
    private readonly wechat: WeChatApiService,
    private readonly userReplies: UserReplies,
  ) {}

  @Get()
  @RateLimit('account')
  @ApiOperation({
    summary: 'The user behind the token',
    description: 'The user of the access token.',
    operationId: 'me',
  })
  @ApiOkResponse({ type: UserReply })
  @ApiProblems({ bearer: true })
  me(@CurrentUser() user: SessionOfUser['user']): UserReply {
    return this.userReplies.user(user);
  }

  /** Sets the nickname that the person chose, as `<input type="nickname">` returns it. */
  @Patch()
  @ApiOperation({
    summary: 'Change the nickname',
    description: 'The nickname is cleaned of control characters and cut to 64 characters.',
    operationId: 'updateMe',
  })
  @ApiOkResponse({ type: UserReply })
  @ApiProblems({ bearer: true, body: true })
  async change(
    @Body() { nickname }: ProfileChangeRequest,
    @CurrentSession() session: SessionOfUser,
  ): Promise<UserReply> {
    return this.userReplies.user((await this.profiles.rename(session, nickname)).user);
  }

  /** The same by POST, because `wx.request` cannot send PATCH. */
  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change the nickname, from a mini program',
    description: 'The same as PATCH, since `wx.request` cannot send PATCH.',
    operationId: 'updateMeByPost',
  })
  @ApiOkResponse({ type: UserReply })
  @ApiProblems({ bearer: true, body: true })
  changeByPost(
    @Body() body: ProfileChangeRequest,
    @CurrentSession() session: SessionOfUser,
  ): Promise<UserReply> {
    return this.change(body, session);
  }

  /**
   * Reads nickname and picture from WeChat again, with the refresh token of the last website login (valid for
   * 30 days).
   */
  @Post('profile/sync')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Read the profile from WeChat again',
    description:
      "Reads nickname and picture again with WeChat's refresh token of the last website login, which WeChat keeps for 30 days.",
    operationId: 'syncProfile',
  })
  @ApiAcceptLanguage('In which language WeChat is asked for the profile: zh_CN, zh_TW or en.')
  @ApiOkResponse({ type: UserReply })
  @ApiProblems({ bearer: true }, 'WECHAT_AUTHORIZATION_EXPIRED', 'APP_UNKNOWN', ...WECHAT_CALL_PROBLEMS)
  async sync(
    @CurrentSession() session: SessionOfUser,
    @Headers('accept-language') acceptLanguage: string | undefined,
  ): Promise<UserReply> {
    const { appId, openId, refreshToken } = await this.profiles.authorization(session.user.id);
    const language = weChatLanguage(acceptLanguage);
    const profile = await this.wechat.websiteProfile(appId, openId, refreshToken, language);
    return this.userReplies.user((await this.profiles.replaceBy(session, profile)).user);
  }
}
