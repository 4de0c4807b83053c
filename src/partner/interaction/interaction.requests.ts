import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength } from 'class-validator';
import { MayBeNull } from '../../http/validation.js';

/** Parameters with which the hosted login page comes back. */
export class InteractionRequest {
  @ApiProperty({ required: false, description: 'Of a login that succeeded; bound to this browser.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  loginCode?: string;

  @ApiProperty({ required: false, description: 'Code of the error that a login came back with.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  error?: string;

  @ApiProperty({ required: false, description: 'Beside error: the request that ended in it.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  request_id?: string;
}

/** What a person may decide on the consent page. */
export const DECISIONS = ['allow', 'deny', 'another'] as const;

/** The form of the consent page. */
export class DecisionRequest {
  @ApiProperty({
    enum: DECISIONS,
    example: 'allow',
    description: '`another`: as another person, after a new login.',
  })
  @IsIn(DECISIONS)
  decision!: (typeof DECISIONS)[number];

  @ApiProperty({ description: 'From the page.', example: 'token of the page' })
  @IsString()
  @MaxLength(128)
  token!: string;
}
