import { ApiProperty } from '@nestjs/swagger';
import { SessionReply } from '../session/session-replies.js';
import { IdentityReply, UserReply } from '../user/user-replies.js';
import type { UserStatus } from '../user/user.entity.js';

/** A user as operators see it. */
export class OperatorUserReply extends UserReply {
  @ApiProperty({
    description: 'A disabled user cannot log in; a merged one became part of `mergedInto`.',
    enum: ['active', 'disabled', 'merged'],
    example: 'active',
  })
  status!: UserStatus;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The user that a merged one became part of.',
  })
  mergedInto!: string | null;
}

/** One page of users. */
export class OperatorUserListReply {
  @ApiProperty({ description: 'One page, the newest first.', type: [OperatorUserReply] })
  items!: OperatorUserReply[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'null on the last page.' })
  nextCursor!: string | null;
}

/** A user with its WeChat identities and its live sessions. */
export class OperatorUserDetailReply extends OperatorUserReply {
  @ApiProperty({ type: [IdentityReply], description: 'At most 100, the oldest first.' })
  identities!: IdentityReply[];

  @ApiProperty({
    type: [SessionReply],
    description: 'Those that are alive, at most 100, the last used first.',
  })
  sessions!: SessionReply[];
}
