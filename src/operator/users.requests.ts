import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { UserStatus } from '../user/user.entity.js';
import { PageQuery } from '../http/paging.js';

const STATUSES: readonly UserStatus[] = ['active', 'disabled', 'merged'];

/** Query of the users. */
export class UserListQuery extends PageQuery {
  @ApiProperty({
    required: false,
    example: '小明',
    maxLength: 256,
    description:
      'A user id, openid, unionid or phone number as a whole, or the beginning of a nickname. A phone number may be ' +
      'spelled in any way; without a country code it is one of China. Of nicknames with the same beginning, a thousand ' +
      'of each status are found: type more of the nickname to find others.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  q?: string;

  @ApiProperty({
    required: false,
    enum: STATUSES,
    example: 'active',
    description: 'If absent, all but merged users.',
  })
  @IsOptional()
  @IsIn(STATUSES)
  status?: UserStatus;
}
