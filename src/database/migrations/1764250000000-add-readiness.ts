import type { Migration, Schema } from './schema.js';

/** Adds the table that readiness checks write to: a database that only answers reads cannot serve a login. */
export class AddReadiness1764250000000 implements Migration {
  readonly name = 'AddReadiness1764250000000';

  async forward(schema: Schema): Promise<void> {
    await schema.createTable('readiness', {
      columns: {
        id: 'integer NOT NULL PRIMARY KEY',
        written_at: `${schema.types.time} NOT NULL`,
        padding: schema.dialect === 'mysql' ? 'mediumtext NULL' : 'text NULL',
      },
    });
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropTable('readiness');
  }
}
