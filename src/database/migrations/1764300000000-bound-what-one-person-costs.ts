import type { Migration, Schema } from './schema.js';

/**
 * What is asked about one person, or for one page, is read by an index however many others there are: live sessions
 * beside those that have ended, nicknames within a status. Walks through a table keep their place.
 */
export class BoundWhatOnePersonCosts1764300000000 implements Migration {
  readonly name = 'BoundWhatOnePersonCosts1764300000000';

  async forward(schema: Schema): Promise<void> {
    const { id, time, ascii } = schema.types;
    // The new one first: a foreign key needs an index at all times.
    await schema.createIndex('ix_sessions_identity_revoked', 'sessions', 'identity_id, revoked_at');
    await schema.dropIndex('ix_sessions_identity_id', 'sessions');
    await schema.dropIndex('ix_sessions_expires_at', 'sessions');
    await schema.createIndex('ix_users_status_nickname', 'users', 'status, nickname, id');
    await schema.dropIndex('ix_users_nickname', 'users');
    await schema.createTable('table_walks', {
      columns: {
        name: `${ascii(64)} NOT NULL PRIMARY KEY`,
        place: `${id} NOT NULL`,
        lease_until: `${time} NOT NULL`,
        finished_at: `${time} NULL`,
      },
    });
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropTable('table_walks');
    await schema.createIndex('ix_users_nickname', 'users', 'nickname, status, id');
    await schema.dropIndex('ix_users_status_nickname', 'users');
    await schema.createIndex('ix_sessions_expires_at', 'sessions', 'expires_at');
    await schema.createIndex('ix_sessions_identity_id', 'sessions', 'identity_id');
    await schema.dropIndex('ix_sessions_identity_revoked', 'sessions');
  }
}
