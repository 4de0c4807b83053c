import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, MinLength, ValidateIf } from 'class-validator';
import { CodeRequest } from '../auth/code.requests.js';

const ENCRYPTED_DATA = /^[A-Za-z0-9+/ ]{22,65536}={0,2}$/;
/** base64 of 16 bytes; spaces stand for `+` where a form was not url-encoded. */
const IV = /^[A-Za-z0-9+/ ]{22}==$/;

/** Many clients send `null` for what is absent. */
function isGiven(value: string | null | undefined): boolean {
  return value !== undefined && value !== null;
}

/** Encrypted open data, as wx.* calls give it. */
export class OpenDataRequest {
  @ApiProperty({
    description: 'base64',
    example: 'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS',
  })
  @Matches(ENCRYPTED_DATA, { message: 'encryptedData must be base64' })
  encryptedData!: string;

  @ApiProperty({ description: 'base64 of 16 bytes', example: 'r7BXXKkLb8qrSNn05n0qiA==' })
  @Matches(IV, { message: 'iv must be base64 of 16 bytes' })
  iv!: string;
}

/** What wx.getUserProfile or wx.getUserInfo gives. */
export class ProfileRequest extends OpenDataRequest {
  @ApiProperty({
    description: 'Byte for byte as WeChat gave it.',
    example: '{"nickName":"小明 🌱","avatarUrl":"https://…"}',
  })
  @IsString()
  @MinLength(2)
  @MaxLength(8192)
  rawData!: string;

  @ApiProperty({ example: '75e81ceda165f4ffa64f4068af58c64b8f54b88c' })
  @Matches(/^[0-9a-fA-F]{40}$/, { message: 'signature must be a sha1 in hex' })
  signature!: string;
}

/** A code of the getPhoneNumber button, or the old encrypted form. */
export class PhoneNumberRequest {
  @ApiProperty({
    required: false,
    description: 'From the event of the button, not from wx.login.',
    example: 'e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144',
  })
  @ValidateIf((request: PhoneNumberRequest) => isGiven(request.code) || !isGiven(request.encryptedData))
  @Matches(CodeRequest.FORM, { message: 'code must be a code of the getPhoneNumber button' })
  code?: string;

  @ApiProperty({ required: false, description: 'base64; the old way, with iv.' })
  @ValidateIf((request: PhoneNumberRequest) => !isGiven(request.code))
  @Matches(ENCRYPTED_DATA, { message: 'encryptedData must be base64' })
  encryptedData?: string;

  @ApiProperty({ required: false, description: 'base64 of 16 bytes' })
  @ValidateIf((request: PhoneNumberRequest) => !isGiven(request.code))
  @Matches(IV, { message: 'iv must be base64 of 16 bytes' })
  iv?: string;
}
