import type { Migration, Schema } from './schema.js';

/**
 * Creates the first tables. Ids of WeChat are case-sensitive: with a case-insensitive collation `oABC` and
 * `oabc` would be one account. Times are set by the application, in UTC, with millisecond precision.
 */
export class CreateSchema1763700000000 implements Migration {
  readonly name = 'CreateSchema1763700000000';

  async forward(schema: Schema): Promise<void> {
    const { id, wechatId, time } = schema.types;

    await schema.createTable('users', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        nickname: 'varchar(64) NULL',
        avatar_key: 'varchar(64) NULL',
        phone_number: 'varchar(20) NULL',
        status: 'varchar(16) NOT NULL',
        merged_into: `${id} NULL`,
        created_at: `${time} NOT NULL`,
        updated_at: `${time} NOT NULL`,
        last_login_at: `${time} NULL`,
      },
      constraints: ['CONSTRAINT uq_users_phone_number UNIQUE (phone_number)'],
    });
    await schema.createIndex('ix_users_merged_into', 'users', 'merged_into');

    await schema.createTable('union_ids', {
      columns: { union_id: `${wechatId} NOT NULL PRIMARY KEY`, user_id: `${id} NOT NULL` },
      constraints: [
        'CONSTRAINT fk_union_ids_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE',
      ],
    });
    await schema.createIndex('ix_union_ids_user_id', 'union_ids', 'user_id');

    await schema.createTable('wechat_identities', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        user_id: `${id} NOT NULL`,
        app_id: `${wechatId} NOT NULL`,
        app_kind: 'varchar(20) NOT NULL',
        open_id: `${wechatId} NOT NULL`,
        union_id: `${wechatId} NULL`,
        session_key: 'varchar(255) NULL',
        previous_session_key: 'varchar(255) NULL',
        session_key_at: `${time} NULL`,
        refresh_token: 'varchar(1024) NULL',
        created_at: `${time} NOT NULL`,
        last_login_at: `${time} NULL`,
      },
      constraints: [
        'CONSTRAINT uq_wechat_identities_app_open UNIQUE (app_id, open_id)',
        'CONSTRAINT fk_wechat_identities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE',
      ],
    });
    await schema.createIndex('ix_wechat_identities_user_id', 'wechat_identities', 'user_id');

    await schema.createTable('sessions', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        identity_id: `${id} NOT NULL`,
        generation: 'integer NOT NULL',
        rotated_at: `${time} NULL`,
        device: 'varchar(255) NULL',
        ip: 'varchar(45) NULL',
        created_at: `${time} NOT NULL`,
        last_used_at: `${time} NOT NULL`,
        expires_at: `${time} NOT NULL`,
        revoked_at: `${time} NULL`,
        revoke_reason: 'varchar(32) NULL',
      },
      constraints: [
        'CONSTRAINT fk_sessions_identity FOREIGN KEY (identity_id) REFERENCES wechat_identities (id) ON DELETE CASCADE',
      ],
    });
    await schema.createIndex('ix_sessions_identity_id', 'sessions', 'identity_id');
    await schema.createIndex('ix_sessions_expires_at', 'sessions', 'expires_at');

    await schema.createTable('signing_keys', {
      columns: {
        kid: 'varchar(64) NOT NULL PRIMARY KEY',
        public_jwk: 'text NOT NULL',
        private_key: 'text NOT NULL',
        active_from: `${time} NOT NULL`,
        retire_at: `${time} NULL`,
      },
    });

    await schema.createTable('events', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        type: 'varchar(64) NOT NULL',
        user_id: `${id} NULL`,
        actor: 'varchar(128) NOT NULL',
        ip: 'varchar(45) NULL',
        request_id: 'varchar(64) NULL',
        details: 'text NOT NULL',
        created_at: `${time} NOT NULL`,
        delivered_at: `${time} NULL`,
      },
    });
    await schema.createIndex('ix_events_user_id', 'events', 'user_id, id');
    await schema.createIndex('ix_events_type', 'events', 'type, id');
    await schema.createIndex('ix_events_created_at', 'events', 'created_at');
  }

  async backward(schema: Schema): Promise<void> {
    for (const table of ['events', 'signing_keys', 'sessions', 'wechat_identities', 'union_ids', 'users']) {
      await schema.dropTable(table);
    }
  }
}
