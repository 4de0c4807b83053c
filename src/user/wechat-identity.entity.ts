import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { AppKind } from '../channel/app-kinds.js';
import type { IdentityColumns } from './column-rules.js';
import { User } from './user.entity.js';

/** A person as one app sees them: the openid and the secrets that WeChat sent with it. */
@Entity('wechat_identities')
@Index('uq_wechat_identities_app_open', ['appId', 'openId'], { unique: true })
@Index('ix_wechat_identities_open_id', ['openId'])
export class WeChatIdentity {
  /** UUIDv7. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column({ name: 'app_id', type: 'varchar', length: 64 })
  appId!: string;

  @Column({ name: 'app_kind', type: 'varchar', length: 20 })
  appKind!: AppKind;

  @Column({ name: 'open_id', type: 'varchar', length: 64 })
  openId!: string;

  @Column({ name: 'union_id', type: 'varchar', length: 64, nullable: true })
  unionId!: string | null;

  /** Encrypted; see `session-keys.ts`. */
  @Column({ name: 'session_key', type: 'varchar', length: 255, nullable: true })
  sessionKey!: string | null;

  /** Encrypted. Valid for 5 minutes after `sessionKeyAt`: data encrypted with it may still be in transit. */
  @Column({ name: 'previous_session_key', type: 'varchar', length: 255, nullable: true })
  previousSessionKey!: string | null;

  /** When the call to WeChat that returned `sessionKey` began. */
  @Column({ name: 'session_key_at', type: 'datetime', precision: 3, nullable: true })
  sessionKeyAt!: Date | null;

  /** WeChat's refresh token of a website login, encrypted. */
  @Column({ name: 'refresh_token', type: 'varchar', length: 1024, nullable: true })
  refreshToken!: string | null;

  /** When the person revoked all consent of the app: a refresh token from before is stored no more. */
  @Column({ name: 'consent_revoked_at', type: 'datetime', precision: 3, nullable: true })
  consentRevokedAt!: Date | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'last_login_at', type: 'datetime', precision: 3, nullable: true })
  lastLoginAt!: Date | null;
}

/**
 * The rules of each column; `column-rules.ts` explains them. A column without an entry does not compile, and
 * `test/e2e/columns.e2e.ts` compares the rules with the behaviour.
 */
export const IDENTITY_COLUMNS = {
  id: {
    merge: 'keep',
    consent: null,
    deletion: 'event',
    sealed: null,
    loaded: true,
    person: 'id',
    operators: 'id',
    exported: 'id',
    searched: null,
  },
  user_id: {
    merge: 'move',
    consent: null,
    deletion: 'event',
    sealed: null,
    loaded: false,
    // Every reply with an identity contains or implies its user.
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  app_id: {
    merge: 'keep',
    consent: null,
    deletion: 'event',
    sealed: null,
    loaded: true,
    person: 'appId',
    operators: 'appId',
    exported: 'appId',
    searched: null,
  },
  app_kind: {
    merge: 'keep',
    consent: null,
    deletion: 'event',
    sealed: null,
    loaded: true,
    person: 'appKind',
    operators: 'appKind',
    exported: 'appKind',
    searched: null,
  },
  open_id: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    sealed: null,
    loaded: true,
    person: 'openId',
    operators: 'openId',
    exported: 'openId',
    searched: 'whole',
  },
  union_id: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    sealed: null,
    loaded: true,
    person: 'unionId',
    operators: 'unionId',
    exported: 'unionId',
    searched: 'whole',
  },
  session_key: {
    merge: 'keep',
    consent: 'everything',
    deletion: 'nothing',
    sealed: 'session_key',
    loaded: true,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  previous_session_key: {
    merge: 'keep',
    consent: 'everything',
    deletion: 'nothing',
    // It was encrypted as the session_key, and is copied unchanged.
    sealed: 'session_key',
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  session_key_at: {
    merge: 'keep',
    consent: 'everything',
    deletion: 'nothing',
    sealed: null,
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  refresh_token: {
    merge: 'keep',
    consent: 'everything',
    deletion: 'nothing',
    sealed: 'refresh_token',
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  consent_revoked_at: {
    merge: 'keep',
    consent: 'time',
    deletion: 'nothing',
    sealed: null,
    loaded: false,
    person: null,
    operators: null,
    exported: null,
    searched: null,
  },
  created_at: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    sealed: null,
    loaded: true,
    person: 'createdAt',
    operators: 'createdAt',
    exported: 'createdAt',
    searched: null,
  },
  last_login_at: {
    merge: 'keep',
    consent: null,
    deletion: 'nothing',
    sealed: null,
    loaded: true,
    person: 'lastLoginAt',
    operators: 'lastLoginAt',
    exported: 'lastLoginAt',
    searched: null,
  },
} as const satisfies IdentityColumns<WeChatIdentity>;
