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

  /** Runs statements that need no transaction. */
  run<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;

  /** Runs a work in one transaction: committed when the work resolves, rolled back when it rejects. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;

  /**
   * Writes all statements or none.
   * @returns the number of rows that each statement matched
   */
  batch(statements: readonly Statement[]): Promise<number[]>;

  /**
   * Runs a work while no other instance runs one under the same name.
   * @param waitSeconds for the other instance
   * @throws AppError DATABASE_UNAVAILABLE where the other one takes longer
   */
  locked<T>(name: string, work: () => Promise<T>, waitSeconds: number): Promise<T>;
}
