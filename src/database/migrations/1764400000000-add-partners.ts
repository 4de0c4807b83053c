import type { Migration, Schema } from './schema.js';

/**
 * Adds the partner apps: clients of OpenID Connect, what people granted them, and their own set of signing
 * keys. That set has a table of its own: the previous version, which may still be running, would sign access
 * tokens with any key that it finds in `signing_keys`.
 */
export class AddPartners1764400000000 implements Migration {
  readonly name = 'AddPartners1764400000000';

  async forward(schema: Schema): Promise<void> {
    await createPartners(schema);
    await createGrants(schema);
    await createTokens(schema);
    const { time } = schema.types;
    await schema.createTable('partner_signing_keys', {
      columns: {
        kid: 'varchar(64) NOT NULL PRIMARY KEY',
        public_jwk: 'text NOT NULL',
        private_key: 'text NOT NULL',
        active_from: `${time} NOT NULL`,
        retire_at: `${time} NULL`,
      },
    });
  }

  async backward(schema: Schema): Promise<void> {
    for (const table of [
      'partner_signing_keys',
      'partner_tokens',
      'partner_subjects',
      'partner_grants',
      'partners',
    ]) {
      await schema.dropTable(table);
    }
  }
}

async function createPartners(schema: Schema): Promise<void> {
  const { id, wechatId, time, ascii } = schema.types;
  await schema.createTable('partners', {
    columns: {
      id: `${id} NOT NULL PRIMARY KEY`,
      name: 'varchar(64) NOT NULL',
      logo_url: 'varchar(2048) NULL',
      redirect_uris: 'text NOT NULL',
      post_logout_redirect_uris: 'text NOT NULL',
      scopes: 'varchar(255) NOT NULL',
      auth_method: `${ascii(32)} NOT NULL`,
      secret_hash: `${ascii(64)} NULL`,
      jwks: 'text NULL',
      jwks_uri: 'varchar(2048) NULL',
      first_party: 'boolean NOT NULL',
      subject_type: `${ascii(16)} NOT NULL`,
      wechat_app_id: `${wechatId} NULL`,
      mini_program_app_ids: 'text NOT NULL',
      created_at: `${time} NOT NULL`,
      updated_at: `${time} NOT NULL`,
      deleted_at: `${time} NULL`,
    },
  });
}

async function createGrants(schema: Schema): Promise<void> {
  const { id, time, ascii } = schema.types;
  await schema.createTable('partner_grants', {
    columns: {
      id: `${id} NOT NULL PRIMARY KEY`,
      partner_id: `${id} NOT NULL`,
      user_id: `${id} NOT NULL`,
      scopes: 'varchar(255) NOT NULL',
      payload: 'text NOT NULL',
      created_at: `${time} NOT NULL`,
      last_used_at: `${time} NOT NULL`,
    },
    constraints: [
      'CONSTRAINT fk_partner_grants_partner FOREIGN KEY (partner_id) REFERENCES partners (id) ON DELETE CASCADE',
      'CONSTRAINT fk_partner_grants_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE',
    ],
  });
  await schema.createIndex('ix_partner_grants_user_id', 'partner_grants', 'user_id, id');
  await schema.createIndex('ix_partner_grants_partner_user', 'partner_grants', 'partner_id, user_id');

  await schema.createTable('partner_subjects', {
    columns: {
      partner_id: `${id} NOT NULL`,
      user_id: `${id} NOT NULL`,
      sub: `${ascii(64)} NOT NULL`,
      created_at: `${time} NOT NULL`,
    },
    constraints: [
      'PRIMARY KEY (partner_id, user_id)',
      'CONSTRAINT uq_partner_subjects_partner_sub UNIQUE (partner_id, sub)',
      'CONSTRAINT fk_partner_subjects_partner FOREIGN KEY (partner_id) REFERENCES partners (id) ON DELETE CASCADE',
      'CONSTRAINT fk_partner_subjects_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE',
    ],
  });
  await schema.createIndex('ix_partner_subjects_user_id', 'partner_subjects', 'user_id');
}

async function createTokens(schema: Schema): Promise<void> {
  const { id, time, ascii } = schema.types;
  await schema.createTable('partner_tokens', {
    columns: {
      id: `${ascii(64)} NOT NULL PRIMARY KEY`,
      model: `${ascii(32)} NOT NULL`,
      grant_id: `${id} NOT NULL`,
      payload: 'text NOT NULL',
      consumed_at: `${time} NULL`,
      expires_at: `${time} NOT NULL`,
      created_at: `${time} NOT NULL`,
    },
    constraints: [
      'CONSTRAINT fk_partner_tokens_grant FOREIGN KEY (grant_id) REFERENCES partner_grants (id) ON DELETE CASCADE',
    ],
  });
  await schema.createIndex('ix_partner_tokens_expires_at', 'partner_tokens', 'expires_at');
  await schema.createIndex('ix_partner_tokens_grant_id', 'partner_tokens', 'grant_id');
}
