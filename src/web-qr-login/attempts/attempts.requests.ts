import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { ATTEMPT_METHODS, type AttemptMethod, channelOfMethod } from '../../channel/channels.js';
import { CODE_CHALLENGE } from '../../attempt/code-challenge.js';
import { MayBeNull } from '../../http/validation.js';
import { WxLoginOptions } from '../../attempt/wx-login-options.js';
import { AppIdProperty } from '../../http/app-id-property.js';

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

  @AppIdProperty('An app of the kind of the method; if absent, the first one.')
  appId?: string;

  @ApiProperty({
    required: false,
    description: 'Where to go afterwards; must match RETURN_URLS. If absent, the hosted login page.',
    example: 'http://localhost:3000/login',
  })
  @MayBeNull()
  @IsString()
  @MaxLength(2048)
  returnTo?: string;

  @ApiProperty({
    required: false,
    description:
      'S256 challenge of the client that redeems the loginCode. If absent, the attempt is bound to the cookie of this browser.',
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
  @MayBeNull()
  @Matches(CODE_CHALLENGE, { message: 'codeChallenge must be base64url of a SHA-256' })
  codeChallenge?: string;
}

/** Body of the report that a page was shown in a frame. */
export class FramedCallbackRequest {
  @ApiProperty({
    description: 'From the page; valid for 60 seconds, single use.',
    example: '5be0c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  @IsString()
  @MaxLength(128)
  secret!: string;
}

/** Reply: a new attempt. */
export class AttemptReply {
  @ApiProperty({
    description: 'Id with which the status is read.',
    example: '9f2bc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  id!: string;

  @ApiProperty({
    description:
      'Sent as X-Attempt-Secret, it reads the status from another site, where the cookie is blocked.',
    example: '07acc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  secret!: string;

  @ApiProperty({ description: 'The method of the request.', enum: ATTEMPT_METHODS, example: 'mini-program' })
  method!: AttemptMethod;

  @ApiProperty({
    required: false,
    description: "website, in-wechat: WeChat's page, for the whole window.",
    example:
      'https://open.weixin.qq.com/connect/qrconnect?appid=wx5a4db0c0de000002&state=6f0cc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5#wechat_redirect',
  })
  authorizeUrl?: string;

  @ApiProperty({ required: false, type: WxLoginOptions, description: 'website: the same in a frame.' })
  wxLogin?: WxLoginOptions;

  @ApiProperty({
    required: false,
    description: 'mini-program: the picture of the code, for an `img`.',
    example:
      'http://localhost:3000/v1/web-qr-login/qr-codes/51d0c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  qrImageUrl?: string;

  @ApiProperty({
    description: 'When the attempt expires.',
    format: 'date-time',
    example: '2026-11-21T08:35:00.000Z',
  })
  expiresAt!: string;
}

/** Reply: the status of an attempt. */
export class AttemptStatusReply {
  @ApiProperty({
    description: '`pending` until somebody scans; then `scanned`, and one of the three that end it.',
    enum: ['pending', 'scanned', 'confirmed', 'denied', 'expired'],
    example: 'scanned',
  })
  status!: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';

  @ApiProperty({
    required: false,
    description: 'With `confirmed`, until it is redeemed; valid for 60 seconds, single use.',
    example: '3c1fc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  loginCode?: string;
}
