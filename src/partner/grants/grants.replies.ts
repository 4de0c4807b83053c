import { ApiProperty } from '@nestjs/swagger';
import type { ExportedGrant } from '../../user/export-part.js';

/** The partner of a grant. */
export class GrantPartnerReply {
  @ApiProperty({ description: 'Id of the partner.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e70' })
  id!: string;

  @ApiProperty({ description: 'Its name.', example: 'Reports' })
  name!: string;
}

/** What a person granted a partner. */
export class GrantReply implements ExportedGrant {
  @ApiProperty({ description: 'Id of the grant.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e80' })
  id!: string;

  @ApiProperty({ description: 'To whom.', type: GrantPartnerReply })
  partner!: GrantPartnerReply;

  @ApiProperty({
    description: 'What it may read, as scopes of OpenID Connect.',
    type: [String],
    example: ['openid', 'profile'],
  })
  scopes!: readonly string[];

  @ApiProperty({ description: 'Since when.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    description: 'When the partner last used it, to the minute.',
    format: 'date-time',
    example: '2026-11-21T09:30:00.000Z',
  })
  lastUsedAt!: string;
}

/** One page of grants. */
export class GrantListReply {
  @ApiProperty({ description: 'One page, the newest first.', type: [GrantReply] })
  items!: GrantReply[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'null on the last page.' })
  nextCursor!: string | null;
}

/** A grant as its person sees it. Times in milliseconds. */
export interface GrantOfPerson {
  readonly id: string;
  readonly partner: { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

/** Formats a grant for its person. */
export function grantReply({ createdAt, lastUsedAt, ...grant }: GrantOfPerson): GrantReply {
  return {
    ...grant,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: new Date(lastUsedAt).toISOString(),
  };
}
