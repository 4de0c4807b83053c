import { ApiProperty } from '@nestjs/swagger';
import { LoginIdentityReply, loginIdentityReply, UserReply } from '../user/user-replies.js';
import type { RefreshedTokens, Tokens } from './session.service.js';

/** Tokens of a session, as a refresh returns them. */
export class RefreshReply {
  @ApiProperty({ description: 'How the access token is sent.', enum: ['Bearer'], example: 'Bearer' })
  tokenType!: 'Bearer';

  @ApiProperty({
    example: 'eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2ln',
    description: 'ES256 JWT',
  })
  accessToken!: string;

  @ApiProperty({ example: 900, description: 'Life of the access token in seconds.' })
  expiresIn!: number;

  @ApiProperty({
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e51.1.bWFj',
    description: 'Opaque; keep the newest only.',
  })
  refreshToken!: string;

  @ApiProperty({ example: 2592000, description: 'Life of the refresh token in seconds.' })
  refreshExpiresIn!: number;

  @ApiProperty({ description: 'The WeChat identity of the session.', type: LoginIdentityReply })
  identity!: LoginIdentityReply;

  @ApiProperty({
    description: 'Whether this login created the user; `false` in the reply of a refresh.',
    example: false,
  })
  isNewUser!: boolean;
}

/** The reply of every login. */
export class TokenReply extends RefreshReply {
  @ApiProperty({ description: 'The user who logged in.', type: UserReply })
  user!: UserReply;
}

/** Builds the reply of a refresh. */
export function refreshReply(tokens: RefreshedTokens): RefreshReply {
  return {
    tokenType: 'Bearer',
    accessToken: tokens.accessToken,
    expiresIn: tokens.expiresIn,
    refreshToken: tokens.refreshToken,
    refreshExpiresIn: tokens.refreshExpiresIn,
    identity: loginIdentityReply(tokens.identity),
    isNewUser: false,
  };
}

/** Builds the reply of a login. @param user result of `UserReplies.user` for the user of the tokens */
export function tokenReply(tokens: Tokens, user: UserReply, isNewUser: boolean): TokenReply {
  return { ...refreshReply(tokens), user, isNewUser };
}
