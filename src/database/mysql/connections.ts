import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { MysqlDriver } from 'typeorm/driver/mysql/MysqlDriver.js';
import { AppError } from '../../common/app-error.js';
import { withTimeout } from '../../common/with-timeout.js';
import type { BatchResult, ConnectionUse, Connections, Statement } from '../connections.js';
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
import { HeldQueryRunner } from './query-runner.js';
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
  private readonly driver: MysqlDriver;
  private readonly pool: Pool;
  private readonly idle: IdleConnections;

  /** @param dataSource initialized */
  constructor(private readonly dataSource: DataSource) {
    if (!(dataSource.driver instanceof MysqlDriver)) throw new Error('not a data source of MySQL');
    this.driver = dataSource.driver;
    this.pool = dataSource.driver.pool as Pool;
    this.idle = new IdleConnections(this.pool);
  }

  run<T>(work: (runner: QueryRunner) => Promise<T>, until: number): Promise<T> {
    return this.read(until, async ({ connection }) => {
      const runner = new HeldQueryRunner(this.driver, connection);
      try {
        return await work(runner);
      } finally {
        await runner.release();
      }
    });
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
    return this.write(until, async (held) => {
      const { connection, session } = held;
      const runner = new HeldQueryRunner(this.driver, connection);
      let asLost = staleIfLost;
      try {
        await runner.startTransaction();
        if (lock !== null) await query(connection, withValues(...lockStatement(lock)));
        const result = await work(runner.manager);
        const text = commit(session, until);
        asLost = unknownIfLost;
        await query(connection, text);
        return result;
      } catch (error) {
        throw await rolledBack(held, until, asLost(connection, error));
      } finally {
        await runner.release();
      }
    }).catch((error: unknown) => this.answerWhenSettled(error, until));
  }

  /**
   * One round trip. If the connection is lost, the same statements are sent once more. They wait for the
   * locks of the first attempt if it still runs, and hit its primary keys if it was not rolled back.
   */
  async batch<Row>(
    statements: readonly Statement[],
    select: Statement | null,
    until: number,
  ): Promise<BatchResult<Row>> {
    const once = () => this.write(until, (held) => sendBatch<Row>(held, statements, select, until));
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      return once().catch(async (secondError: unknown) => {
        if (!isDuplicateOfPrimaryKey(secondError)) {
          return this.answerWhenSettled(isUnavailable(secondError) ? error : secondError, until);
        }
        // Row ids are generated per batch, so the first attempt inserted this one. The numbers of matched
        // rows were lost with its answer.
        const rows = select ? await this.select<Row>(select.sql, select.parameters, until) : [];
        return { matched: statements.map(() => 1), rows };
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
    return this.withConnection(until, async (held) => {
      try {
        return await work(held);
      } catch (error) {
        throw staleIfLost(held.connection, error);
      }
    });
  }

  /**
   * A lost connection leaves the outcome of a COMMIT unknown. So an idle connection is checked before the
   * write.
   */
  private write<T>(until: number, work: (held: HeldConnection) => Promise<T>): Promise<T> {
    return this.withConnection(until, (held) =>
      held.session.idleFor < ALIVE_FOR_MS ? work(held) : this.checkAlive(held).then(() => work(held)),
    );
  }

  private async checkAlive({ connection }: HeldConnection): Promise<void> {
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
   * Takes a connection, runs a callback on it, and enforces the deadline. Repeats it on another connection
   * after a stale one. Stale connections are closed, so at last the pool opens a new one.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  private async withConnection<T>(until: number, work: (held: HeldConnection) => Promise<T>): Promise<T> {
    for (;;) {
      let connection: PoolConnection | undefined;
      let late: AppError | undefined;
      const asked = this.take().then((taken) => {
        // Otherwise a connection that comes after the deadline would never return to the pool.
        if (late) this.release(taken);
        if (late) throw late;
        connection = taken;
        return work({ connection, session: sessionOf(connection) });
      });
      try {
        return await withTimeout(
          asked,
          Math.max(0, Math.ceil(until - performance.now())),
          () =>
            (late = new AppError('DATABASE_UNAVAILABLE', { detail: 'The database did not answer in time.' })),
        );
      } catch (error) {
        if (error === late) this.closeSuspects(connection, ALIVE_FOR_MS);
        if (isReadOnly(error)) this.closeSuspects(connection, 0);
        if (!(error instanceof StaleConnection)) throw asUnavailable(error);
        if (performance.now() > until) throw new AppError('DATABASE_UNAVAILABLE', { cause: error.cause });
      } finally {
        if (connection) this.release(connection);
      }
    }
  }

  /**
   * Closes this connection and the idle ones that were opened to the same address. They probably share the
   * fault (a firewall dropped them, or the server is no longer the primary), and each would cost a request
   * its whole deadline.
   */
  private closeSuspects(connection: PoolConnection | undefined, unusedFor: number): void {
    connection?.destroy();
    this.idle.destroy(unusedFor);
  }

  /**
   * Work begins in a reaction to this promise, never in the callback of the pool: the pool calls a waiter in
   * the async context of the request that returned the connection.
   */
  private take(): Promise<PoolConnection> {
    // An operation may outlive its request, if the client disconnected, and then the pool too.
    if (!this.dataSource.isInitialized) return Promise.reject(new ConnectionLost('the database is closed'));
    this.use.waiting++;
    return new Promise((resolve, reject) => {
      this.pool.getConnection((error, connection) => {
        this.use.waiting--;
        if (error) {
          reject(error);
          return;
        }
        this.use.inUse++;
        resolve(connection);
      });
    });
  }

  private release(connection: PoolConnection): void {
    this.use.inUse--;
    sessionOf(connection).markReturned();
    connection.release();
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

/** The error of statements that have no lasting effect. A lost connection becomes `StaleConnection`. */
function staleIfLost(connection: PoolConnection, error: unknown): unknown {
  if (!isLost(error)) return error;
  connection.destroy();
  return new StaleConnection('lost', { cause: error });
}

/** The error of statements that include a COMMIT. A lost connection becomes `OutcomeUnknown`. */
function unknownIfLost(connection: PoolConnection, error: unknown): unknown {
  if (!isLost(error)) return error;
  connection.destroy();
  return new OutcomeUnknown('lost', { cause: error });
}

async function sendBatch<Row>(
  held: HeldConnection,
  statements: readonly Statement[],
  select: Statement | null,
  until: number,
): Promise<BatchResult<Row>> {
  const { connection, session } = held;
  const { isClockOld } = session;
  try {
    const text = [
      ...(isClockOld ? [CLOCK] : []),
      'START TRANSACTION',
      ...[...statements, ...(select ? [select] : [])].map(({ sql, parameters }) =>
        withValues(sql, parameters),
      ),
      commit(session, until),
    ].join(';\n');
    const results = (await query(connection, text)) as unknown[];
    if (isClockOld) session.readClock(results.shift());
    const written = results.slice(1, 1 + statements.length) as ResultSetHeader[];
    return {
      matched: written.map(({ affectedRows }) => affectedRows),
      rows: select ? (results[1 + statements.length] as Row[]) : [],
    };
  } catch (error) {
    throw await rolledBack(held, until, unknownIfLost(connection, error));
  }
}

/**
 * Rolls a failed transaction back, or closes the connection, which rolls back too.
 * @returns the error to throw for `error`
 */
async function rolledBack(
  { connection, session }: HeldConnection,
  until: number,
  error: unknown,
): Promise<unknown> {
  await rollBack(connection);
  if (!isDeadlinePassed(error)) return error;
  // By our own clock the deadline has not passed, so the server's clock was changed.
  if (performance.now() < commitBy(session, until) - CLOCK_TOLERANCE_MS) {
    session.readClock(await query(connection, CLOCK));
    return new LostRace('the clock of the server has moved');
  }
  return new AppError('DATABASE_UNAVAILABLE', { detail: 'The database was not done in time.' });
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
