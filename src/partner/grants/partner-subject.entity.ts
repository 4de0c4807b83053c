import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../../user/user.entity.js';
import { PartnerRow } from '../registry/partner.entity.js';

/** The pairwise subject by which a partner knows a user (OpenID Connect Core, section 8.1). */
@Entity('partner_subjects')
@Unique('uq_partner_subjects_partner_sub', ['partnerId', 'sub'])
@Index('ix_partner_subjects_user_id', ['userId'])
export class PartnerSubject {
  @PrimaryColumn({ name: 'partner_id', type: 'varchar', length: 36 })
  partnerId!: string;

  @ManyToOne(() => PartnerRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'partner_id' })
  partner?: PartnerRow;

  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  /** Random. */
  @Column({ type: 'varchar', length: 64 })
  sub!: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
