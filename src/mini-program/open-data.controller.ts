import { Body, Controller, HttpCode, Post, Put, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { ApiProblems, WECHAT_CALL_PROBLEMS } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { BodyLimit, OPEN_DATA_LIMIT_BYTES } from '../http/bodies.js';
import { check } from '../http/validation.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { toE164 } from '../user/phone-number.js';
import { Profiles } from '../user/profiles.js';
import { UserReplies, UserReply } from '../user/user-replies.js';
import { PhoneInfo } from '../wechat/endpoints/user-phone-number.js';
import { signatureMatches } from '../wechat/open-data.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { MiniProgramSessionGuard } from '../auth/mini-program-session.guard.js';
import { isGiven, OpenDataRequest, PhoneNumberRequest, ProfileRequest } from './open-data.requests.js';
import { OpenDataReader } from './open-data-reader.js';

/** Reply: the user after a change. */
export class ProfileReply {
  @ApiProperty({ description: 'The user with the new profile.', type: UserReply })
  user!: UserReply;
}

/** Reply of phone-number: the number as WeChat returns it, and the user who now has it. */
export class PhoneNumberReply extends ProfileReply {
  @ApiProperty({ example: '13800138000', description: 'With the country code when it is a foreign number.' })
  phoneNumber!: string;

  @ApiProperty({ description: 'Without the country code.', example: '13800138000' })
  purePhoneNumber!: string;

  @ApiProperty({ description: 'Country calling code.', example: '86' })
  countryCode!: string;
}

/** Reply of open-data. */
export class OpenDataReply {
  @ApiProperty({
    description: 'The decrypted object, with its watermark.',
    type: 'object',
    additionalProperties: true,
    example: { stepInfoList: [], watermark: { timestamp: 1795249800, appid: 'wx5a4db0c0de000001' } },
  })
  data!: Record<string, unknown>;
}

/** Open data that WeChat encrypts for the app's server. The session_key never leaves the server. */
@ApiTags('mini program')
@ApiBearerAuth()
@Controller('v1/mini-program')
@RateLimit('open-data')
@UseGuards(MiniProgramSessionGuard)
export class OpenDataController {
  constructor(
    private readonly openData: OpenDataReader,
    private readonly profiles: Profiles,
    private readonly wechat: WeChatApiService,
    private readonly userReplies: UserReplies,
  ) {}

  /** Stores nickname and picture of wx.getUserProfile. WeChat's placeholders overwrite nothing. */
  @Put('profile')
  @BodyLimit(OPEN_DATA_LIMIT_BYTES)
  @ApiOperation({
    summary: 'Store the profile that WeChat encrypted',
    description:
      'Takes the result of `wx.getUserProfile`, checks `signature` over `rawData` with the session_key, decrypts `encryptedData`, and replaces nickname and picture. The placeholder 微信用户 and the grey picture replace nothing.',
    operationId: 'putProfile',
  })
  @ApiOkResponse({ type: ProfileReply })
  @ApiProblems(
    { bearer: true, body: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'SESSION_KEY_STALE',
    'SIGNATURE_MISMATCH',
    'OPEN_DATA_WATERMARK_INVALID',
    'OPEN_DATA_FOREIGN',
  )
  async profile(
    @Body() body: ProfileRequest,
    @CurrentSession() session: SessionOfUser,
  ): Promise<ProfileReply> {
    const { data, sessionKey } = await this.openData.read(session, body);
    if (!signatureMatches(body.rawData, body.signature, sessionKey)) throw new AppError('SIGNATURE_MISMATCH');
    const { user } = await this.profiles.replaceBy(session, {
      nickname: typeof data.nickName === 'string' ? data.nickName : null,
      avatarUrl: typeof data.avatarUrl === 'string' ? data.avatarUrl : null,
    });
    return { user: this.userReplies.user(user) };
  }

  /** Stores the phone number, from the code of the button or from the older encrypted form. */
  @Post('phone-number')
  @BodyLimit(OPEN_DATA_LIMIT_BYTES)
  @HttpCode(200)
  @ApiOperation({
    summary: "Store the person's phone number",
    description:
      'Takes the `code` of the getPhoneNumber button, or `encryptedData` and `iv` of older base libraries. The number is stored as E.164. A number of another user is refused.',
    operationId: 'phoneNumber',
  })
  @ApiOkResponse({ type: PhoneNumberReply })
  @ApiProblems(
    { bearer: true, body: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'PHONE_NUMBER_TAKEN',
    'SESSION_KEY_STALE',
    'OPEN_DATA_WATERMARK_INVALID',
    'OPEN_DATA_FOREIGN',
    'WECHAT_CODE_INVALID',
    'WECHAT_CODE_USED',
    'APP_UNKNOWN',
    ...WECHAT_CALL_PROBLEMS,
    'STORE_UNAVAILABLE',
  )
  async phoneNumber(
    @Body() body: PhoneNumberRequest,
    @CurrentSession() session: SessionOfUser,
  ): Promise<PhoneNumberReply> {
    const info = await this.phoneInfo(body, session);
    const number = toE164(info.countryCode, info.purePhoneNumber);
    if (number === null)
      throw new AppError('WECHAT_BAD_REPLY', { detail: 'WeChat returned an invalid phone number.' });
    const { user } = await this.profiles.setPhoneNumber(session, number);
    return {
      phoneNumber: info.phoneNumber,
      purePhoneNumber: info.purePhoneNumber,
      countryCode: info.countryCode,
      user: this.userReplies.user(user),
    };
  }

  /** Decrypts any other open data. */
  @Post('open-data')
  @BodyLimit(OPEN_DATA_LIMIT_BYTES)
  @HttpCode(200)
  @ApiOperation({
    summary: 'Decrypt open data',
    description:
      'Decrypts any other open data, such as the steps of WeRun, with the session_key of the identity and checks its watermark: the app, and an age of at most OPEN_DATA_MAX_AGE.',
    operationId: 'openData',
  })
  @ApiOkResponse({ type: OpenDataReply })
  @ApiProblems(
    { bearer: true, body: true },
    'MINI_PROGRAM_SESSION_REQUIRED',
    'SESSION_KEY_STALE',
    'OPEN_DATA_WATERMARK_INVALID',
    'OPEN_DATA_FOREIGN',
  )
  async decrypt(
    @Body() body: OpenDataRequest,
    @CurrentSession() session: SessionOfUser,
  ): Promise<OpenDataReply> {
    const { data } = await this.openData.read(session, body);
    return { data };
  }

  private async phoneInfo(body: PhoneNumberRequest, session: SessionOfUser): Promise<PhoneInfo> {
    const { appId, openId } = session.identity;
    if (isGiven(body.code)) return this.wechat.phoneNumber(appId, openId, body.code);
    const { data } = await this.openData.read(session, {
      encryptedData: body.encryptedData ?? '',
      iv: body.iv ?? '',
    });
    const info = check(PhoneInfo, data);
    if (Array.isArray(info)) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'encryptedData', message: 'encryptedData holds no phone number' }],
      });
    }
    return info;
  }
}
