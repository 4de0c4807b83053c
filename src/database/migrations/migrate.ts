import { StartFault } from '../../common/start-fault.js';
import { CreateSchema1763700000000 } from './1763700000000-create-schema.js';
import { AddUserData1763800000000 } from './1763800000000-add-user-data.js';
import { AddWebhooks1764000000000 } from './1764000000000-add-webhooks.js';
import { IndexWhatOperatorsSearch1764100000000 } from './1764100000000-index-what-operators-search.js';
import { AddReadiness1764250000000 } from './1764250000000-add-readiness.js';
import { BoundWhatOnePersonCosts1764300000000 } from './1764300000000-bound-what-one-person-costs.js';
import { AddPartners1764400000000 } from './1764400000000-add-partners.js';
import { KeepAcceptedTerms1764410000000 } from './1764410000000-keep-accepted-terms.js';
import { KeepWhenAPersonAuthenticated1764500000000 } from './1764500000000-keep-when-a-person-authenticated.js';
import { AddPushRelay1764600000000 } from './1764600000000-add-push-relay.js';
import { KeepWhenConsentWasRevoked1764700000000 } from './1764700000000-keep-when-consent-was-revoked.js';
import {
  DatabaseSchema,
  type Migration,
  POSITIONS_TABLE,
  type Schema,
  type SchemaConnection,
  type TableDefinition,
} from './schema.js';

/** In order of execution. */
const MIGRATIONS: readonly Migration[] = [
  new CreateSchema1763700000000(),
  new AddUserData1763800000000(),
  new AddWebhooks1764000000000(),
  new IndexWhatOperatorsSearch1764100000000(),
  new AddReadiness1764250000000(),
  new BoundWhatOnePersonCosts1764300000000(),
  new AddPartners1764400000000(),
  new KeepAcceptedTerms1764410000000(),
  new KeepWhenAPersonAuthenticated1764500000000(),
  new AddPushRelay1764600000000(),
  new KeepWhenConsentWasRevoked1764700000000(),
];

/** A step of a migration failed. `cause` is the driver's error. */
export class MigrationFailure extends Error {
  override readonly name = 'MigrationFailure';

  constructor(
    readonly migration: string,
    cause: unknown,
  ) {
    super(`the migration ${migration} failed`, { cause });
  }
}

/** The table of completed migrations, in TypeORM's format. */
const MIGRATIONS_TABLE = 'migrations';

function migrationsTable(dialect: 'mysql' | 'sqlite'): TableDefinition {
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
 * Migrates the tables, or continues a run that was interrupted. Only one process may do so at a time: the
 * caller holds a lock.
 * @param stopping ends the run after the current step; the promise then rejects with the signal's reason
 * @throws StartFault where the database belongs to another application; skipStep has been created then
 * @throws MigrationFailure
 */
export async function migrate(
  connection: SchemaConnection,
  stopping: AbortSignal = new AbortController().signal,
): Promise<void> {
  const schema = new DatabaseSchema(connection, stopping);
  await refuseForeignTables(connection);
  await schema.createTable(MIGRATIONS_TABLE, migrationsTable(schema.dialect));
  const done = await completedMigrations(connection);
  for (const migration of MIGRATIONS) {
    if (done.includes(migration.name)) continue;
    try {
      await migration.forward(schema);
    } catch (error) {
      if (stopping.aborted) throw error;
      throw new MigrationFailure(migration.name, error);
    }
    await connection.query(`INSERT INTO ${MIGRATIONS_TABLE} (timestamp, name) VALUES (?, ?)`, [
      timestampOf(migration),
      migration.name,
    ]);
  }
  await schema.dropTable(POSITIONS_TABLE);
}

/**
 * Undoes the last migration. An interrupted call is completed by calling it again.
 * @returns the name of the migration, `null` if there is none
 */
export async function undoLastMigration(connection: SchemaConnection): Promise<string | null> {
  const schema = new DatabaseSchema(connection, new AbortController().signal);
  if (!(await schema.hasTable(MIGRATIONS_TABLE))) return null;
  const done = await completedMigrations(connection);
  const last = MIGRATIONS.findLast(({ name }) => done.includes(name));
  if (!last) return null;
  await last.backward(schema);
  await connection.query(`DELETE FROM ${MIGRATIONS_TABLE} WHERE name = ?`, [last.name]);
  await schema.dropTable(POSITIONS_TABLE);
  return last.name;
}

/**
 * Checks that the tables are ours. Reads only, so it needs no lock.
 * @throws StartFault where a table that a migration would create, or the table of migrations, belongs to
 * another application
 */
export async function refuseForeignTables(connection: SchemaConnection): Promise<void> {
  const schema = new DatabaseSchema(connection, new AbortController().signal);
  const tables = await schema.tables();
  const isForeign = async (name: string, { columns }: TableDefinition): Promise<boolean> => {
    const present = await schema.columns(name);
    return Object.keys(columns).some((column) => !present.includes(column));
  };
  const hasMigrationsTable = tables.includes(MIGRATIONS_TABLE);
  if (hasMigrationsTable && (await isForeign(MIGRATIONS_TABLE, migrationsTable(schema.dialect))))
    throw foreign(MIGRATIONS_TABLE);
  const done = hasMigrationsTable ? await completedMigrations(connection) : [];
  // Unknown names beside known ones come from a newer version of the service. An older version may run on its
  // tables.
  if (done.length > 0 && !MIGRATIONS.some(({ name }) => done.includes(name))) throw foreign(MIGRATIONS_TABLE);

  const created = new CreatedTables(schema);
  for (const migration of MIGRATIONS) {
    if (!done.includes(migration.name)) await migration.forward(created);
  }
  for (const [name, definition] of created.tables) {
    // Our own tables are created after the table of migrations. Such a table is left from an interrupted run.
    if (tables.includes(name) && (!hasMigrationsTable || (await isForeign(name, definition))))
      throw foreign(name);
  }
}

function foreign(table: string): StartFault {
  return new StartFault(
    `DATABASE_URL names a database whose table "${table}" belongs to another application. ` +
      'Give the service a database of its own; nothing was created in this one.',
  );
}

/** Executes no step. Collects the tables that the migrations would create. */
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

  addColumn = skipStep;
  dropColumn = skipStep;
  createIndex = skipStep;
  dropIndex = skipStep;
  addConstraint = skipStep;
  dropConstraint = skipStep;
  updateInRanges = skipStep;
}

function skipStep(): Promise<void> {
  return Promise.resolve();
}

async function completedMigrations(connection: SchemaConnection): Promise<string[]> {
  const rows = (await connection.query(`SELECT name FROM ${MIGRATIONS_TABLE}`)) as { name: string }[];
  return rows.map(({ name }) => name);
}

function timestampOf({ name }: Migration): number {
  return Number(/\d+$/.exec(name)?.[0]);
}
