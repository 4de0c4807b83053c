import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { MayBeNull } from '../http/validation.js';

/** Body of a refresh. */
export class RefreshRequest {
  @ApiProperty({
    description: 'The latest refresh token of the session.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj',
    maxLength: 256,
  })
  @IsString()
  @MaxLength(256)
  refreshToken!: string;
}

/** Body of a logout. It may be empty if a bearer token is sent. */
export class LogoutRequest {
  @ApiProperty({
    description: 'The latest refresh token of the session; leave it out to log out by the access token.',
    required: false,
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj',
    maxLength: 256,
  })
  @MayBeNull()
  @IsString()
  @MaxLength(256)
  refreshToken?: string;
}
