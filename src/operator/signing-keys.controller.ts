import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { AdminKey, CurrentOperator } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import type { Actor } from '../events/event-log.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
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
}

/** The key that a rotation created. */
export class RotationReply {
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

/** The keys that sign access tokens. They rotate on schedule; this route rotates them early. */
@ApiTags('operators')
@Controller('v1/admin/signing-keys')
@AdminKey()
@RateLimit('admin')
export class SigningKeysController {
  constructor(private readonly signingKeys: SigningKeys) {}

  /**
   * Creates a key. Without `now` it is published at once and signs 2 hours later, when every cache of the key
   * set contains it. With `now`, services that verify tokens offline accept the old keys until their cache
   * expires.
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
    @Body() { now = false }: RotationRequest,
    @CurrentOperator() operator: Actor,
  ): Promise<RotationReply> {
    const { kid, activeFrom } = await this.signingKeys.rotate(now, operator);
    return { kid, activeFrom: activeFrom.toISOString() };
  }
}
