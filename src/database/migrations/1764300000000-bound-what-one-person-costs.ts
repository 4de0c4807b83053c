import type { Migration, Schema } from './schema.js';

/**
 * Adds indexes so that a query for one person or one page costs the same however many others there are: live
 * sessions apart from ended ones, nicknames within a status. Adds the table with the position of table walks.
 */
export class BoundWhatOnePersonCosts1764300000000 implements Migration {
  readonly name = 'BoundWhatOnePersonCosts1764300000000';

  async forward(schema: Schema): Promise<void> {
    const { id, time, ascii } = schema.types;
    // Create the new index first: the foreign key needs one at all times.
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
