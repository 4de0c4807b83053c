import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { PartnerGrant } from '../grants/partner-grant.entity.js';

/** An authorization code or refresh token of a partner. It ends with its grant. */
@Entity('partner_tokens')
@Index('ix_partner_tokens_expires_at', ['expiresAt'])
@Index('ix_partner_tokens_grant_id', ['grantId'])
export class PartnerToken {
  /** Fingerprint of the token. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  id!: string;

  /** The model of oidc-provider: `AuthorizationCode` or `RefreshToken`. */
  @Column({ type: 'varchar', length: 32 })
  model!: string;

  @Column({ name: 'grant_id', type: 'varchar', length: 36 })
  grantId!: string;

  @ManyToOne(() => PartnerGrant, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'grant_id' })
  grant?: PartnerGrant;

  @Column({ type: 'text' })
  payload!: string;

  @Column({ name: 'consumed_at', type: 'datetime', precision: 3, nullable: true })
  consumedAt!: Date | null;

  @Column({ name: 'expires_at', type: 'datetime', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
