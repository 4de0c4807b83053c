/** One connection, in no transaction. Rows of a SELECT; what else a statement returns is not looked at. */
export interface SchemaConnection {
  readonly dialect: 'mysql' | 'sqlite';
  query(sql: string, parameters?: readonly (string | number)[]): Promise<unknown>;
}

/** Columns by name, each with its SQL type and what follows it, and the constraints of the table. */
export interface TableDefinition {
  readonly columns: Readonly<Record<string, string>>;
  /** Such as `CONSTRAINT uq_users_phone_number UNIQUE (phone_number)`. */
  readonly constraints?: readonly string[];
}

/** What an index may have beside its columns. */
export interface IndexOptions {
  readonly unique?: boolean;
  /** Condition of a partial index. SQLite only: MySQL has none, and indexes every row. */
  readonly where?: string;
}

/** An UPDATE of a whole table, done in ranges of its primary key. */
export interface DataStep {
  readonly table: string;
  /** The primary key: one column that holds text. */
  readonly key: string;
  /** What follows SET. */
  readonly set: string;
  /** Which rows of a range are changed. */
  readonly where: string;
}

/** The SQL types that both dialects of a column have in common. */
export interface ColumnTypes {
  /** A UUID, compared by its bytes. */
  readonly id: string;
  /** What WeChat calls a person or an app: case-sensitive on MySQL too. */
  readonly wechatId: string;
  /** A time in UTC, to the millisecond; set by the application. */
  readonly time: string;
  /** Text of ASCII characters, compared by its bytes. */
  readonly ascii: (length: number) => string;
}

/**
 * The steps of a migration. Each looks first whether it has been done, so that a migration that was cut off at any
 * point is finished by the next run: MySQL and MariaDB commit each change of a table by itself.
 */
export interface Schema {
  readonly dialect: 'mysql' | 'sqlite';
  readonly types: ColumnTypes;
  createTable(name: string, definition: TableDefinition): Promise<void>;
  dropTable(name: string): Promise<void>;
  /** @param type SQL type and what follows it, such as `varchar(8) NULL` */
  addColumn(table: string, name: string, type: string): Promise<void>;
  dropColumn(table: string, name: string): Promise<void>;
  /** @param columns comma-separated */
  createIndex(name: string, table: string, columns: string, options?: IndexOptions): Promise<void>;
  dropIndex(name: string, table: string): Promise<void>;
  /** @param definition what follows `CONSTRAINT name`. SQLite copies the table for it. */
  addConstraint(name: string, table: string, definition: string): Promise<void>;
  /** @param definition as `addConstraint` was given it */
  dropConstraint(name: string, table: string, definition: string): Promise<void>;
  /**
   * Changes data without a transaction that holds a whole table. The place is remembered, and each range is changed
   * once, also where the run is cut off.
   * @param name of this step, unique among all migrations
   */
  updateInRanges(name: string, step: DataStep): Promise<void>;
}

/** A change of the tables. `forward` and `backward` consist of steps of `Schema` and of nothing else. */
export interface Migration {
  /** As it stands in the table `migrations`; never changed once it was released. */
  readonly name: string;
  forward(schema: Schema): Promise<void>;
  backward(schema: Schema): Promise<void>;
}

/** Rows that one transaction of a data step changes. */
const RANGE = 1_000;

/** Where data steps keep their place; dropped at the end of each run. */
export const PLACES = 'migration_places';

export function columnTypes(dialect: 'mysql' | 'sqlite'): ColumnTypes {
  const ascii = (length: number) =>
    dialect === 'mysql' ? `varchar(${length}) CHARACTER SET ascii COLLATE ascii_bin` : `varchar(${length})`;
  return {
    id: ascii(36),
    wechatId: ascii(64),
    time: dialect === 'mysql' ? 'datetime(3)' : 'datetime',
    ascii,
  };
}

/** Does the steps on a database. */
export class DatabaseSchema implements Schema {
  readonly dialect: 'mysql' | 'sqlite';
  readonly types: ColumnTypes;

  /** @param stopping ends the migration between two steps: the step throws the signal's reason */
  constructor(
    private readonly connection: SchemaConnection,
    private readonly stopping: AbortSignal,
  ) {
    this.dialect = connection.dialect;
    this.types = columnTypes(this.dialect);
  }

  async createTable(name: string, { columns, constraints = [] }: TableDefinition): Promise<void> {
    const parts = [...Object.entries(columns).map(([column, type]) => `${column} ${type}`), ...constraints];
    const end = this.dialect === 'mysql' ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : '';
    await this.step(
      () => this.hasTable(name),
      () => this.connection.query(`CREATE TABLE ${name} (\n  ${parts.join(',\n  ')}\n)${end}`),
    );
  }

  async dropTable(name: string): Promise<void> {
    await this.step(
      async () => !(await this.hasTable(name)),
      () => this.connection.query(`DROP TABLE ${name}`),
    );
  }

  async addColumn(table: string, name: string, type: string): Promise<void> {
    await this.step(
      async () => (await this.columns(table)).includes(name),
      () => this.connection.query(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`),
    );
  }

  async dropColumn(table: string, name: string): Promise<void> {
    await this.step(
      async () => !(await this.columns(table)).includes(name),
      () => this.connection.query(`ALTER TABLE ${table} DROP COLUMN ${name}`),
    );
  }

  async createIndex(name: string, table: string, columns: string, options: IndexOptions = {}): Promise<void> {
    const kind = options.unique ? 'UNIQUE INDEX' : 'INDEX';
    const where = options.where !== undefined && this.dialect === 'sqlite' ? ` WHERE ${options.where}` : '';
    await this.step(
      () => this.hasIndex(name, table),
      () => this.connection.query(`CREATE ${kind} ${name} ON ${table} (${columns})${where}`),
    );
  }

  async dropIndex(name: string, table: string): Promise<void> {
    const on = this.dialect === 'mysql' ? ` ON ${table}` : '';
    await this.step(
      async () => !(await this.hasIndex(name, table)),
      () => this.connection.query(`DROP INDEX ${name}${on}`),
    );
  }

  async addConstraint(name: string, table: string, definition: string): Promise<void> {
    const constraint = `CONSTRAINT ${name} ${definition}`;
    await this.step(
      () => this.hasConstraint(name, table),
      () =>
        this.dialect === 'mysql'
          ? this.connection.query(`ALTER TABLE ${table} ADD ${constraint}`)
          : this.copyTable(table, (sql) => sql.replace(/\)\s*$/, `, ${constraint})`)),
    );
  }

  async dropConstraint(name: string, table: string, definition: string): Promise<void> {
    await this.step(
      async () => !(await this.hasConstraint(name, table)),
      () =>
        this.dialect === 'mysql'
          ? this.connection.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
          : this.copyTable(table, (sql) => sql.replace(`, CONSTRAINT ${name} ${definition}`, '')),
    );
  }

  async updateInRanges(name: string, { table, key, set, where }: DataStep): Promise<void> {
    const first = await this.rows(`SELECT ${key} FROM ${table} LIMIT 1`);
    if (first.length === 0) return;
    await this.createTable(PLACES, {
      columns: {
        name: 'varchar(64) NOT NULL PRIMARY KEY',
        // As wide as any key that is text.
        place: 'varchar(255) NOT NULL',
        done: 'boolean NOT NULL',
      },
    });
    for (;;) {
      const [row] = await this.rows<{ place: string; done: number }>(
        `SELECT place, done FROM ${PLACES} WHERE name = ?`,
        [name],
      );
      if (row?.done) return;
      this.stopping.throwIfAborted();
      const place = row?.place ?? '';
      const [end] = await this.rows<{ place: string }>(
        `SELECT ${key} AS place FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT 1 OFFSET ${RANGE - 1}`,
        [place],
      );
      await this.inTransaction(async () => {
        const range = end ? `${key} > ? AND ${key} <= ?` : `${key} > ?`;
        const bounds = end ? [place, end.place] : [place];
        await this.connection.query(`UPDATE ${table} SET ${set} WHERE ${range} AND (${where})`, bounds);
        await this.connection.query(`REPLACE INTO ${PLACES} (name, place, done) VALUES (?, ?, ?)`, [
          name,
          end?.place ?? place,
          end ? 0 : 1,
        ]);
      });
    }
  }

  async hasTable(name: string): Promise<boolean> {
    return (await this.tables()).includes(name);
  }

  /** Names of all tables, in lower case. */
  async tables(): Promise<string[]> {
    const sql =
      this.dialect === 'mysql'
        ? 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()'
        : "SELECT name FROM sqlite_master WHERE type = 'table'";
    return this.names(sql);
  }

  /** Names of a table's columns, in lower case; none where there is no such table. */
  async columns(table: string): Promise<string[]> {
    const sql =
      this.dialect === 'mysql'
        ? `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
           WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`
        : 'SELECT name FROM pragma_table_info(?)';
    return this.names(sql, [table]);
  }

  /** Runs a change unless it has been made. One that fails because somebody else has just made it has not failed. */
  private async step(isDone: () => Promise<boolean>, change: () => Promise<unknown>): Promise<void> {
    this.stopping.throwIfAborted();
    if (await isDone()) return;
    try {
      await change();
    } catch (error) {
      // A server goes on with the statement of a process that was killed, and the next process meets its end.
      if (!(await isDone().catch(() => false))) throw error;
    }
  }

  private async hasIndex(name: string, table: string): Promise<boolean> {
    const sql =
      this.dialect === 'mysql'
        ? `SELECT DISTINCT INDEX_NAME AS name FROM information_schema.STATISTICS
           WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`
        : "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?";
    return (await this.names(sql, [table])).includes(name);
  }

  private async hasConstraint(name: string, table: string): Promise<boolean> {
    if (this.dialect === 'sqlite') {
      return new RegExp(`\\bCONSTRAINT ${name}\\b`, 'i').test(await this.definition(table));
    }
    const sql = `SELECT CONSTRAINT_NAME AS name FROM information_schema.TABLE_CONSTRAINTS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`;
    return (await this.names(sql, [table])).includes(name);
  }

  /** SQLite changes no constraint of a table that exists (sqlite.org/lang_altertable.html, section 7). */
  private async copyTable(table: string, change: (sql: string) => string): Promise<void> {
    const copy = `copy_of_${table}`;
    const definition = change(await this.definition(table)).replace(
      /^CREATE TABLE\s+\S+/i,
      `CREATE TABLE ${copy}`,
    );
    const indexes = await this.rows<{ sql: string }>(
      "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
      [table],
    );
    // To drop the old table would delete what refers to its rows. Cannot be switched inside a transaction.
    await this.connection.query('PRAGMA foreign_keys = OFF');
    try {
      await this.inTransaction(async () => {
        await this.connection.query(definition);
        await this.connection.query(`INSERT INTO ${copy} SELECT * FROM ${table}`);
        await this.connection.query(`DROP TABLE ${table}`);
        await this.connection.query(`ALTER TABLE ${copy} RENAME TO ${table}`);
        for (const { sql } of indexes) await this.connection.query(sql);
      });
    } finally {
      await this.connection.query('PRAGMA foreign_keys = ON');
    }
  }

  private async definition(table: string): Promise<string> {
    const [row] = await this.rows<{ sql: string }>(
      "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?",
      [table],
    );
    return row?.sql ?? '';
  }

  private async inTransaction(work: () => Promise<void>): Promise<void> {
    await this.connection.query('BEGIN');
    try {
      await work();
      await this.connection.query('COMMIT');
    } catch (error) {
      await this.connection.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async names(sql: string, parameters: readonly string[] = []): Promise<string[]> {
    const rows = await this.rows<{ name: string }>(sql, parameters);
    return rows.map(({ name }) => name.toLowerCase());
  }

  private async rows<Row = unknown>(sql: string, parameters: readonly string[] = []): Promise<Row[]> {
    return (await this.connection.query(sql, parameters)) as Row[];
  }
}
