import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `merged`: the row only points to the user that it became part of. */
export type UserStatus = 'active' | 'disabled' | 'merged';

/** Who said it: WeChat (cleared when consent is withdrawn) or the person. */
export type ProfileSource = 'wechat' | 'person';

/** One person, whatever the doors they come in by. */
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

  @Column({ name: 'avatar_key', type: 'varchar', length: 64, nullable: true })
  avatarKey!: string | null;

  @Column({ name: 'avatar_source', type: 'varchar', length: 8, nullable: true })
  avatarSource!: ProfileSource | null;

  /** E.164. */
  @Column({ name: 'phone_number', type: 'varchar', length: 20, nullable: true, unique: true })
  phoneNumber!: string | null;

  @Column({ type: 'varchar', length: 16 })
  status!: UserStatus;

  @Column({ name: 'merged_into', type: 'varchar', length: 36, nullable: true })
  mergedInto!: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt!: Date;

  @Column({ name: 'last_login_at', type: 'datetime', precision: 3, nullable: true })
  lastLoginAt!: Date | null;
}
