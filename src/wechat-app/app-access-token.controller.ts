import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ServiceKey } from '../auth/api-key/api-key.guard.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { Clock } from '../common/clock.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { expiry, ExpiringReply } from './expiring.reply.js';

/** Reply: the credential with which a server calls WeChat for the app. */
export class AppAccessTokenReply extends ExpiringReply {
  @ApiProperty({ description: "WeChat's access_token of the app.", example: '84_vWP_BMIM5ZxKcJr0' })
  accessToken!: string;
}

/** WeChat's access_token of an app, for other services of the operator. */
@ApiTags('WeChat app')
@Controller('v1/wechat/access-tokens')
@ServiceKey()
@RateLimit('service')
export class AppAccessTokenController {
  constructor(
    private readonly wechat: WeChatApiService,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the only access token of the app. Services that fetch their own would invalidate each other's.
   */
  @Get(':appId')
  @ApiOperation({
    summary: "The app's own access token",
    description:
      "One access token of the app at WeChat for all services of the operator. Ask before each call instead of caching it: services that fetch tokens themselves invalidate each other's.",
    operationId: 'appAccessToken',
  })
  @ApiParam({
    name: 'appId',
    description: 'A mini program or an official account of the environment.',
    example: 'wx5a4db0c0de000001',
  })
  @ApiOkResponse({ type: AppAccessTokenReply })
  @ApiProblems({}, 'API_KEY_INVALID', 'APP_UNKNOWN', ...WECHAT_CALL_PROBLEMS, 'STORE_UNAVAILABLE')
  async get(@Param('appId') appId: string): Promise<AppAccessTokenReply> {
    const { accessToken, expiresAt } = await this.wechat.appAccessToken(appId);
    return {
      accessToken,
      ...expiry(expiresAt, this.clock.now()),
    };
  }
}
