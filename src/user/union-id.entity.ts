import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** A WeChat account as all apps of one Open Platform account see it. Its owner is unique by the primary key. */
@Entity('union_ids')
export class UnionId {
  @PrimaryColumn({ name: 'union_id', type: 'varchar', length: 64 })
  unionId!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;
}
