import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { CODE_VERIFIER } from '../../attempt/code-challenge.js';
import { CalledElsewhere, MayBeNull } from '../../http/validation.js';
import { CodeRequest } from '../code.requests.js';

/** Shows that the owner of the account is there: by a fresh wx.login, or by a website login that is not redeemed. */
export class OwnerProofRequest {
  @ApiProperty({
    required: false,
    description: 'Fresh code of wx.login, of a WeChat account that the user has already. Not with loginCode.',
    example: '081iIL0000b2GL14bY100yLB0z2iIL0E',
    maxLength: 512,
  })
  @MayBeNull()
  @Matches(CodeRequest.FORM, { message: 'code must be a code of wx.login' })
  code?: string;

  @ApiProperty({
    required: false,
    description: 'The mini program that the code is from; the first of WECHAT_MINI_PROGRAMS where absent.',
  })
  @MayBeNull()
  @IsString()
  @MaxLength(64)
  appId?: string;

  @CalledElsewhere('appId')
  appid?: unknown;

  @CalledElsewhere('appId')
  app_id?: unknown;

  @ApiProperty({
    required: false,
    description:
      'Of a website login just made by a WeChat account that the user has already, and not redeemed.',
    maxLength: 128,
  })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  loginCode?: string;

  @ApiProperty({ required: false, description: 'Of a loginCode that is bound to a codeChallenge.' })
  @MayBeNull()
  @Matches(CODE_VERIFIER, { message: 'codeVerifier must be 43 to 128 unreserved characters' })
  codeVerifier?: string;
}
