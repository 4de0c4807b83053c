import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { CalledElsewhere } from '../http/validation.js';
import { AppIdProperty } from '../http/app-id-property.js';

/** Body with a code whose app is known. */
export class CodeRequest {
  /** Codes have 32 or 64 characters today, but WeChat does not guarantee that (wechat-api.md section 8). */
  static readonly PATTERN = /^[\x21-\x7e]{1,512}$/;

  @ApiProperty({
    description: 'Fresh code of wx.login: 5 minutes, one use.',
    example: '081iIL0000b2GL14bY100yLB0z2iIL0E',
    maxLength: 512,
  })
  @Matches(CodeRequest.PATTERN, { message: 'code must be a code of wx.login' })
  code!: string;

  @CalledElsewhere('code')
  js_code?: unknown;
}

/** Body with a code of any configured mini program. */
export class AppCodeRequest extends CodeRequest {
  @AppIdProperty(
    'The mini program that the code is from; if absent, the first of WECHAT_MINI_PROGRAMS.',
    'wx5a4db0c0de000001',
  )
  appId?: string;
}
