import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { UserColumns } from './column-rules.js';

/** `merged`: the row only points to the surviving user. */
export type UserStatus = 'active' | 'disabled' | 'merged';

/** Who set a value: the person, or WeChat (then it is cleared when consent is revoked). */
export type ProfileSource = 'wechat' | 'person';

/** One person, through whichever channels they log in. */
@Entity('users')
@Index('ix_users_status_nickname', ['status', 'nickname', 'id'])
@Index('ix_users_status', ['status', 'id'])
export class User {
  /** UUIDv7. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** Cleaned, at most 64 characters. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  nickname!: string | null;

  @Column({ name: 'nickname_source', type: 'varchar', length: 8, nullable: true })
  nicknameSource!: ProfileSource | null;

  /** Key of the stored picture. */
  @Column({ name: 'avatar_key', type: 'varchar', length: 64, nullable: true })
  avatarKey!: string | null;

  @Column({ name: 'avatar_source', type: 'varchar', length: 8, nullable: true })
  avatarSource!: ProfileSource | null;

  /** E.164. */
  @Column({ name: 'phone_number', type: 'varchar', length: 20, nullable: true, unique: true })
  phoneNumber!: string | null;

  @Column({ type: 'varchar', length: 16 })
  status!: UserStatus;

  /** Id of the surviving user. */
  @Column({ name: 'merged_into', type: 'varchar', length: 36, nullable: true })
  mergedInto!: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt!: Date;

  @Column({ name: 'last_login_at', type: 'datetime', precision: 3, nullable: true })
  lastLoginAt!: Date | null;

  /** Fingerprint of the version of the terms that the person accepted last. */
  @Column({ name: 'accepted_terms', type: 'varchar', length: 64, nullable: true })
  acceptedTerms!: string | null;
}

/**
 * The rules of each column; `column-rules.ts` explains them. A column without an entry does not compile, and
 * `test/e2e/columns.e2e.ts` compares the rules with the behaviour.
 */
export const USER_COLUMNS = {
  id: {
    merge: 'keep',
    consent: null,
    deletion: 'event',
    loaded: true,
    person: 'id',
    operators: 'id',
    exported: 'id',
    searched: 'whole',
  },
  nickname: {
    merge: 'fill',
    consent: { item: 'nickname', source: 'nickname_source' },
    deletion: 'nothing',
    loaded: true,
    person: 'nickname',
    operators: 'nickname',
    exported: 'nickname',
    searched: 'beginning',
  },
  nickname_source: {
    merge: { sameAs: 'nickname' },
    consent: { sameAs: 'nickname' },
    deletion: 'nothing',
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  avatar_key: {
    merge: 'fill',
    consent: { item: 'avatar', source: 'avatar_source' },
    deletion: 'nothing, picture too',
    loaded: true,
    person: 'avatarUrl',
    operators: 'avatarUrl',
    exported: 'avatarUrl',
    searched: null,
  },
  avatar_source: {
    merge: { sameAs: 'avatar_key' },
    consent: { sameAs: 'avatar_key' },
    deletion: 'nothing',
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  phone_number: {
    merge: 'fill',
    consent: { item: 'phoneNumber', source: null },
    deletion: 'nothing',
    loaded: true,
    person: 'phoneNumber',
    operators: 'phoneNumber',
    exported: 'phoneNumber',
    searched: 'whole',
  },
  status: {
    merge: 'disabled wins',
    consent: null,
    deletion: 'nothing',
    loaded: true,
    // A user who gets a reply is always active.
    person: null,
    operators: 'status',
    exported: null,
    searched: 'filter',
  },
  merged_into: {
    merge: 'point',
    consent: null,
    deletion: 'nothing',
    loaded: false,
    // A user who gets a reply is never merged.
    person: null,
    operators: 'mergedInto',
    exported: null,
    // Searching for the id of a merged user finds the survivor, whose id this is.
    searched: 'whole',
  },
  created_at: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    loaded: true,
    person: 'createdAt',
    operators: 'createdAt',
    exported: 'createdAt',
    searched: null,
  },
  updated_at: {
    merge: 'now',
    consent: null,
    deletion: 'nothing',
    loaded: false,
    // Events record what changed and when.
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  last_login_at: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    loaded: true,
    person: 'lastLoginAt',
    operators: 'lastLoginAt',
    exported: 'lastLoginAt',
    searched: null,
  },
  accepted_terms: {
    merge: 'fill',
    consent: null,
    deletion: 'nothing',
    // A login compares it with the present terms.
    loaded: true,
    // The events say which terms were accepted, and when.
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
} as const satisfies UserColumns<User>;
