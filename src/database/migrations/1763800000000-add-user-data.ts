import type { Migration, Schema } from './schema.js';

/**
 * Adds the sources of nickname and picture, and the queue of pictures to copy or delete. When consent is
 * withdrawn, values from WeChat are cleared, and values that the person chose are kept.
 */
export class AddUserData1763800000000 implements Migration {
  readonly name = 'AddUserData1763800000000';

  async forward(schema: Schema): Promise<void> {
    const { id, time } = schema.types;

    await schema.addColumn('users', 'nickname_source', 'varchar(8) NULL');
    await schema.addColumn('users', 'avatar_source', 'varchar(8) NULL');
    await schema.updateInRanges('users.nickname_source', {
      table: 'users',
      key: 'id',
      set: "nickname_source = 'wechat'",
      where: 'nickname IS NOT NULL',
    });
    await schema.createTable('avatar_jobs', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        kind: 'varchar(8) NOT NULL',
        user_id: `${id} NULL`,
        url: 'varchar(2048) NULL',
        replaces: 'boolean NOT NULL',
        avatar_key: 'varchar(64) NULL',
        attempts: 'integer NOT NULL',
        next_at: `${time} NOT NULL`,
        created_at: `${time} NOT NULL`,
      },
      constraints: [
        'CONSTRAINT fk_avatar_jobs_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE',
      ],
    });
    await schema.createIndex('ix_avatar_jobs_user_id', 'avatar_jobs', 'user_id');
    await schema.createIndex('ix_avatar_jobs_next_at', 'avatar_jobs', 'next_at');
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropTable('avatar_jobs');
    await schema.dropColumn('users', 'avatar_source');
    await schema.dropColumn('users', 'nickname_source');
  }
}
