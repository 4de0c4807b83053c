import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { CODE_VERIFIER } from '../../attempt/code-challenge.js';
import { MayBeNull } from '../../http/validation.js';
import { CodeRequest } from '../code.requests.js';
import { AppIdProperty } from '../../http/app-id-property.js';

/**
 * Proof that the account's owner is present: a fresh wx.login, or a website login that has not been redeemed.
 */
export class OwnerProofRequest {
  @ApiProperty({
    required: false,
    description:
      'Fresh code of wx.login, of a WeChat account that is already linked to the user. Not with loginCode.',
    example: '081iIL0000b2GL14bY100yLB0z2iIL0E',
    maxLength: 512,
  })
  @MayBeNull()
  @Matches(CodeRequest.PATTERN, { message: 'code must be a code of wx.login' })
  code?: string;

  @AppIdProperty('The mini program that the code is from; if absent, the first of WECHAT_MINI_PROGRAMS.')
  appId?: string;

  @ApiProperty({
    required: false,
    description:
      'The loginCode of a recent website login with a WeChat account that is already linked to the user; not redeemed yet.',
    maxLength: 128,
  })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  loginCode?: string;

  @ApiProperty({
    required: false,
    description: 'The verifier, if the loginCode is bound to a codeChallenge.',
  })
  @MayBeNull()
  @Matches(CODE_VERIFIER, { message: 'codeVerifier must be 43 to 128 unreserved characters' })
  codeVerifier?: string;
}

/** The proof in a request that links a WeChat account. */
export function OwnerProofProperty(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description: 'Shows that the owner of the account is present.', type: OwnerProofRequest }),
    MayBeNull(),
    IsObject(),
    ValidateNested(),
    Type(() => OwnerProofRequest),
  );
}
