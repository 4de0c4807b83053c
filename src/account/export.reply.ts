import { ApiProperty } from '@nestjs/swagger';
import { SessionReply } from '../session/session-replies.js';
import type { ExportedGrant, ExportedSubject } from '../user/export-part.js';
import { IdentityReply, UserReply } from '../user/user-replies.js';

/** An event about the person. */
export class ExportedEventReply {
  @ApiProperty({ description: 'Id of the event.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e60' })
  id!: string;

  @ApiProperty({ description: 'What happened.', example: 'login.succeeded' })
  type!: string;

  @ApiProperty({ description: 'Who did it.', example: 'user' })
  actor!: string;

  @ApiProperty({ description: 'From which address.', type: String, nullable: true, example: '203.0.113.7' })
  ip!: string | null;

  @ApiProperty({
    description: 'Ids, reasons and counts.',
    type: 'object',
    additionalProperties: true,
    example: { appId: 'wx5a4db0c0de000001' },
  })
  details!: Readonly<Record<string, unknown>>;

  @ApiProperty({ description: 'When it happened.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;
}

/** A session. Ended ones are kept for 30 more days. */
export class ExportedSessionReply extends SessionReply {
  @ApiProperty({
    description: '`null` while the session is alive.',
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
  })
  endedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why it ended before its time.' })
  endReason!: string | null;

  @ApiProperty({
    description: 'As the client sent it.',
    type: String,
    nullable: true,
    example: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)',
  })
  userAgent!: string | null;

  @ApiProperty({
    description: 'When the person logged in at WeChat, if the session was opened later by that login.',
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
  })
  authenticatedAt!: string | null;
}

/** A partner app. */
export class ExportedPartnerReply {
  @ApiProperty({ description: 'Id of the partner.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e70' })
  id!: string;

  @ApiProperty({ description: 'Its name.', example: 'Reports' })
  name!: string;
}

/** What the person granted a partner app. */
export class ExportedGrantReply implements ExportedGrant {
  @ApiProperty({ description: 'Id of the grant.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e80' })
  id!: string;

  @ApiProperty({ description: 'To whom.', type: ExportedPartnerReply })
  partner!: ExportedPartnerReply;

  @ApiProperty({ description: 'What it may read.', type: [String], example: ['openid', 'profile'] })
  scopes!: string[];

  @ApiProperty({ description: 'Since when.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    description: 'When the partner last used it.',
    format: 'date-time',
    example: '2026-11-21T09:30:00.000Z',
  })
  lastUsedAt!: string;
}

/** The name by which a partner app knows the person. */
export class ExportedSubjectReply implements ExportedSubject {
  @ApiProperty({ description: 'The partner.', type: ExportedPartnerReply })
  partner!: ExportedPartnerReply;

  @ApiProperty({ description: 'Its `sub` for the person.', example: '5f2b0c1e9d7a4b3c8e6f0a1b2c3d4e5f' })
  sub!: string;

  @ApiProperty({ description: 'Since when.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;
}

/** Everything that is stored about a person. */
export class ExportReply {
  @ApiProperty({ description: 'The user.', type: UserReply })
  user!: UserReply;

  @ApiProperty({ description: 'All WeChat identities.', type: [IdentityReply] })
  identities!: IdentityReply[];

  @ApiProperty({
    description: 'All sessions that are stored, ended ones included.',
    type: [ExportedSessionReply],
  })
  sessions!: ExportedSessionReply[];

  @ApiProperty({
    type: [String],
    description: 'Addresses of pictures at WeChat that are still to be copied.',
    example: [],
  })
  pendingPictures!: string[];

  @ApiProperty({ description: 'All events of the user that are stored.', type: [ExportedEventReply] })
  events!: ExportedEventReply[];

  @ApiProperty({ description: 'What the person granted partner apps.', type: [ExportedGrantReply] })
  grants!: ExportedGrantReply[];

  @ApiProperty({
    description: 'The names by which partner apps know the person; kept when a consent is withdrawn.',
    type: [ExportedSubjectReply],
  })
  partnerSubjects!: ExportedSubjectReply[];

  @ApiProperty({
    type: [String],
    description:
      'Names of values that are stored encrypted and work only between WeChat and this service. They are not exported.',
    example: ['session_key of each mini program'],
  })
  encrypted!: string[];
}
