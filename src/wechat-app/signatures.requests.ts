import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { PAY_ENVIRONMENTS, type PayEnvironment } from '../config/pay-app-keys.js';
import { CalledElsewhere, MayBeNull } from '../http/validation.js';
import { ENCODINGS, type Encoding } from './payload.js';
import { PersonRequest } from './person.requests.js';

/** A path without host and query, or the fixed word of the client's call (wechat-api-2.md section 13.1). */
const URI = /^(?:(?:\/[A-Za-z0-9_.~-]+)+|requestVirtualPayment)$/;

/** Body of signatures. */
export class SignatureRequest extends PersonRequest {
  @ApiProperty({
    description:
      'What is signed, byte for byte: the body of the call to WeChat, or `signData` of `wx.requestVirtualPayment`. Serialise it once, and send WeChat this very text. For calls without a body the empty string. At most 64 KB.',
    example: '{"openid": "xxx", "user_ip": "127.0.0.1", "env": 0}',
  })
  @IsString()
  payload!: string;

  @ApiProperty({
    required: false,
    enum: ENCODINGS,
    default: 'utf8',
    description: '`base64` for a payload that is not UTF-8.',
    example: 'utf8',
  })
  @MayBeNull()
  @IsIn(ENCODINGS)
  encoding?: Encoding;

  @ApiProperty({
    required: false,
    default: false,
    description: 'First asks WeChat whether the session_key is alive (auth.checkSessionKey).',
    example: true,
  })
  @MayBeNull()
  @IsBoolean()
  requireAlive?: boolean;

  @ApiProperty({
    required: false,
    description:
      'For `paySig`: the path of the call without host and query, or `requestVirtualPayment` for the call of the mini program.',
    example: '/xpay/query_user_balance',
  })
  @MayBeNull()
  @MaxLength(128)
  @Matches(URI, { message: 'uri must be a path without host and query, or requestVirtualPayment' })
  uri?: string;

  @ApiProperty({
    required: false,
    enum: PAY_ENVIRONMENTS,
    default: 0,
    description: 'Whose AppKey makes `paySig`: 0 live, 1 sandbox. The payload must name the same.',
    example: 0,
  })
  @MayBeNull()
  @IsIn(PAY_ENVIRONMENTS)
  env?: PayEnvironment;

  @CalledElsewhere('payload')
  signData?: unknown;
}
