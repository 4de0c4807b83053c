import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { AppKind } from '../channel/app-kinds.js';
import { User } from './user.entity.js';

/** A person as one app sees them: the openid, and the secrets that WeChat gave with it. */
@Entity('wechat_identities')
@Index('uq_wechat_identities_app_open', ['appId', 'openId'], { unique: true })
@Index('ix_wechat_identities_open_id', ['openId'])
export class WeChatIdentity {
  /** UUIDv7. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column({ name: 'app_id', type: 'varchar', length: 64 })
  appId!: string;

  @Column({ name: 'app_kind', type: 'varchar', length: 20 })
  appKind!: AppKind;

  @Column({ name: 'open_id', type: 'varchar', length: 64 })
  openId!: string;

  @Column({ name: 'union_id', type: 'varchar', length: 64, nullable: true })
  unionId!: string | null;

  /** Sealed; see `session-keys.ts`. */
  @Column({ name: 'session_key', type: 'varchar', length: 255, nullable: true })
  sessionKey!: string | null;

  /** Sealed; good for 5 minutes after `sessionKeyAt`, since its data may still be under way. */
  @Column({ name: 'previous_session_key', type: 'varchar', length: 255, nullable: true })
  previousSessionKey!: string | null;

  /** When the call to WeChat that gave `sessionKey` began. */
  @Column({ name: 'session_key_at', type: 'datetime', precision: 3, nullable: true })
  sessionKeyAt!: Date | null;

  /** WeChat's refresh token of a website login, sealed. */
  @Column({ name: 'refresh_token', type: 'varchar', length: 1024, nullable: true })
  refreshToken!: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'last_login_at', type: 'datetime', precision: 3, nullable: true })
  lastLoginAt!: Date | null;
}
