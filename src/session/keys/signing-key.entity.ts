import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key pair of a set of signing keys. All instances share it. */
export abstract class StoredKey {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  kid!: string;

  /** JSON Web Key (RFC 7517) with kid, alg and use. */
  @Column({ name: 'public_jwk', type: 'text' })
  publicJwk!: string;

  /** PKCS#8 PEM, encrypted by the key ring. */
  @Column({ name: 'private_key', type: 'text' })
  privateKey!: string;

  @Column({ name: 'active_from', type: 'datetime', precision: 3 })
  activeFrom!: Date;

  /** When the key is withdrawn from the JWKS; `null` while it is in use. */
  @Column({ name: 'retire_at', type: 'datetime', precision: 3, nullable: true })
  retireAt!: Date | null;
}

/** A key pair that signs access tokens (ES256). */
@Entity('signing_keys')
export class SigningKey extends StoredKey {}
