import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** A picture that still has to be copied from WeChat, or to be deleted from the store. */
@Entity('avatar_jobs')
@Index('ix_avatar_jobs_next_at', ['nextAt'])
export class AvatarJob {
  /** UUIDv7; of a copy the user's, so that a user has one at most. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 8 })
  kind!: 'copy' | 'delete';

  /** Whose picture it becomes; `null` for a deletion. */
  @Column({ name: 'user_id', type: 'varchar', length: 36, nullable: true })
  userId!: string | null;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'user_id' })
  user?: User | null;

  /** Address at WeChat, for a copy. */
  @Column({ type: 'varchar', length: 2048, nullable: true })
  url!: string | null;

  /** Whether the copy replaces a picture that is there; else it only fills an empty place. */
  @Column({ type: 'boolean' })
  replaces!: boolean;

  /** What to delete, for a deletion. */
  @Column({ name: 'avatar_key', type: 'varchar', length: 64, nullable: true })
  avatarKey!: string | null;

  @Column({ type: 'integer' })
  attempts!: number;

  /** Not before then; pushed ahead while an instance works on it. */
  @Column({ name: 'next_at', type: 'datetime', precision: 3 })
  nextAt!: Date;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
