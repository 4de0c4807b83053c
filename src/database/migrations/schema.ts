/**
 * One connection without an open transaction. `query` resolves to the rows of a SELECT; other results are
 * ignored.
 */
export interface SchemaConnection {
  readonly dialect: 'mysql' | 'sqlite';
  query(sql: string, parameters?: readonly (string | number)[]): Promise<unknown>;
}

/** Columns by name, each with its SQL type and attributes, and the constraints of the table. */
export interface TableDefinition {
  readonly columns: Readonly<Record<string, string>>;
  /** For example `CONSTRAINT uq_users_phone_number UNIQUE (phone_number)`. */
  readonly constraints?: readonly string[];
}

/** Options of an index. */
export interface IndexOptions {
  readonly unique?: boolean;
  /** Condition of a partial index. SQLite only: MySQL has no partial indexes and indexes every row. */
  readonly where?: string;
}

/** An UPDATE of a whole table, executed in ranges of its primary key. */
export interface DataStep {
  readonly table: string;
  /** The primary key: one text column. */
  readonly key: string;
  /** The SQL after SET. */
  readonly set: string;
  /** Condition for the rows to change. */
  readonly where: string;
}

/** SQL types that every migration uses, by dialect. */
export interface ColumnTypes {
  /** A UUID, compared by bytes. */
  readonly id: string;
  /** An id of WeChat, such as an openid or AppID. Case-sensitive on MySQL too. */
  readonly wechatId: string;
  /** A time in UTC with millisecond precision, set by the application. */
  readonly time: string;
  /** ASCII text, compared by bytes. */
  readonly ascii: (length: number) => string;
}

/**
 * The steps of a migration. Each step checks whether it was done already, so the next run completes an
 * interrupted migration. This is needed because MySQL and MariaDB commit every DDL statement by itself.
 */
export interface Schema {
  readonly dialect: 'mysql' | 'sqlite';
  readonly types: ColumnTypes;
  createTable(name: string, definition: TableDefinition): Promise<void>;
  dropTable(name: string): Promise<void>;
  /** @param type SQL type and attributes, for example `varchar(8) NULL` */
  addColumn(table: string, name: string, type: string): Promise<void>;
  dropColumn(table: string, name: string): Promise<void>;
  /** @param columns comma-separated */
  createIndex(name: string, table: string, columns: string, options?: IndexOptions): Promise<void>;
  dropIndex(name: string, table: string): Promise<void>;
  /** @param definition the SQL after `CONSTRAINT name`. SQLite has to copy the table. */
  addConstraint(name: string, table: string, definition: string): Promise<void>;
  /** @param definition the same as in `addConstraint` */
  dropConstraint(name: string, table: string, definition: string): Promise<void>;
  /**
   * Changes data in short transactions, none of which locks the whole table. The position is stored, so each
   * range is changed exactly once, even if the run is interrupted.
   * @param name name of this step, unique among all migrations
   */
  updateInRanges(name: string, step: DataStep): Promise<void>;
}

/** A change of the schema. `forward` and `backward` consist of steps of `Schema` only. */
export interface Migration {
  /** The name in the table `migrations`. It never changes after the release. */
  readonly name: string;
  forward(schema: Schema): Promise<void>;
  backward(schema: Schema): Promise<void>;
}

/** Rows that one transaction of a data step covers. */
const RANGE = 1_000;

/** The table with the positions of data steps. It is dropped at the end of each run. */
export const POSITIONS_TABLE = 'migration_places';

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

/** Executes the steps on a database. */
export class DatabaseSchema implements Schema {
  readonly dialect: 'mysql' | 'sqlite';
  readonly types: ColumnTypes;

  /** @param stopping ends the migration between two steps: the next step throws the signal's reason */
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
    await this.createTable(POSITIONS_TABLE, {
      columns: {
        name: 'varchar(64) NOT NULL PRIMARY KEY',
        // Wide enough for every text key.
        place: 'varchar(255) NOT NULL',
        done: 'boolean NOT NULL',
      },
    });
    for (;;) {
      const [row] = await this.rows<{ place: string; done: number }>(
        `SELECT place, done FROM ${POSITIONS_TABLE} WHERE name = ?`,
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
        await this.connection.query(`REPLACE INTO ${POSITIONS_TABLE} (name, place, done) VALUES (?, ?, ?)`, [
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

  /** Names of a table's columns, in lower case. Empty if the table does not exist. */
  async columns(table: string): Promise<string[]> {
    const sql =
      this.dialect === 'mysql'
        ? `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
           WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`
        : 'SELECT name FROM pragma_table_info(?)';
    return this.names(sql, [table]);
  }

  /**
   * Executes a change unless it was done. A failure is ignored if the change has been made in the meantime.
   */
  private async step(isDone: () => Promise<boolean>, change: () => Promise<unknown>): Promise<void> {
    this.stopping.throwIfAborted();
    if (await isDone()) return;
    try {
      await change();
    } catch (error) {
      // A server may complete a statement whose client was killed, while the next process already repeats it.
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

  /** SQLite cannot change constraints of an existing table (sqlite.org/lang_altertable.html, section 7). */
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
    // With foreign keys on, DROP TABLE would delete the rows that refer to it. The pragma has no effect
    // inside a transaction.
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
