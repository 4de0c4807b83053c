import type { EntityManager, QueryRunner } from 'typeorm';

/** One SQL statement with `?` for its parameters: what both databases understand. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
}

/** Works that have a connection, and works that wait for one. */
export interface ConnectionUse {
  inUse: number;
  waiting: number;
}

/**
 * The connections to one kind of database. Each method runs its work once: `Database` repeats it after a lost race.
 * Every failure to reach the database is `DATABASE_UNAVAILABLE`; other errors of the driver pass through.
 */
export interface Connections {
  readonly dialect: 'mysql' | 'sqlite';
  readonly use: Readonly<ConnectionUse>;

  /**
   * Runs statements that read, and may be repeated, without a transaction.
   * @param until when the client gives up (`performance.now()`); for each method
   */
  run<T>(work: (runner: QueryRunner) => Promise<T>, until: number): Promise<T>;

  /** Rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters'], until: number): Promise<Row[]>;

  /**
   * Runs a work in one transaction: committed when the work resolves, rolled back when it rejects.
   * @param lock name of a lock that nobody else has until the transaction ends
   */
  transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    until: number,
    lock?: string | null,
  ): Promise<T>;

  /**
   * Writes all statements or none.
   * @returns the number of rows that each statement matched
   */
  batch(statements: readonly Statement[], until: number): Promise<number[]>;
}
