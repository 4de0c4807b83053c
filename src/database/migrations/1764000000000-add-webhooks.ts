import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The outbox of the webhooks: a mark at each event that still has to be handed over, found by an index however many
 * events there are, and what each receiver still has to get.
 */
export class AddWebhooks1764000000000 implements MigrationInterface {
  readonly name = 'AddWebhooks1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type === 'mysql';
    const id = mysql ? 'varchar(36) CHARACTER SET ascii COLLATE ascii_bin' : 'varchar(36)';
    const key = mysql ? 'varchar(43) CHARACTER SET ascii COLLATE ascii_bin' : 'varchar(43)';
    const time = mysql ? 'datetime(3)' : 'datetime';
    const end = mysql ? ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : ')';

    await runner.query(`ALTER TABLE events ADD COLUMN outbox_at ${time} NULL`);
    // MySQL has no partial indexes; there the many NULLs stand in it, and are never looked at.
    await runner.query(
      `CREATE INDEX ix_events_outbox_at ON events (outbox_at)${mysql ? '' : ' WHERE outbox_at IS NOT NULL'}`,
    );
    await runner.query(`CREATE TABLE webhook_deliveries (
      event_id ${id} NOT NULL,
      receiver ${key} NOT NULL,
      attempts integer NOT NULL,
      next_at ${time} NOT NULL,
      given_up_at ${time} NULL,
      created_at ${time} NOT NULL,
      PRIMARY KEY (event_id, receiver),
      CONSTRAINT fk_webhook_deliveries_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE
    ${end}`);
    await runner.query(
      'CREATE INDEX ix_webhook_deliveries_receiver_next_at ON webhook_deliveries (receiver, next_at)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_deliveries');
    const on = runner.dataSource.options.type === 'mysql' ? ' ON events' : '';
    await runner.query(`DROP INDEX ix_events_outbox_at${on}`);
    await runner.query('ALTER TABLE events DROP COLUMN outbox_at');
  }
}
