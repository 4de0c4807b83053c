import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ColumnTable } from '../database/columns.js';
import { WeChatIdentity } from '../user/wechat-identity.entity.js';

/**
 * One login on one device. It belongs to an identity and through it to a user: a merge moves it to the other
 * user, and deleting the identity deletes it. Refresh tokens are not stored; `generation` tells which one is
 * current.
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

  /** When `generation` was last incremented; `null` before the first refresh. */
  @Column({ name: 'rotated_at', type: 'datetime', precision: 3, nullable: true })
  rotatedAt!: Date | null;

  /** The User-Agent header, truncated to 255 characters. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  device!: string | null;

  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  /** When the person logged in at WeChat, if this session was opened later by that login; else `null`. */
  @Column({ name: 'authenticated_at', type: 'datetime', precision: 3, nullable: true })
  authenticatedAt!: Date | null;

  @Column({ name: 'last_used_at', type: 'datetime', precision: 3 })
  lastUsedAt!: Date;

  @Column({ name: 'expires_at', type: 'datetime', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'revoked_at', type: 'datetime', precision: 3, nullable: true })
  revokedAt!: Date | null;

  @Column({ name: 'revoke_reason', type: 'varchar', length: 32, nullable: true })
  revokeReason!: string | null;
}

/**
 * Decisions about a column of `sessions`. A merge or a withdrawn consent needs none: sessions follow their
 * identity.
 */
interface SessionColumn {
  /** Whether each refresh and token check reads it. */
  readonly loaded: boolean;
  /** Property in the replies for the person and for operators; `null`: not shown. */
  readonly person: string | null;
  /** Property in an export; `null`: not exported. */
  readonly exported: string | null;
}

/** The decisions for each column. `test/e2e/columns.e2e.ts` compares them with the behaviour. */
export const SESSION_COLUMNS = {
  id: { loaded: true, person: 'id', exported: 'id' },
  identity_id: { loaded: false, person: null, exported: null },
  generation: { loaded: true, person: null, exported: null },
  rotated_at: { loaded: true, person: null, exported: null },
  // Replies show the names of browser and system; an export has the full text.
  device: { loaded: true, person: 'device', exported: 'userAgent' },
  ip: { loaded: true, person: 'ip', exported: 'ip' },
  created_at: { loaded: true, person: 'createdAt', exported: 'createdAt' },
  authenticated_at: { loaded: true, person: null, exported: 'authenticatedAt' },
  last_used_at: { loaded: true, person: 'lastUsedAt', exported: 'lastUsedAt' },
  // Or earlier, if the session times out unused before then.
  expires_at: { loaded: true, person: 'expiresAt', exported: 'expiresAt' },
  revoked_at: { loaded: true, person: null, exported: 'endedAt' },
  revoke_reason: { loaded: true, person: null, exported: 'endReason' },
} as const satisfies ColumnTable<Session, SessionColumn>;
