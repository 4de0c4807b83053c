import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { ATTEMPT_METHODS, type AttemptMethod, channelOfMethod } from '../../channel/channels.js';
import { CODE_CHALLENGE } from '../../attempt/code-challenge.js';
import { CalledElsewhere, MayBeNull } from '../../http/validation.js';
import { WxLoginOptions } from '../../attempt/wx-login-options.js';

const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** Body of a new attempt. */
export class AttemptRequest {
  @ApiProperty({
    enum: ATTEMPT_METHODS,
    description: `${ATTEMPT_METHODS.map((method) => `\`${method}\`: ${channelOfMethod(method).attempt.shows}`).join('; ')}.`,
    example: 'mini-program',
  })
  @IsIn(ATTEMPT_METHODS, { message: () => `method must be ${anyOf.format(ATTEMPT_METHODS)}` })
  method!: AttemptMethod;

  @ApiProperty({ required: false, description: 'An app of the kind of the method; the first where absent.' })
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
    description: 'Where to go afterwards; must match RETURN_URLS. The hosted login page where absent.',
    example: 'https://shop.example.com/welcome',
  })
  @MayBeNull()
  @IsString()
  @MaxLength(2048)
  returnTo?: string;

  @ApiProperty({
    required: false,
    description:
      'S256 challenge of who redeems the loginCode; bound to the cookie of this browser where absent.',
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
  @MayBeNull()
  @Matches(CODE_CHALLENGE, { message: 'codeChallenge must be base64url of a SHA-256' })
  codeChallenge?: string;
}

/** Body of the report of a page that was shown in a frame. */
export class FramedCallbackRequest {
  @ApiProperty({ description: 'From the page: 60 seconds, one use.', example: '5be0…64 characters' })
  @IsString()
  @MaxLength(128)
  secret!: string;
}

/** Reply: a new attempt. */
export class AttemptReply {
  @ApiProperty({ description: 'To ask for the status with.', example: '9f2b…64 characters' })
  id!: string;

  @ApiProperty({
    description: 'Reads the status from another site, where the cookie is blocked: X-Attempt-Secret.',
    example: '07ac…64 characters',
  })
  secret!: string;

  @ApiProperty({ enum: ATTEMPT_METHODS, example: 'mini-program' })
  method!: AttemptMethod;

  @ApiProperty({
    required: false,
    description: "website, in-wechat: WeChat's page, for the whole window.",
    example: 'https://open.weixin.qq.com/connect/qrconnect?appid=wx…&state=…#wechat_redirect',
  })
  authorizeUrl?: string;

  @ApiProperty({ required: false, type: WxLoginOptions, description: 'website: the same in a frame.' })
  wxLogin?: WxLoginOptions;

  @ApiProperty({
    required: false,
    description: 'mini-program: the picture of the code, for an `img`.',
    example: 'https://auth.example.com/v1/web-qr-login/qr-codes/51d0…',
  })
  qrImageUrl?: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T08:35:00.000Z' })
  expiresAt!: string;
}

/** Reply: where an attempt stands. */
export class AttemptStatusReply {
  @ApiProperty({ enum: ['pending', 'scanned', 'confirmed', 'denied', 'expired'], example: 'scanned' })
  status!: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';

  @ApiProperty({
    required: false,
    description: 'With `confirmed`, until it is redeemed: 60 seconds, one use.',
    example: '3c1f…64 characters',
  })
  loginCode?: string;
}
