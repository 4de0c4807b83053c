import {
  applyDecorators,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { AvatarStore, isAvatarKey } from '../avatar/avatar-store.js';
import { ApiProblems } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { MultipartBody } from '../http/bodies.js';
import { Public } from '../http/public.js';
import { PersonQuotas } from '../rate-limit/door-quotas.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { UserAvatars } from '../user/user-avatars.js';
import { UserReplies, UserReply } from '../user/user-replies.js';
import { UserService } from '../user/user.service.js';
import { AvatarQuery, sizeOf } from './avatar.requests.js';
import { uploadedPicture } from './uploaded-picture.js';

/** Decorators that both upload routes share. */
function TakesPicture(summary: string, operationId: string): MethodDecorator {
  return applyDecorators(
    MultipartBody(),
    ApiBearerAuth(),
    RateLimit('avatar-uploads'),
    ApiOperation({
      summary,
      operationId,
      description:
        'JPEG, PNG, WebP or GIF of at most 2 MB without animation, recognised by its content; stored as a square WebP. In a mini ' +
        'program, send the result of chooseAvatar: `wx.uploadFile({ url, filePath: e.detail.avatarUrl, name: "file", ' +
        'header: { Authorization: `Bearer ${accessToken}` } })`. It replaces the existing picture.',
    }),
    ApiConsumes('multipart/form-data'),
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        required: ['file'],
        properties: { file: { type: 'string', format: 'binary', description: 'The picture.' } },
      },
    }),
    ApiOkResponse({ type: UserReply }),
    ApiProblems({ bearer: true, body: true }, 'AVATAR_INVALID', 'AVATARS_BUSY', 'AVATAR_STORE_UNAVAILABLE'),
  );
}

/** Pictures of people. Their owners upload them; anybody who has the URL may fetch them. */
@ApiTags('account')
@Controller()
export class AvatarController {
  constructor(
    private readonly store: AvatarStore,
    private readonly userAvatars: UserAvatars,
    private readonly users: UserService,
    private readonly userReplies: UserReplies,
    private readonly quotas: PersonQuotas,
  ) {}

  /**
   * Stores the picture that the person chose, as chooseAvatar returns it (wechat-api.md sections 7.2, 7.5).
   */
  @Put('v1/users/me/avatar')
  @TakesPicture('Upload my picture', 'putAvatar')
  put(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentSession() session: SessionOfUser,
  ): Promise<UserReply> {
    return this.choose(request, reply, session);
  }

  /** The same for wx.uploadFile, which can only send POST. */
  @Post('v1/users/me/avatar')
  @HttpCode(200)
  @TakesPicture('Upload my picture with wx.uploadFile', 'postAvatar')
  post(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentSession() session: SessionOfUser,
  ): Promise<UserReply> {
    return this.choose(request, reply, session);
  }

  /** Serves a picture. The picture at a URL never changes, so a client need not revalidate it (RFC 8246). */
  @Get('avatars/:key')
  @Public()
  @ApiOperation({
    summary: 'A picture',
    description:
      'The picture that `avatarUrl` of a user names: a square WebP of 640 pixels, or of 132 with `size=132`.',
    operationId: 'avatar',
  })
  @ApiParam({ name: 'key', description: 'As in avatarUrl.', example: '9f2c6d1e0b7a4853' })
  @ApiResponse({
    status: 200,
    description: 'The picture, to be kept for a year.',
    content: { 'image/webp': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiResponse({ status: 304, description: 'The picture of If-None-Match is still there.' })
  @ApiProblems({}, 'NOT_FOUND', 'VALIDATION_FAILED', 'AVATAR_STORE_UNAVAILABLE')
  async picture(
    @Param('key') key: string,
    @Query() query: AvatarQuery,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const size = sizeOf(query);
    const bytes = isAvatarKey(key) ? await this.store.get(key, size) : null;
    if (!bytes) throw new AppError('NOT_FOUND', { detail: 'There is no picture under this key.' });
    const etag = `"${key}-${size}"`;
    void reply
      .header('Cache-Control', 'public, max-age=31536000, immutable')
      .header('ETag', etag)
      .header('X-Content-Type-Options', 'nosniff')
      // The websites that people log in to embed the picture.
      .header('Cross-Origin-Resource-Policy', 'cross-origin');
    if (isKnown(etag, known)) await reply.status(304).send();
    else await reply.type('image/webp').send(bytes);
  }

  private async choose(
    request: FastifyRequest,
    reply: FastifyReply,
    session: SessionOfUser,
  ): Promise<UserReply> {
    await this.quotas.take('avatar-uploads-person', session.user.id, reply);
    const bytes = await uploadedPicture(request);
    // The user is read again before and after: an upload takes long, and the user may have been merged
    // meanwhile.
    await this.userAvatars.choose((await this.owner(session)).id, bytes);
    return this.userReplies.user(await this.owner(session));
  }

  private async owner({ identity }: SessionOfUser): Promise<SessionOfUser['user']> {
    const found = await this.users.findIdentity(identity.id);
    if (!found) throw new AppError('SESSION_ENDED');
    return found.user;
  }
}

/** Whether If-None-Match names an ETag (RFC 9110 section 13.1.2: weak comparison). */
function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
