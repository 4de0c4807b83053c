import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How a partner authenticates at the token endpoint (OpenID Connect Core, section 9). */
export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** Whether partners get subjects of their own (OpenID Connect Core, section 8). */
export const SUBJECT_TYPES = ['pairwise', 'public'] as const;
export type SubjectType = (typeof SUBJECT_TYPES)[number];

/** A partner app: a client of OpenID Connect. */
@Entity('partners')
export class PartnerRow {
  /** UUIDv7; the `client_id`. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** Cleaned, at most 64 characters. */
  @Column({ type: 'varchar', length: 64 })
  name!: string;

  @Column({ name: 'logo_url', type: 'varchar', length: 2048, nullable: true })
  logoUrl!: string | null;

  /** JSON array. */
  @Column({ name: 'redirect_uris', type: 'text' })
  redirectUris!: string;

  /** JSON array. */
  @Column({ name: 'post_logout_redirect_uris', type: 'text' })
  postLogoutRedirectUris!: string;

  /** Separated by spaces. */
  @Column({ type: 'varchar', length: 255 })
  scopes!: string;

  @Column({ name: 'auth_method', type: 'varchar', length: 32 })
  authMethod!: AuthMethod;

  /** Fingerprint of the secret; `null` for methods without one. */
  @Column({ name: 'secret_hash', type: 'varchar', length: 64, nullable: true })
  secretHash!: string | null;

  /** JSON Web Key Set (RFC 7517) of public keys, for `private_key_jwt`. */
  @Column({ type: 'text', nullable: true })
  jwks!: string | null;

  /** Where the key set is, if it is not in `jwks`. */
  @Column({ name: 'jwks_uri', type: 'varchar', length: 2048, nullable: true })
  jwksUri!: string | null;

  /** Belongs to the operator: people are not asked for consent. */
  @Column({ name: 'first_party', type: 'boolean' })
  firstParty!: boolean;

  @Column({ name: 'subject_type', type: 'varchar', length: 16 })
  subjectType!: SubjectType;

  /** The app whose openid the scope `wechat` reveals. */
  @Column({ name: 'wechat_app_id', type: 'varchar', length: 64, nullable: true })
  wechatAppId!: string | null;

  /** JSON array: mini programs that may open ours to ask for consent. */
  @Column({ name: 'mini_program_app_ids', type: 'text' })
  miniProgramAppIds!: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt!: Date;

  /** When it was deleted: nobody can use it any more, and its rows are deleted in steps. */
  @Column({ name: 'deleted_at', type: 'datetime', precision: 3, nullable: true })
  deletedAt!: Date | null;
}
