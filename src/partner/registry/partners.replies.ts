import { ApiProperty } from '@nestjs/swagger';
import { AUTH_METHODS, type AuthMethod, SUBJECT_TYPES, type SubjectType } from './partner.entity.js';
import { type Partner, type PublicKeySet, type Scope, SCOPES } from './partner.js';

/** A partner, as operators see it. */
export class PartnerReply {
  @ApiProperty({ description: 'The client_id.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e70' })
  id!: string;

  @ApiProperty({ description: 'What people see on the consent page.', example: 'Reports' })
  name!: string;

  @ApiProperty({
    description: 'Picture for the consent page.',
    type: String,
    nullable: true,
    example: 'https://reports.example.com/logo.png',
  })
  logoUrl!: string | null;

  @ApiProperty({
    description: 'Where a login may lead.',
    type: [String],
    example: ['https://reports.example.com/callback'],
  })
  redirectUris!: readonly string[];

  @ApiProperty({
    description: 'Where a logout may lead.',
    type: [String],
    example: ['https://reports.example.com/goodbye'],
  })
  postLogoutRedirectUris!: readonly string[];

  @ApiProperty({
    description: 'What it may ask for.',
    enum: SCOPES,
    isArray: true,
    example: ['openid', 'profile', 'offline_access'],
  })
  scopes!: readonly Scope[];

  @ApiProperty({
    description: 'How it authenticates at the token endpoint.',
    enum: AUTH_METHODS,
    example: 'client_secret_basic',
  })
  authMethod!: AuthMethod;

  @ApiProperty({
    description: 'Its public keys, for `private_key_jwt`.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  jwks!: PublicKeySet | null;

  @ApiProperty({ description: 'Or where they are.', type: String, nullable: true, example: null })
  jwksUri!: string | null;

  @ApiProperty({ description: 'It is your own app: people are not asked for consent.', example: false })
  firstParty!: boolean;

  @ApiProperty({
    description: 'Whether its subjects are its own.',
    enum: SUBJECT_TYPES,
    example: 'pairwise',
  })
  subjectType!: SubjectType;

  @ApiProperty({
    description: 'The app whose openid the scope `wechat` reveals.',
    type: String,
    nullable: true,
    example: 'wx5a4db0c0de000001',
  })
  wechatAppId!: string | null;

  @ApiProperty({
    description: 'Its mini programs that may open yours.',
    type: [String],
    example: ['wx5a4db0c0de000009'],
  })
  miniProgramAppIds!: readonly string[];

  @ApiProperty({
    description: 'When it was registered.',
    format: 'date-time',
    example: '2026-11-21T08:30:00.000Z',
  })
  createdAt!: string;

  @ApiProperty({
    description: 'When it was last changed.',
    format: 'date-time',
    example: '2026-11-21T08:30:00.000Z',
  })
  updatedAt!: string;
}

/** A partner with a secret that was just made. */
export class PartnerWithSecretReply extends PartnerReply {
  @ApiProperty({
    required: false,
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    description:
      'The client_secret, where one was made. It is shown this once, and stored as a hash: who loses it needs a new one.',
  })
  secret?: string;
}

/** One page of partners. */
export class PartnerListReply {
  @ApiProperty({ description: 'One page, the newest first.', type: [PartnerReply] })
  items!: PartnerReply[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'null on the last page.' })
  nextCursor!: string | null;
}

/** Without the hash of the secret. */
export function partnerReply({ secretHash: _, createdAt, updatedAt, ...partner }: Partner): PartnerReply {
  return {
    ...partner,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
