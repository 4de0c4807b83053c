import { Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { APP_KINDS, type AppKind } from '../channel/app-kinds.js';
import { AppConfig } from '../config/app-config.js';
import type { Decided, Loaded } from '../database/columns.js';
import type { IdentityOfUser } from './identity-rows.js';
import type { User, USER_COLUMNS } from './user.entity.js';

/** A user as clients see it. */
export class UserReply {
  @ApiProperty({ example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f', description: 'Opaque and stable.' })
  id!: string;

  @ApiProperty({
    description: 'At most 64 characters; `null` until the person sets one.',
    type: String,
    nullable: true,
    example: '小明 🌱',
  })
  nickname!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'https://login.example.com/avatars/9f2c6d1e0b7a4853',
    description: 'A square WebP of 640 pixels; with `?size=132` of 132. Another picture has another URL.',
  })
  avatarUrl!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'E.164' })
  phoneNumber!: string | null;

  @ApiProperty({ description: 'The first login.', format: 'date-time', example: '2026-11-21T08:30:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    description: 'The last login by any app; a refresh does not count.',
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-21T08:30:00.000Z',
  })
  lastLoginAt!: string | null;
}

/** The identity that a login used. */
export class LoginIdentityReply {
  @ApiProperty({
    description: 'The app at WeChat by which the person logged in.',
    example: 'wx5a4db0c0de000001',
  })
  appId!: string;

  @ApiProperty({ description: 'The person in this app.', example: 'oGZUI0egBJY1zhBYw2KhdUfwVJJE' })
  openId!: string;

  @ApiProperty({
    description: 'The person in all apps of one Open Platform account; `null` if WeChat did not return it.',
    type: String,
    nullable: true,
    example: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
  })
  unionId!: string | null;
}

/** An identity in a user's list. */
export class IdentityReply extends LoginIdentityReply {
  @ApiProperty({ description: 'Id of the identity.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e50' })
  id!: string;

  @ApiProperty({ description: 'What kind of app it is.', enum: APP_KINDS, example: 'mini_program' })
  appKind!: AppKind;

  @ApiProperty({
    description: 'The first login by this app.',
    format: 'date-time',
    example: '2026-11-21T08:30:00.000Z',
  })
  createdAt!: string;

  @ApiProperty({
    description: 'The last login by this app.',
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-21T08:30:00.000Z',
  })
  lastLoginAt!: string | null;
}

/** Builds the replies that need a setting: the URL of pictures. */
@Injectable()
export class UserReplies {
  constructor(private readonly config: AppConfig) {}

  user(user: Loaded<User, Decided<typeof USER_COLUMNS, 'person'>>): UserReply {
    return {
      id: user.id,
      nickname: user.nickname,
      avatarUrl: user.avatarKey === null ? null : `${this.config.publicUrl}/avatars/${user.avatarKey}`,
      phoneNumber: user.phoneNumber,
      createdAt: isoTime(user.createdAt),
      lastLoginAt: user.lastLoginAt === null ? null : isoTime(user.lastLoginAt),
    };
  }
}

export function loginIdentityReply({
  appId,
  openId,
  unionId,
}: Pick<IdentityOfUser['identity'], 'appId' | 'openId' | 'unionId'>): LoginIdentityReply {
  return { appId, openId, unionId };
}

export function identityReply(identity: IdentityOfUser['identity']): IdentityReply {
  return {
    id: identity.id,
    appKind: identity.appKind,
    ...loginIdentityReply(identity),
    createdAt: isoTime(identity.createdAt),
    lastLoginAt: identity.lastLoginAt === null ? null : isoTime(identity.lastLoginAt),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
