import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { CalledElsewhere, MayBeNull } from '../http/validation.js';

/** A body with a code alone: the app is known. */
export class CodeRequest {
  /** Codes have 32 or 64 characters today, but that is not promised (wechat-api.md section 8). */
  static readonly FORM = /^[\x21-\x7e]{1,512}$/;

  @ApiProperty({
    description: 'Fresh code of wx.login: 5 minutes, one use.',
    example: '081iIL0000b2GL14bY100yLB0z2iIL0E',
    maxLength: 512,
  })
  @Matches(CodeRequest.FORM, { message: 'code must be a code of wx.login' })
  code!: string;

  @CalledElsewhere('code')
  js_code?: unknown;
}

/** A body with a code of any of the mini programs. */
export class AppCodeRequest extends CodeRequest {
  @ApiProperty({
    required: false,
    description: 'The mini program that the code is from; the first of WECHAT_MINI_PROGRAMS where absent.',
    example: 'wx5a4db0c0de000001',
  })
  @MayBeNull()
  @IsString()
  @MaxLength(64)
  appId?: string;

  @CalledElsewhere('appId')
  appid?: unknown;

  @CalledElsewhere('appId')
  app_id?: unknown;
}
