import { ApiProperty, PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { AUTH_METHODS, type AuthMethod, SUBJECT_TYPES, type SubjectType } from './partner.entity.js';
import { type PublicKeySet, type Scope, SCOPES } from './partner.js';

const MAX_URIS = 20;
const URI_LENGTH = 2_048;
const MINI_PROGRAM_APP_ID = /^wx[0-9a-f]{16}$/;
/** The keys of RFC 7517, appendix A.1. */
const EXAMPLE_KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  use: 'sig',
  kid: '2026-11',
};

/** Settings of a partner that have defaults. */
class PartnerOptions {
  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    example: 'https://reports.example.com/logo.png',
    description: 'Picture for the consent page, by https.',
  })
  @IsOptional()
  @IsString()
  logoUrl?: string | null;

  @ApiProperty({
    required: false,
    type: [String],
    maxItems: MAX_URIS,
    default: [],
    example: ['https://reports.example.com/goodbye'],
    description: 'Where a logout may lead. The same rules as for redirectUris.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_URIS)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(URI_LENGTH, { each: true })
  postLogoutRedirectUris?: string[];

  @ApiProperty({
    required: false,
    enum: SCOPES,
    isArray: true,
    default: ['openid', 'profile'],
    example: ['openid', 'profile', 'offline_access'],
    description: 'What the partner may ask for; `openid` is always among it. `wechat` needs wechatAppId.',
  })
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  scopes?: Scope[];

  @ApiProperty({
    required: false,
    enum: AUTH_METHODS,
    default: 'client_secret_basic',
    example: 'client_secret_basic',
    description:
      'How the partner authenticates at the token endpoint. `none` is for apps that cannot keep a secret; it has none, as `private_key_jwt`.',
  })
  @IsOptional()
  @IsIn(AUTH_METHODS)
  authMethod?: AuthMethod;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    additionalProperties: true,
    example: null,
    description: `Public keys (RFC 7517) for \`private_key_jwt\`: at most 10, EC, RSA or Ed25519, for instance \`{ "keys": [${JSON.stringify(EXAMPLE_KEY)}] }\`.`,
  })
  @IsOptional()
  @IsObject()
  jwks?: PublicKeySet | null;

  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    example: null,
    description: 'Or the https address of the key set.',
  })
  @IsOptional()
  @IsString()
  jwksUri?: string | null;

  @ApiProperty({
    required: false,
    default: false,
    example: false,
    description: 'It is your own app: people are not asked for consent.',
  })
  @IsOptional()
  @IsBoolean()
  firstParty?: boolean;

  @ApiProperty({
    required: false,
    enum: SUBJECT_TYPES,
    default: 'pairwise',
    example: 'pairwise',
    description: '`pairwise`: no other partner has the same `sub` for a person. `public`: it is the user id.',
  })
  @IsOptional()
  @IsIn(SUBJECT_TYPES)
  subjectType?: SubjectType;

  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    example: 'wx5a4db0c0de000001',
    description: 'The app of this service whose openid the scope `wechat` reveals.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  wechatAppId?: string | null;

  @ApiProperty({
    required: false,
    type: [String],
    maxItems: MAX_URIS,
    default: [],
    example: ['wx5a4db0c0de000009'],
    description: "The partner's mini programs that may open yours to ask for consent.",
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_URIS)
  @ArrayUnique()
  @Matches(MINI_PROGRAM_APP_ID, { each: true, message: 'each value in miniProgramAppIds must be an appid' })
  miniProgramAppIds?: string[];
}

/** Body: a partner to register. */
export class PartnerRequest extends PartnerOptions {
  @ApiProperty({
    example: 'Reports',
    maxLength: 1024,
    description: 'What people see on the consent page. Cleaned of invisible characters and cut to 64.',
  })
  @IsString()
  @MaxLength(1024)
  name!: string;

  @ApiProperty({
    type: [String],
    minItems: 1,
    maxItems: MAX_URIS,
    example: ['https://reports.example.com/callback'],
    description:
      'Where a login may lead, compared as text: https; http to 127.0.0.1, [::1] or localhost; with `authMethod: none` also a scheme such as `com.example.app:/callback`.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_URIS)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(URI_LENGTH, { each: true })
  redirectUris!: string[];
}

/** Body: what to change. Absent members stay; `null` removes an optional one. */
export class PartnerChangeRequest extends PartialType(PartnerRequest) {}
