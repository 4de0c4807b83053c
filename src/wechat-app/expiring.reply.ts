import { ApiProperty } from '@nestjs/swagger';

/** The end of what WeChat issues to an app for some hours. */
export class ExpiringReply {
  @ApiProperty({
    description: 'Until when WeChat accepts it.',
    example: '2026-11-21T10:24:00.000Z',
    format: 'date-time',
  })
  expiresAt!: string;

  @ApiProperty({ example: 6840, description: 'Seconds that it still works.' })
  expiresIn!: number;
}

/** Both in ms. */
export function expiry(expiresAt: number, now: number): ExpiringReply {
  return {
    expiresAt: new Date(expiresAt).toISOString(),
    expiresIn: Math.floor((expiresAt - now) / 1000),
  };
}
