import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches, MaxLength, MinLength, ValidateIf } from 'class-validator';
import { CodeRequest } from '../auth/code.requests.js';
import { CalledElsewhere } from '../http/validation.js';
import { normalizeBase64 } from '../wechat/base64-forms.js';

const ENCRYPTED_DATA = /^[A-Za-z0-9+/]{22,65536}={0,2}$/;
/** base64 of 16 bytes. */
const IV = /^[A-Za-z0-9+/]{22}==$/;

/** Whether a field has a value. Many clients send `null` or `''` for an absent one. */
export function isGiven(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== '';
}

/** Accepts any variant of base64. */
function AnyBase64(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? normalizeBase64(value) : value,
  );
}

/** Encrypted open data, as the wx.* calls return it. */
export class OpenDataRequest {
  @ApiProperty({
    description: 'base64',
    example: 'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS',
  })
  @AnyBase64()
  @Matches(ENCRYPTED_DATA, { message: 'encryptedData must be base64' })
  encryptedData!: string;

  @ApiProperty({ description: 'base64 of 16 bytes', example: 'r7BXXKkLb8qrSNn05n0qiA==' })
  @AnyBase64()
  @Matches(IV, { message: 'iv must be base64 of 16 bytes' })
  iv!: string;
}

/** The result of wx.getUserProfile or wx.getUserInfo. */
export class ProfileRequest extends OpenDataRequest {
  @ApiProperty({
    description: 'Byte for byte as WeChat returned it.',
    example: '{"nickName":"小明 🌱","avatarUrl":"https://thirdwx.qlogo.cn/mmopen/vi_32/xiaoming-1/132"}',
  })
  @IsString()
  @MinLength(2)
  @MaxLength(65_536)
  rawData!: string;

  @ApiProperty({
    description: 'SHA-1 of rawData and session_key in lower-case hex, as WeChat returned it.',
    example: '75e81ceda165f4ffa64f4068af58c64b8f54b88c',
  })
  @Matches(/^[0-9a-fA-F]{40}$/, { message: 'signature must be a sha1 in hex' })
  signature!: string;
}

/** A code of the getPhoneNumber button, or the older encrypted form. */
export class PhoneNumberRequest {
  @ApiProperty({
    required: false,
    description: 'From the event of the button, not from wx.login.',
    example: 'e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144',
  })
  @ValidateIf((request: PhoneNumberRequest) => isGiven(request.code) || !isGiven(request.encryptedData))
  @Matches(CodeRequest.PATTERN, { message: 'code must be a code of the getPhoneNumber button' })
  code?: string;

  @CalledElsewhere('code')
  js_code?: unknown;

  @ApiProperty({ required: false, description: 'base64; the old way, with iv.' })
  @ValidateIf((request: PhoneNumberRequest) => !isGiven(request.code))
  @AnyBase64()
  @Matches(ENCRYPTED_DATA, { message: 'encryptedData must be base64' })
  encryptedData?: string;

  @ApiProperty({ required: false, description: 'base64 of 16 bytes' })
  @ValidateIf((request: PhoneNumberRequest) => !isGiven(request.code))
  @AnyBase64()
  @Matches(IV, { message: 'iv must be base64 of 16 bytes' })
  iv?: string;
}
