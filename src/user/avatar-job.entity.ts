import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** A background job: copy a picture from WeChat, or delete one from the store. */
@Entity('avatar_jobs')
@Index('ix_avatar_jobs_next_at', ['nextAt'])
export class AvatarJob {
  /** UUIDv7. A copy has the id of its user, so that a user has at most one. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 8 })
  kind!: 'copy' | 'delete';

  /** The user who gets the copy; `null` for a deletion. */
  @Column({ name: 'user_id', type: 'varchar', length: 36, nullable: true })
  userId!: string | null;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'user_id' })
  user?: User | null;

  /** URL at WeChat, for a copy. */
  @Column({ type: 'varchar', length: 2048, nullable: true })
  url!: string | null;

  /** Whether the copy replaces an existing picture; otherwise it is for a user without one. */
  @Column({ type: 'boolean' })
  replaces!: boolean;

  /** Key of the picture to delete, for a deletion. */
  @Column({ name: 'avatar_key', type: 'varchar', length: 64, nullable: true })
  avatarKey!: string | null;

  @Column({ type: 'integer' })
  attempts!: number;

  /** When the next attempt is due; the end of the lease during an attempt. */
  @Column({ name: 'next_at', type: 'datetime', precision: 3 })
  nextAt!: Date;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
