import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first tables. Written by hand, since the two databases need different words: ids of WeChat are
 * case-sensitive (a case-insensitive collation would make `oABC` and `oabc` one account), and times are
 * set by the application, in UTC, to the millisecond.
 */
export class CreateSchema1763700000000 implements MigrationInterface {
  readonly name = 'CreateSchema1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type === 'mysql';
    const id = mysql ? 'varchar(36) CHARACTER SET ascii COLLATE ascii_bin' : 'varchar(36)';
    const wechatId = mysql ? 'varchar(64) CHARACTER SET ascii COLLATE ascii_bin' : 'varchar(64)';
    const time = mysql ? 'datetime(3)' : 'datetime';
    const end = mysql ? ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : ')';

    await runner.query(`CREATE TABLE users (
      id ${id} NOT NULL PRIMARY KEY,
      nickname varchar(64) NULL,
      avatar_key varchar(64) NULL,
      phone_number varchar(20) NULL,
      status varchar(16) NOT NULL,
      merged_into ${id} NULL,
      created_at ${time} NOT NULL,
      updated_at ${time} NOT NULL,
      last_login_at ${time} NULL,
      CONSTRAINT uq_users_phone_number UNIQUE (phone_number)
    ${end}`);
    await runner.query('CREATE INDEX ix_users_merged_into ON users (merged_into)');

    await runner.query(`CREATE TABLE union_ids (
      union_id ${wechatId} NOT NULL PRIMARY KEY,
      user_id ${id} NOT NULL,
      CONSTRAINT fk_union_ids_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ${end}`);
    await runner.query('CREATE INDEX ix_union_ids_user_id ON union_ids (user_id)');

    await runner.query(`CREATE TABLE wechat_identities (
      id ${id} NOT NULL PRIMARY KEY,
      user_id ${id} NOT NULL,
      app_id ${wechatId} NOT NULL,
      app_kind varchar(20) NOT NULL,
      open_id ${wechatId} NOT NULL,
      union_id ${wechatId} NULL,
      session_key varchar(255) NULL,
      previous_session_key varchar(255) NULL,
      session_key_at ${time} NULL,
      refresh_token varchar(1024) NULL,
      created_at ${time} NOT NULL,
      last_login_at ${time} NULL,
      CONSTRAINT uq_wechat_identities_app_open UNIQUE (app_id, open_id),
      CONSTRAINT fk_wechat_identities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ${end}`);
    await runner.query('CREATE INDEX ix_wechat_identities_user_id ON wechat_identities (user_id)');

    await runner.query(`CREATE TABLE sessions (
      id ${id} NOT NULL PRIMARY KEY,
      identity_id ${id} NOT NULL,
      generation integer NOT NULL,
      rotated_at ${time} NULL,
      device varchar(255) NULL,
      ip varchar(45) NULL,
      created_at ${time} NOT NULL,
      last_used_at ${time} NOT NULL,
      expires_at ${time} NOT NULL,
      revoked_at ${time} NULL,
      revoke_reason varchar(32) NULL,
      CONSTRAINT fk_sessions_identity FOREIGN KEY (identity_id) REFERENCES wechat_identities (id) ON DELETE CASCADE
    ${end}`);
    await runner.query('CREATE INDEX ix_sessions_identity_id ON sessions (identity_id)');
    await runner.query('CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)');

    await runner.query(`CREATE TABLE signing_keys (
      kid varchar(64) NOT NULL PRIMARY KEY,
      public_jwk text NOT NULL,
      private_key text NOT NULL,
      active_from ${time} NOT NULL,
      retire_at ${time} NULL
    ${end}`);

    await runner.query(`CREATE TABLE events (
      id ${id} NOT NULL PRIMARY KEY,
      type varchar(64) NOT NULL,
      user_id ${id} NULL,
      actor varchar(128) NOT NULL,
      ip varchar(45) NULL,
      request_id varchar(64) NULL,
      details text NOT NULL,
      created_at ${time} NOT NULL,
      delivered_at ${time} NULL
    ${end}`);
    await runner.query('CREATE INDEX ix_events_user_id ON events (user_id, id)');
    await runner.query('CREATE INDEX ix_events_type ON events (type, id)');
    await runner.query('CREATE INDEX ix_events_created_at ON events (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['events', 'signing_keys', 'sessions', 'wechat_identities', 'union_ids', 'users']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}
