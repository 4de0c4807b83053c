import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { WeChatIdentity } from '../user/wechat-identity.entity.js';

/**
 * One login on one device. It belongs to an identity and through it to a user, so a merge moves it and the end of
 * the identity ends it. Refresh tokens are not stored: `generation` says which one is good.
 */
@Entity('sessions')
@Index('ix_sessions_identity_revoked', ['identityId', 'revokedAt'])
export class Session {
  /** UUIDv7. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'identity_id', type: 'varchar', length: 36 })
  identityId!: string;

  @ManyToOne(() => WeChatIdentity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'identity_id' })
  identity?: WeChatIdentity;

  @Column({ type: 'integer' })
  generation!: number;

  /** When `generation` last grew; `null` before the first refresh. */
  @Column({ name: 'rotated_at', type: 'datetime', precision: 3, nullable: true })
  rotatedAt!: Date | null;

  /** User agent as sent, cut to 255 characters. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  device!: string | null;

  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'datetime', precision: 3 })
  lastUsedAt!: Date;

  @Column({ name: 'expires_at', type: 'datetime', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'revoked_at', type: 'datetime', precision: 3, nullable: true })
  revokedAt!: Date | null;

  @Column({ name: 'revoke_reason', type: 'varchar', length: 32, nullable: true })
  revokeReason!: string | null;
}
