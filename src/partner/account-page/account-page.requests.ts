import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { MayBeNull } from '../../http/validation.js';

/** Query of the account page. */
export class AccountPageRequest {
  @ApiProperty({ required: false, description: 'Of a login that came back; bound to this browser.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  loginCode?: string;

  @ApiProperty({ required: false, description: 'Of the page before.' })
  @MayBeNull()
  @IsString()
  @MaxLength(256)
  cursor?: string;
}

/** A form of the account page. */
export class AccountFormRequest {
  @ApiProperty({ description: 'From the page.', example: 'token of the page' })
  @IsString()
  @MaxLength(128)
  token!: string;
}

/** The form that withdraws a consent. */
export class WithdrawalRequest extends AccountFormRequest {
  @ApiProperty({
    description: 'Of a consent of the person.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e61',
  })
  @IsString()
  @MaxLength(64)
  grantId!: string;
}
