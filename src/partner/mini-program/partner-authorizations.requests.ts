import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { CODE_CHALLENGE } from '../../attempt/code-challenge.js';
import { CodeRequest } from '../../auth/code.requests.js';
import { MayBeNull } from '../../http/validation.js';
import { SCOPES } from '../registry/partner.js';

const APP_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SCOPE = new RegExp(`^(?:${SCOPES.join('|')})(?: (?:${SCOPES.join('|')}))*$`);
const CLIENT_ID = {
  example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e60',
  description: 'The partner: its `client_id`.',
};
const PARTNER_APP_ID = {
  example: 'wx5a4db0c0de0000aa',
  description:
    'The mini program of the partner that opened ours: `referrerInfo.appId` of `wx.getEnterOptionsSync()`, never what the partner says of itself.',
};
const SCOPE_DOCS = { example: 'openid profile', description: 'Scopes with spaces; `openid` among them.' };

/** Query: who asks, and for what. */
export class AskedAuthorizationRequest {
  @ApiProperty(CLIENT_ID)
  @IsString()
  @MaxLength(64)
  clientId!: string;

  @ApiProperty(PARTNER_APP_ID)
  @Matches(APP_ID, { message: 'partnerAppId must be an AppID' })
  partnerAppId!: string;

  @ApiProperty(SCOPE_DOCS)
  @Matches(SCOPE, { message: `scope must consist of ${SCOPES.join(', ')}` })
  scope!: string;
}

/** Body: the consent of the person, who is present. */
export class PartnerAuthorizationRequest extends IntersectionType(CodeRequest, AskedAuthorizationRequest) {
  @ApiProperty({
    description: "S256 challenge of the partner's server (RFC 7636).",
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
  @Matches(CODE_CHALLENGE, { message: 'codeChallenge must be base64url of a SHA-256' })
  codeChallenge!: string;

  @ApiProperty({ required: false, description: 'Comes back in the ID token.', example: 'n-0S6_WzA2Mj' })
  @MayBeNull()
  @IsString()
  @MaxLength(255)
  nonce?: string;
}

/** The partner that asks. */
export class AskingPartnerReply {
  @ApiProperty({ description: 'Its `client_id`.', example: CLIENT_ID.example })
  id!: string;

  @ApiProperty({ description: 'Its name.', example: '小店' })
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Its logo.',
    example: 'https://partner.example.com/logo.png',
  })
  logoUrl!: string | null;
}

/** Reply: what to show before the person consents. */
export class AskedAuthorizationReply {
  @ApiProperty({ description: 'Who asks.', type: AskingPartnerReply })
  partner!: AskingPartnerReply;

  @ApiProperty({
    description: 'What it asks for.',
    enum: SCOPES,
    isArray: true,
    example: ['openid', 'profile'],
  })
  scopes!: string[];

  @ApiProperty({ description: 'Whether the person granted all of it before.', example: false })
  granted!: boolean;
}

/** Reply: a code for the partner. */
export class PartnerAuthorizationReply {
  @ApiProperty({
    description: 'An authorization code: 60 seconds, one use, of use to this partner only.',
    example: '8e41c07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1',
  })
  code!: string;

  @ApiProperty({
    description: '60 seconds after the reply.',
    format: 'date-time',
    example: '2026-11-21T08:31:00.000Z',
  })
  expiresAt!: string;
}
