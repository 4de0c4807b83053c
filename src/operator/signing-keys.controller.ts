import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { AdminKey, CurrentOperator } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import type { Actor } from '../events/event-log.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import type { AddedKey } from '../session/keys/key-rotation.js';
import { KEY_PURPOSES, type KeyPurpose } from '../session/keys/key-set.js';
import { PartnerSigningKeys } from '../session/keys/partner-signing-keys.js';
import { SigningKeys } from '../session/signing-keys.js';

/** Body of a rotation; may be empty. */
export class RotationRequest {
  @ApiProperty({
    required: false,
    default: false,
    example: false,
    description: 'After a compromise: the new key signs at once, and tokens of all other keys are refused.',
  })
  @IsOptional()
  @IsBoolean()
  now?: boolean;

  @ApiProperty({
    required: false,
    enum: KEY_PURPOSES,
    example: 'access',
    description:
      'Which keys: those of the access tokens, or those of the ID tokens for partners. If absent, both; partners only if their keys were ever used.',
  })
  @IsOptional()
  @IsIn(KEY_PURPOSES)
  purpose?: KeyPurpose;
}

/** A key that a rotation created. */
export class RotatedKeyReply {
  @ApiProperty({
    description: 'The key that was added.',
    example: 'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s',
  })
  kid!: string;

  @ApiProperty({
    format: 'date-time',
    example: '2026-11-21T10:30:00.000Z',
    description: 'When it begins to sign; it is published already.',
  })
  activeFrom!: string;
}

/** The key of the access tokens that a rotation created, or of the set that the request names. */
export class RotationReply extends RotatedKeyReply {
  @ApiProperty({
    type: RotatedKeyReply,
    required: false,
    description: 'The key of the ID tokens for partners, where both sets were rotated.',
  })
  partner?: RotatedKeyReply;
}

/** The keys that sign tokens. They rotate on schedule; this route rotates them early. */
@ApiTags('operators')
@Controller('v1/admin/signing-keys')
@AdminKey()
@RateLimit('admin')
export class SigningKeysController {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly partnerKeys: PartnerSigningKeys,
  ) {}

  /**
   * Creates a key. Without `now` it is published at once and signs 2 hours later, when every cache of the key
   * set contains it. With `now`, services that verify tokens offline accept the old keys until their cache
   * expires. If the second of two sets cannot be rotated, the request is repeated.
   */
  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Replace the signing key',
    description:
      'Starts a rotation: a new key is published now and signs 2 hours later. With `now` it signs at once and the old keys are withdrawn, after a compromise; tokens of the old keys are refused.',
    operationId: 'adminRotateSigningKeys',
  })
  @ApiOkResponse({ type: RotationReply })
  @ApiProblems({ body: true }, 'API_KEY_INVALID', 'RATE_LIMITED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE')
  async rotate(
    @Body() { now = false, purpose }: RotationRequest,
    @CurrentOperator() operator: Actor,
  ): Promise<RotationReply> {
    if (purpose === 'partner') return reply(await this.partnerKeys.rotate(now, operator));
    const access = reply(await this.signingKeys.rotate(now, operator));
    const partner = purpose === undefined ? await this.partnerKeys.rotateIfUsed(now, operator) : null;
    return partner ? { ...access, partner: reply(partner) } : access;
  }
}

function reply({ kid, activeFrom }: AddedKey): RotatedKeyReply {
  return { kid, activeFrom: activeFrom.toISOString() };
}
