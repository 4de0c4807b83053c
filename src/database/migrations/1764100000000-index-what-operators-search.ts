import type { Migration, Schema } from './schema.js';

/**
 * Adds indexes for the operators' search: by status, by prefix of a nickname, by an openid without its app.
 * The nickname index covers the whole search, because many people may share a prefix.
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
