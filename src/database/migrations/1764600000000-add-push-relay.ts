import type { Migration, Schema } from './schema.js';

/**
 * Adds the pushes that wait for their receivers. `push_mailboxes` is the queue: one row per receiver and person, so
 * that the pushes of a person go out in order.
 */
export class AddPushRelay1764600000000 implements Migration {
  readonly name = 'AddPushRelay1764600000000';

  async forward(schema: Schema): Promise<void> {
    const { id, time, ascii } = schema.types;
    await schema.createTable('push_mailboxes', {
      columns: {
        receiver: `${ascii(43)} NOT NULL`,
        person: `${ascii(43)} NOT NULL`,
        attempts: 'integer NOT NULL',
        next_at: `${time} NOT NULL`,
      },
      constraints: ['PRIMARY KEY (receiver, person)'],
    });
    await schema.createIndex('ix_push_mailboxes_receiver_next_at', 'push_mailboxes', 'receiver, next_at');
    await schema.createTable('relayed_pushes', {
      columns: {
        id: `${id} NOT NULL PRIMARY KEY`,
        receiver: `${ascii(43)} NOT NULL`,
        person: `${ascii(43)} NOT NULL`,
        push_key: `${ascii(43)} NOT NULL`,
        tries: 'integer NOT NULL',
        // A body has up to 64 KB, and sealed it is longer than a `text` of MySQL.
        sealed: schema.dialect === 'mysql' ? 'mediumtext NOT NULL' : 'text NOT NULL',
        received_at: `${time} NOT NULL`,
      },
      constraints: ['CONSTRAINT uq_relayed_pushes_receiver_push UNIQUE (receiver, push_key)'],
    });
    await schema.createIndex('ix_relayed_pushes_receiver_person', 'relayed_pushes', 'receiver, person, id');
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropTable('relayed_pushes');
    await schema.dropTable('push_mailboxes');
  }
}
