import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../user/user.entity.js';
import { PartnerRow } from '../registry/partner.entity.js';

/** What a person granted a partner. Withdrawing deletes the row. */
@Entity('partner_grants')
@Index('ix_partner_grants_user_id', ['userId', 'id'])
@Index('ix_partner_grants_partner_user', ['partnerId', 'userId'])
export class PartnerGrant {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'partner_id', type: 'varchar', length: 36 })
  partnerId!: string;

  @ManyToOne(() => PartnerRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'partner_id' })
  partner?: PartnerRow;

  /** The user at the time of the consent. A later merge leaves it; `users.merged_into` has the survivor. */
  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  /** Separated by spaces. */
  @Column({ type: 'varchar', length: 255 })
  scopes!: string;

  /** JSON: the payload of oidc-provider's `Grant`. */
  @Column({ type: 'text' })
  payload!: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'datetime', precision: 3 })
  lastUsedAt!: Date;
}
