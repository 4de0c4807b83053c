import { ApiProperty } from '@nestjs/swagger';
import { APP_KINDS, type AppKind } from '../channel/app-kinds.js';
import { deviceNames } from './device.js';
import type { SessionOfUser } from './session-rows.js';

/** The device that logged in. */
export class DeviceReply {
  @ApiProperty({
    description: '`null` where the User-Agent says nothing.',
    type: String,
    nullable: true,
    example: 'Chrome 142',
  })
  browser!: string | null;

  @ApiProperty({
    description: '`null` where the User-Agent says nothing.',
    type: String,
    nullable: true,
    example: 'Windows 10',
  })
  os!: string | null;
}

/** A session as its owner sees it. */
export class SessionReply {
  @ApiProperty({ description: 'Id of the session.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51' })
  id!: string;

  @ApiProperty({ example: true, description: 'Whether this is the session that asks.' })
  current!: boolean;

  @ApiProperty({ description: 'The app by which the person logged in.', example: 'wx5a4db0c0de000001' })
  appId!: string;

  @ApiProperty({ description: 'The way of the login.', enum: APP_KINDS, example: 'mini_program' })
  channel!: AppKind;

  @ApiProperty({ description: 'The device, by its User-Agent.', type: DeviceReply })
  device!: DeviceReply;

  @ApiProperty({
    description: 'Address of the last use.',
    type: String,
    nullable: true,
    example: '203.0.113.7',
  })
  ip!: string | null;

  @ApiProperty({ description: 'The login.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;

  @ApiProperty({ description: 'The last refresh.', format: 'date-time', example: '2026-11-21T08:45:00.000Z' })
  lastUsedAt!: string;

  @ApiProperty({
    format: 'date-time',
    example: '2026-12-21T08:45:00.000Z',
    description: 'If nobody uses it any more.',
  })
  expiresAt!: string;
}

/** One page of a person's active sessions. */
export class SessionListReply {
  @ApiProperty({ description: 'One page, the most recently used first.', type: [SessionReply] })
  items!: SessionReply[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'null on the last page.' })
  nextCursor!: string | null;
}

/**
 * Builds the reply for a session.
 * @param endsAt ms
 * @param currentId id of the session that makes the request, if any
 */
export function sessionReply(
  { session, identity }: SessionOfUser,
  endsAt: number,
  currentId: string | null,
): SessionReply {
  return {
    id: session.id,
    current: session.id === currentId,
    appId: identity.appId,
    channel: identity.appKind,
    device: deviceNames(session.device),
    ip: session.ip,
    createdAt: new Date(session.createdAt).toISOString(),
    lastUsedAt: new Date(session.lastUsedAt).toISOString(),
    expiresAt: new Date(endsAt).toISOString(),
  };
}
