import type { Migration, Schema } from './schema.js';

/**
 * Operators look for users by status, the beginning of a nickname, or an openid whose app they do not know. The
 * index of nicknames holds all that the search reads, since the beginning of a nickname may be that of many.
 */
export class IndexWhatOperatorsSearch1764100000000 implements Migration {
  readonly name = 'IndexWhatOperatorsSearch1764100000000';

  async forward(schema: Schema): Promise<void> {
    await schema.createIndex('ix_users_nickname', 'users', 'nickname, status, id');
    await schema.createIndex('ix_users_status', 'users', 'status, id');
    await schema.createIndex('ix_wechat_identities_open_id', 'wechat_identities', 'open_id');
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropIndex('ix_wechat_identities_open_id', 'wechat_identities');
    await schema.dropIndex('ix_users_status', 'users');
    await schema.dropIndex('ix_users_nickname', 'users');
  }
}
