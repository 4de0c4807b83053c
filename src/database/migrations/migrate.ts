import { StartFault } from '../../common/start-fault.js';
import { CreateSchema1763700000000 } from './1763700000000-create-schema.js';
import { AddUserData1763800000000 } from './1763800000000-add-user-data.js';
import { AddWebhooks1764000000000 } from './1764000000000-add-webhooks.js';
import { IndexWhatOperatorsSearch1764100000000 } from './1764100000000-index-what-operators-search.js';
import { AddReadiness1764250000000 } from './1764250000000-add-readiness.js';
import { BoundWhatOnePersonCosts1764300000000 } from './1764300000000-bound-what-one-person-costs.js';
import {
  DatabaseSchema,
  type Migration,
  PLACES,
  type Schema,
  type SchemaConnection,
  type TableDefinition,
} from './schema.js';

/** In the order in which they run. */
const MIGRATIONS: readonly Migration[] = [
  new CreateSchema1763700000000(),
  new AddUserData1763800000000(),
  new AddWebhooks1764000000000(),
  new IndexWhatOperatorsSearch1764100000000(),
  new AddReadiness1764250000000(),
  new BoundWhatOnePersonCosts1764300000000(),
];

/** A step of a migration failed; the cause is what the driver threw. */
export class MigrationFailure extends Error {
  override readonly name = 'MigrationFailure';

  constructor(
    readonly migration: string,
    cause: unknown,
  ) {
    super(`the migration ${migration} failed`, { cause });
  }
}

/** Which migrations were done, in the form in which TypeORM keeps them. */
const RECORD = 'migrations';

function recordDefinition(dialect: 'mysql' | 'sqlite'): TableDefinition {
  const id = dialect === 'mysql' ? 'int NOT NULL AUTO_INCREMENT' : 'integer NOT NULL';
  return {
    columns: {
      id: `${id} PRIMARY KEY${dialect === 'mysql' ? '' : ' AUTOINCREMENT'}`,
      timestamp: 'bigint NOT NULL',
      name: dialect === 'mysql' ? 'varchar(255) NOT NULL' : 'varchar NOT NULL',
    },
  };
}

/**
 * Brings the tables up to date, or goes on where another run was cut off. One process at a time: the caller holds a
 * lock.
 * @param stopping ends it after the step under way; it then throws the signal's reason
 * @throws StartFault where the database belongs to another application; nothing has been created then
 * @throws MigrationFailure
 */
export async function migrate(
  connection: SchemaConnection,
  stopping: AbortSignal = new AbortController().signal,
): Promise<void> {
  const schema = new DatabaseSchema(connection, stopping);
  await refuseForeignTables(connection);
  await schema.createTable(RECORD, recordDefinition(schema.dialect));
  const done = await recorded(connection);
  for (const migration of MIGRATIONS) {
    if (done.includes(migration.name)) continue;
    try {
      await migration.forward(schema);
    } catch (error) {
      if (stopping.aborted) throw error;
      throw new MigrationFailure(migration.name, error);
    }
    await connection.query(`INSERT INTO ${RECORD} (timestamp, name) VALUES (?, ?)`, [
      timestampOf(migration),
      migration.name,
    ]);
  }
  await schema.dropTable(PLACES);
}

/**
 * Undoes the last migration. One that was cut off is undone by doing it again.
 * @returns its name, `null` where there is none
 */
export async function undoLastMigration(connection: SchemaConnection): Promise<string | null> {
  const schema = new DatabaseSchema(connection, new AbortController().signal);
  if (!(await schema.hasTable(RECORD))) return null;
  const done = await recorded(connection);
  const last = MIGRATIONS.findLast(({ name }) => done.includes(name));
  if (!last) return null;
  await last.backward(schema);
  await connection.query(`DELETE FROM ${RECORD} WHERE name = ?`, [last.name]);
  await schema.dropTable(PLACES);
  return last.name;
}

/**
 * Reads only, and may run without the lock.
 * @throws StartFault where a table that a migration would create, or the record of migrations, is somebody else's
 */
export async function refuseForeignTables(connection: SchemaConnection): Promise<void> {
  const schema = new DatabaseSchema(connection, new AbortController().signal);
  const tables = await schema.tables();
  const isForeign = async (name: string, { columns }: TableDefinition): Promise<boolean> => {
    const present = await schema.columns(name);
    return Object.keys(columns).some((column) => !present.includes(column));
  };
  const hasRecord = tables.includes(RECORD);
  if (hasRecord && (await isForeign(RECORD, recordDefinition(schema.dialect)))) throw foreign(RECORD);
  const done = hasRecord ? await recorded(connection) : [];
  // Of other names beside ours a newer version has told: an older one may run on its tables.
  if (done.length > 0 && !MIGRATIONS.some(({ name }) => done.includes(name))) throw foreign(RECORD);

  const created = new CreatedTables(schema);
  for (const migration of MIGRATIONS) {
    if (!done.includes(migration.name)) await migration.forward(created);
  }
  for (const [name, definition] of created.tables) {
    // What is ours was created after the record of migrations, by a run that was cut off.
    if (tables.includes(name) && (!hasRecord || (await isForeign(name, definition)))) throw foreign(name);
  }
}

function foreign(table: string): StartFault {
  return new StartFault(
    `DATABASE_URL names a database whose table "${table}" belongs to another application. ` +
      'Give the service a database of its own; nothing was created in this one.',
  );
}

/** Does no step, and remembers which tables there would be. */
class CreatedTables implements Schema {
  readonly dialect: Schema['dialect'];
  readonly types: Schema['types'];
  readonly tables = new Map<string, TableDefinition>();

  constructor({ dialect, types }: Schema) {
    this.dialect = dialect;
    this.types = types;
  }

  createTable(name: string, definition: TableDefinition): Promise<void> {
    this.tables.set(name, definition);
    return Promise.resolve();
  }

  dropTable(name: string): Promise<void> {
    this.tables.delete(name);
    return Promise.resolve();
  }

  addColumn = nothing;
  dropColumn = nothing;
  createIndex = nothing;
  dropIndex = nothing;
  addConstraint = nothing;
  dropConstraint = nothing;
  updateInRanges = nothing;
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

async function recorded(connection: SchemaConnection): Promise<string[]> {
  const rows = (await connection.query(`SELECT name FROM ${RECORD}`)) as { name: string }[];
  return rows.map(({ name }) => name);
}

function timestampOf({ name }: Migration): number {
  return Number(/\d+$/.exec(name)?.[0]);
}
