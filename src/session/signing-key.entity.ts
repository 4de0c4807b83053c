import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key pair that access tokens are signed with (ES256), shared by all instances. */
@Entity('signing_keys')
export class SigningKey {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  kid!: string;

  /** JSON Web Key (RFC 7517) with kid, alg and use. */
  @Column({ name: 'public_jwk', type: 'text' })
  publicJwk!: string;

  /** PKCS#8 PEM, sealed. */
  @Column({ name: 'private_key', type: 'text' })
  privateKey!: string;

  @Column({ name: 'active_from', type: 'datetime', precision: 3 })
  activeFrom!: Date;

  /** From then on it is not published; `null` while it is in use. */
  @Column({ name: 'retire_at', type: 'datetime', precision: 3, nullable: true })
  retireAt!: Date | null;
}
