import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** Body: the part of the profile that a person may change. */
export class ProfileChangeRequest {
  @ApiProperty({
    example: '小明 🌱',
    description: 'Cleaned of invisible characters and cut to 64.',
    maxLength: 1024,
  })
  @IsString()
  @MaxLength(1024)
  nickname!: string;
}
