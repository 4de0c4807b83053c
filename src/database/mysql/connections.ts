import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { withTimeout } from '../../common/with-timeout.js';
import type { ConnectionUse, Connections, Statement } from '../connections.js';
import {
  ConnectionLost,
  isDuplicateOfPrimaryKey,
  isDeadlinePassed,
  isLost,
  isReadOnly,
  isUnprepared,
  LostRace,
  asUnavailable,
  isUnavailable,
} from '../database-errors.js';
import { IdleConnections } from './idle-connections.js';
import { lockStatement } from './lock.js';
import { sessionOf } from './pool.js';
import { CLOCK, type MysqlSession } from './session.js';
import { assertValues, type SqlValue, withValues } from './values.js';

/** A connection that was returned to the pool less than this ago (ms) counts as alive. */
const ALIVE_FOR_MS = 1_000;
/** Time for a connection to answer the ping that checks it (ms). */
const PING_MS = 500;
/**
 * Time reserved for the answer (ms): the COMMIT must end at the server this long before the client's
 * deadline.
 */
const ANSWER_RESERVE_MS = 300;
/**
 * The same on MySQL, plus one lock wait (ms): MySQL cannot limit a COMMIT to less, and a backup or FLUSH
 * TABLES WITH READ LOCK may block it.
 */
const MYSQL_COMMIT_RESERVE_MS = 1_150;
/** Status flag of an answer: the connection is in a transaction (protocol of MySQL and MariaDB). */
const IN_TRANSACTION = 1;
/** Difference to the server's clock that does not count as a clock change (ms). */
const CLOCK_TOLERANCE_MS = 50;

/** A connection that one operation holds exclusively. */
interface HeldConnection {
  readonly runner: QueryRunner;
  readonly connection: PoolConnection;
  readonly session: MysqlSession;
}

/**
 * The connection pool for MySQL or MariaDB.
 *
 * An operation that is refused because of its deadline is never carried out later: the statement right before COMMIT
 * makes the server compare its time with the deadline. A connection returns to the pool only after the server
 * has confirmed that no transaction is open.
 */
export class MysqlConnections implements Connections {
  readonly dialect = 'mysql';
  readonly use: ConnectionUse = { inUse: 0, waiting: 0 };
  private readonly idle: IdleConnections;

  constructor(private readonly dataSource: DataSource) {
    this.idle = new IdleConnections(dataSource);
  }

  run<T>(work: (runner: QueryRunner) => Promise<T>, until: number): Promise<T> {
    return this.read(until, ({ runner }) => work(runner));
  }

  /** Uses a prepared statement, which the server prepares once per connection. */
  async select<Row>(sql: string, parameters: Statement['parameters'], until: number): Promise<Row[]> {
    assertValues(parameters);
    return this.read(until, async ({ connection }) => {
      try {
        return (await execute(connection, sql, parameters)) as Row[];
      } catch (error) {
        // The server, or a proxy in front of it, has no room for the prepared statement or has forgotten it.
        if (!isUnprepared(error)) throw error;
        connection.unprepare(sql);
        return (await query(connection, withValues(sql, parameters))) as Row[];
      }
    });
  }

  transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    until: number,
    lock: string | null = null,
  ): Promise<T> {
    return this.write(until, (held) =>
      rollBackOnFailure(held, until, async () => {
        const { runner, connection, session } = held;
        const result = await staleIfLost(held, async () => {
          await runner.startTransaction();
          if (lock !== null) await query(connection, withValues(...lockStatement(lock)));
          return work(runner.manager);
        });
        await unknownIfLost(held, () => query(connection, commit(session, until)));
        return result;
      }),
    ).catch((error: unknown) => this.answerWhenSettled(error, until));
  }

  /**
   * One round trip. If the connection is lost, the same statements are sent once more. They wait for the
   * locks of the first attempt if it still runs, and hit its primary keys if it was not rolled back.
   */
  async batch(statements: readonly Statement[], until: number): Promise<number[]> {
    const once = () => this.write(until, (held) => sendBatch(held, statements, until));
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      return once().catch((secondError: unknown) => {
        // Row ids are generated per batch, so the first attempt inserted this one. The numbers of matched
        // rows were lost with its answer.
        if (isDuplicateOfPrimaryKey(secondError)) return statements.map(() => 1);
        return this.answerWhenSettled(isUnavailable(secondError) ? error : secondError, until);
      });
    }
  }

  /** If the outcome of a write is unknown, answers only after the server can no longer commit it. */
  private async answerWhenSettled(error: unknown, until: number): Promise<never> {
    if (!(error instanceof OutcomeUnknown)) throw error;
    const ms = until - ANSWER_RESERVE_MS - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    throw new AppError('DATABASE_UNAVAILABLE', {
      cause: error.cause,
      detail: 'The connection to the database was lost: it is not known whether the change was made.',
    });
  }

  /** Reads are retried when the connection is lost. */
  private read<T>(until: number, work: (held: HeldConnection) => Promise<T>): Promise<T> {
    return this.retryStale(until, () =>
      this.withConnection(until, (held) => staleIfLost(held, () => work(held))),
    );
  }

  /**
   * A lost connection leaves the outcome of a COMMIT unknown. So an idle connection is checked before the
   * write.
   */
  private write<T>(until: number, work: (held: HeldConnection) => Promise<T>): Promise<T> {
    return this.retryStale(until, () =>
      this.withConnection(until, async (held) => {
        await this.checkAlive(held);
        return work(held);
      }),
    );
  }

  /**
   * Retries on another connection after a stale one. Stale connections are closed, so at last the pool opens
   * a new one.
   */
  private async retryStale<T>(until: number, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        if (performance.now() > until) throw new AppError('DATABASE_UNAVAILABLE', { cause: error.cause });
      }
    }
  }

  private async checkAlive({ connection, session }: HeldConnection): Promise<void> {
    if (session.idleFor < ALIVE_FOR_MS) return;
    const silent = new Error('silent');
    try {
      await withTimeout(ping(connection), PING_MS, () => silent);
    } catch (error) {
      connection.destroy();
      // The network has probably dropped the other idle connections too, except those that answered since the
      // ping was sent.
      if (error === silent) this.idle.destroy(PING_MS);
      throw new StaleConnection('no answer', { cause: error });
    }
  }

  /**
   * Connects, runs a callback on the connection, and enforces the deadline.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  private async withConnection<T>(until: number, work: (held: HeldConnection) => Promise<T>): Promise<T> {
    this.use.waiting++;
    const runner = this.dataSource.createQueryRunner();
    const connected = this.connect(runner);
    let late: AppError | undefined;
    const asked = connected.then((connection) => {
      if (late) throw late;
      return work({ runner, connection, session: sessionOf(connection) });
    });
    try {
      return await withTimeout(
        asked,
        Math.max(0, Math.ceil(until - performance.now())),
        () =>
          (late = new AppError('DATABASE_UNAVAILABLE', { detail: 'The database did not answer in time.' })),
      );
    } catch (error) {
      if (error === late) this.closeSuspects(runner, ALIVE_FOR_MS);
      if (isReadOnly(error)) this.closeSuspects(runner, 0);
      throw asUnavailable(error);
    } finally {
      // Runs also when the connection comes after the deadline. Otherwise it would never return to the pool.
      void connected.then(
        (connection) => this.release(runner, connection),
        () => undefined,
      );
    }
  }

  /**
   * Closes this connection and the idle ones that were opened to the same address. They probably share the
   * fault (a firewall dropped them, or the server is no longer the primary), and each would cost a request
   * its whole deadline.
   */
  private closeSuspects(runner: QueryRunner, unusedFor: number): void {
    destroyConnection(runner);
    this.idle.destroy(unusedFor);
  }

  private async connect(runner: QueryRunner): Promise<PoolConnection> {
    try {
      // An operation may outlive its request, if the client disconnected, and then the pool too.
      if (!this.dataSource.isInitialized) throw new ConnectionLost('the database is closed');
      const connection = (await runner.connect()) as PoolConnection;
      this.use.inUse++;
      return connection;
    } finally {
      this.use.waiting--;
    }
  }

  private release(runner: QueryRunner, connection: PoolConnection): Promise<void> {
    this.use.inUse--;
    sessionOf(connection).markReturned();
    return runner.release();
  }
}

/** The connection was lost or does not answer. Nothing that was sent on it has a lasting effect. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

/** The connection was lost after a COMMIT was sent on it. */
class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Runs statements that have no lasting effect. A lost connection becomes `StaleConnection`. */
async function staleIfLost<T>({ connection }: HeldConnection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLost(error)) throw error;
    connection.destroy();
    throw new StaleConnection('lost', { cause: error });
  }
}

/** Sends statements that include a COMMIT. A lost connection becomes `OutcomeUnknown`. */
async function unknownIfLost<T>({ connection }: HeldConnection, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!isLost(error)) throw error;
    connection.destroy();
    throw new OutcomeUnknown('lost', { cause: error });
  }
}

function sendBatch(held: HeldConnection, statements: readonly Statement[], until: number): Promise<number[]> {
  return rollBackOnFailure(held, until, async () => {
    const { connection, session } = held;
    const { isClockOld } = session;
    const text = [
      ...(isClockOld ? [CLOCK] : []),
      'START TRANSACTION',
      ...statements.map(({ sql, parameters }) => withValues(sql, parameters)),
      commit(session, until),
    ].join(';\n');
    const results = (await unknownIfLost(held, () => query(connection, text))) as ResultSetHeader[];
    if (isClockOld) session.readClock(results.shift());
    return results.slice(1, 1 + statements.length).map(({ affectedRows }) => affectedRows);
  });
}

/**
 * Runs a callback that ends with a COMMIT. After a failure the transaction is rolled back, or the connection
 * is closed, which rolls back too.
 */
async function rollBackOnFailure<T>(
  { connection, session }: HeldConnection,
  until: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rollBack(connection);
    if (!isDeadlinePassed(error)) throw error;
    // By our own clock the deadline has not passed, so the server's clock was changed.
    if (performance.now() < commitBy(session, until) - CLOCK_TOLERANCE_MS) {
      session.readClock(await query(connection, CLOCK));
      throw new LostRace('the clock of the server has moved');
    }
    throw new AppError('DATABASE_UNAVAILABLE', { detail: 'The database was not done in time.' });
  }
}

async function rollBack(connection: PoolConnection): Promise<void> {
  const status = await query(connection, 'ROLLBACK').then(
    (result) => (result as ResultSetHeader).serverStatus,
    () => IN_TRANSACTION,
  );
  if ((status & IN_TRANSACTION) !== 0) connection.destroy();
}

/**
 * When a COMMIT must have ended at the server (MariaDB) or must have begun (MySQL), by `performance.now()`.
 */
function commitBy({ isMariaDb }: MysqlSession, until: number): number {
  return until - (isMariaDb ? ANSWER_RESERVE_MS : MYSQL_COMMIT_RESERVE_MS);
}

/**
 * SQL that commits unless the deadline has passed by the server's clock. After the deadline the first
 * statement fails with an overflow, and the server skips the rest. The protocol has no conditional COMMIT,
 * and a client cannot revoke a COMMIT that waits in the server's buffers. On MariaDB the remaining time also
 * limits the COMMIT itself.
 * @throws AppError DATABASE_UNAVAILABLE if the deadline has passed already
 */
function commit(session: MysqlSession, until: number): string {
  const at = commitBy(session, until);
  if (performance.now() >= at) {
    throw new AppError('DATABASE_UNAVAILABLE', { detail: 'The database was not done in time.' });
  }
  const late = `TIMESTAMPDIFF(MICROSECOND, '${session.serverTime(at)}', UTC_TIMESTAMP(6))`;
  const overflow = '9223372036854775807';
  return session.isMariaDb
    ? `SET STATEMENT max_statement_time =
         GREATEST(0.001, IF(${late} > 0, ${overflow} * ${late}, ${late} / -1000000)) FOR COMMIT`
    : `SET SESSION lock_wait_timeout = IF(${late} > 0, ${overflow}, 0) * ${late} + 1;\nCOMMIT`;
}

function query(connection: PoolConnection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

function ping(connection: PoolConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.ping((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function execute(
  connection: PoolConnection,
  sql: string,
  values: readonly SqlValue[],
): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    connection.execute<RowDataPacket[]>(sql, [...values], (error, rows) => {
      if (error) reject(error);
      else resolve(rows);
    });
  });
}

/** Closes a connection that did not answer, so that it does not return to the pool. */
function destroyConnection(runner: QueryRunner): void {
  const connection: unknown = 'databaseConnection' in runner ? runner.databaseConnection : null;
  if (connection && typeof connection === 'object' && 'destroy' in connection) {
    (connection as { destroy: () => void }).destroy();
  }
}
