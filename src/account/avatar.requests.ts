import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { AVATAR_SIZES, type AvatarSize } from '../avatar/avatar-sizes.js';

const [LARGEST] = AVATAR_SIZES;

/** Query of a picture. */
export class AvatarQuery {
  @ApiProperty({
    required: false,
    enum: AVATAR_SIZES.map(String),
    default: String(LARGEST),
    example: '132',
    description: 'Edge of the square in pixels.',
  })
  @IsOptional()
  @IsIn(AVATAR_SIZES.map(String), { message: `size must be ${AVATAR_SIZES.join(' or ')}` })
  size?: string;
}

/** Returns the size that the query names, else the largest. */
export function sizeOf({ size }: AvatarQuery): AvatarSize {
  return AVATAR_SIZES.find((each) => String(each) === size) ?? LARGEST;
}
