import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Operators look for users by status, the beginning of a nickname, or an openid whose app they do not know. The
 * index of nicknames holds all that the search reads, since the beginning of a nickname may be that of many.
 */
export class IndexWhatOperatorsSearch1764100000000 implements MigrationInterface {
  readonly name = 'IndexWhatOperatorsSearch1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_users_nickname ON users (nickname, status, id)');
    await runner.query('CREATE INDEX ix_users_status ON users (status, id)');
    await runner.query('CREATE INDEX ix_wechat_identities_open_id ON wechat_identities (open_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    const on = runner.dataSource.options.type === 'mysql' ? (table: string) => ` ON ${table}` : () => '';
    await runner.query(`DROP INDEX ix_wechat_identities_open_id${on('wechat_identities')}`);
    await runner.query(`DROP INDEX ix_users_status${on('users')}`);
    await runner.query(`DROP INDEX ix_users_nickname${on('users')}`);
  }
}
