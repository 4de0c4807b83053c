import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Where nickname and picture came from (what WeChat gave is cleared when consent is withdrawn, what the person
 * chose is not), and the pictures that still have to be copied or deleted.
 */
export class AddUserData1763800000000 implements MigrationInterface {
  readonly name = 'AddUserData1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type === 'mysql';
    const id = mysql ? 'varchar(36) CHARACTER SET ascii COLLATE ascii_bin' : 'varchar(36)';
    const time = mysql ? 'datetime(3)' : 'datetime';
    const end = mysql ? ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : ')';

    await runner.query('ALTER TABLE users ADD COLUMN nickname_source varchar(8) NULL');
    await runner.query('ALTER TABLE users ADD COLUMN avatar_source varchar(8) NULL');
    await runner.query("UPDATE users SET nickname_source = 'wechat' WHERE nickname IS NOT NULL");
    await runner.query(`CREATE TABLE avatar_jobs (
      id ${id} NOT NULL PRIMARY KEY,
      kind varchar(8) NOT NULL,
      user_id ${id} NULL,
      url varchar(2048) NULL,
      replaces boolean NOT NULL,
      avatar_key varchar(64) NULL,
      attempts integer NOT NULL,
      next_at ${time} NOT NULL,
      created_at ${time} NOT NULL,
      CONSTRAINT fk_avatar_jobs_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ${end}`);
    await runner.query('CREATE INDEX ix_avatar_jobs_user_id ON avatar_jobs (user_id)');
    await runner.query('CREATE INDEX ix_avatar_jobs_next_at ON avatar_jobs (next_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE avatar_jobs');
    await runner.query('ALTER TABLE users DROP COLUMN avatar_source');
    await runner.query('ALTER TABLE users DROP COLUMN nickname_source');
  }
}
