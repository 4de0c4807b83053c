import type { EntityManager, QueryRunner } from 'typeorm';

/** One SQL statement with `?` placeholders, in syntax that both databases understand. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
}

/** What a batch did. */
export interface BatchResult<Row> {
  /** Number of rows that each statement matched. */
  readonly matched: readonly number[];
  /** Rows of the SELECT, as the transaction left them; empty without one. */
  readonly rows: readonly Row[];
}

/** Number of operations that hold a connection, and of operations that wait for one. */
export interface ConnectionUse {
  inUse: number;
  waiting: number;
}

/**
 * The connections to one kind of database. Each method runs its operation once; `Database` retries it after a
 * lost race. Every failure to reach the database is `DATABASE_UNAVAILABLE`. Other errors of the driver are
 * passed on unchanged.
 */
export interface Connections {
  readonly dialect: 'mysql' | 'sqlite';
  readonly use: Readonly<ConnectionUse>;

  /**
   * Runs read-only statements without a transaction. They may be retried.
   * @param until deadline of the client (`performance.now()`); the same in every method
   */
  run<T>(work: (runner: QueryRunner) => Promise<T>, until: number): Promise<T>;

  /** Returns the rows of one SELECT. */
  select<Row>(sql: string, parameters: Statement['parameters'], until: number): Promise<Row[]>;

  /**
   * Runs a callback in one transaction: commits when it resolves, rolls back when it rejects.
   * @param lock name of a lock that this transaction holds exclusively until it ends
   */
  transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    until: number,
    lock?: string | null,
  ): Promise<T>;

  /**
   * Runs all statements in one transaction.
   * @param select a SELECT that the transaction ends with
   */
  batch<Row>(
    statements: readonly Statement[],
    select: Statement | null,
    until: number,
  ): Promise<BatchResult<Row>>;
}
