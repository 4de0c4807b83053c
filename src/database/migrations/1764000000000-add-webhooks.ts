import type { Migration, Schema } from './schema.js';

/**
 * Adds the outbox of the webhooks. `outbox_at` marks each event that still has to be handed over, with an
 * index that finds it among any number of events. `webhook_deliveries` holds what each receiver still has to
 * get.
 */
export class AddWebhooks1764000000000 implements Migration {
  readonly name = 'AddWebhooks1764000000000';

  async forward(schema: Schema): Promise<void> {
    const { id, time, ascii } = schema.types;

    await schema.addColumn('events', 'outbox_at', `${time} NULL`);
    // MySQL has no partial indexes and indexes the many NULLs too. No query reads those.
    await schema.createIndex('ix_events_outbox_at', 'events', 'outbox_at', {
      where: 'outbox_at IS NOT NULL',
    });
    await schema.createTable('webhook_deliveries', {
      columns: {
        event_id: `${id} NOT NULL`,
        receiver: `${ascii(43)} NOT NULL`,
        attempts: 'integer NOT NULL',
        next_at: `${time} NOT NULL`,
        given_up_at: `${time} NULL`,
        created_at: `${time} NOT NULL`,
      },
      constraints: [
        'PRIMARY KEY (event_id, receiver)',
        'CONSTRAINT fk_webhook_deliveries_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE',
      ],
    });
    await schema.createIndex(
      'ix_webhook_deliveries_receiver_next_at',
      'webhook_deliveries',
      'receiver, next_at',
    );
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropTable('webhook_deliveries');
    await schema.dropIndex('ix_events_outbox_at', 'events');
    await schema.dropColumn('events', 'outbox_at');
  }
}
