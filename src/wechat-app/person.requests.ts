import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { AppError } from '../common/app-error.js';
import { AppIdProperty } from '../http/app-id-property.js';
import { CalledElsewhere, MayBeNull } from '../http/validation.js';
import type { PersonOfApp } from '../user/session-keys.js';

/** A person of a mini program: exactly one of openId and userId. */
export class PersonRequest {
  @AppIdProperty('The mini program; if absent, the first of WECHAT_MINI_PROGRAMS.', 'wx5a4db0c0de000001')
  appId?: string;

  @ApiProperty({
    required: false,
    description: 'The openid of the person in this mini program. Either this or userId.',
    example: 'o7fXyU4JYw691soImxHMcCqVJWN5',
  })
  @MayBeNull()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/, { message: 'openId must be an openid' })
  openId?: string;

  @ApiProperty({
    required: false,
    description:
      'The id of the user, `sub` of an access token. The id of a merged user means the surviving one. With several identities in the mini program it is the one whose session_key is newest.',
  })
  @MayBeNull()
  @Matches(/^[0-9a-f-]{36}$/, { message: 'userId must be the id of a user' })
  userId?: string;

  @CalledElsewhere('openId')
  openid?: unknown;

  @CalledElsewhere('userId')
  sub?: unknown;
}

/** @throws AppError VALIDATION_FAILED unless exactly one of openId and userId is given */
export function personOf({ openId, userId }: PersonRequest): PersonOfApp {
  if (openId !== undefined && userId === undefined) return { openId };
  if (userId !== undefined && openId === undefined) return { userId };
  throw new AppError('VALIDATION_FAILED', {
    errors: [{ field: 'openId', message: 'exactly one of openId and userId must be given' }],
  });
}
