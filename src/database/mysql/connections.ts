import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { inTime } from '../../common/in-time.js';
import type { ConnectionUse, Connections, Statement } from '../connections.js';
import {
  ConnectionLost,
  isDuplicateOfPrimaryKey,
  isLate,
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

/** A connection that was given back within this time has proved that it is alive, whatever another one does. */
const PROVED_FOR_MS = 1_000;
/** To prove it. */
const PROOF_MS = 500;
/** From the last moment at which a COMMIT ends at the server to the client's deadline: the answer has to arrive. */
const ANSWER_MS = 300;
/** MySQL cannot limit a COMMIT to less than one lock wait: a backup or FLUSH TABLES WITH READ LOCK may hold it up. */
const MYSQL_COMMIT_MS = 1_150;
/** In the status of an answer: the connection is in a transaction (MySQL's and MariaDB's protocol). */
const IN_TRANSACTION = 1;
/** By this much the server's clock may seem to differ without having been set. */
const CLOCK_TOLERANCE_MS = 50;

/** A connection that a work has for itself. */
interface Held {
  readonly runner: QueryRunner;
  readonly connection: PoolConnection;
  readonly session: MysqlSession;
}

/**
 * The pool of connections to MySQL or MariaDB: each work has one of its own.
 *
 * What is refused for its lateness is never committed: the server itself compares the time with the client's deadline
 * in the statement right before COMMIT. A connection goes back to the pool only where the server has said that it is
 * in no transaction.
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

  /** By a statement that the server prepares once for each connection. */
  async select<Row>(sql: string, parameters: Statement['parameters'], until: number): Promise<Row[]> {
    assertValues(parameters);
    return this.read(until, async ({ connection }) => {
      try {
        return (await execute(connection, sql, parameters)) as Row[];
      } catch (error) {
        // The server, or a proxy before it, has no room for it or has forgotten it.
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
      committed(held, until, async () => {
        const { runner, connection, session } = held;
        const result = await unlessStale(held, async () => {
          await runner.startTransaction();
          if (lock !== null) await query(connection, withValues(...lockStatement(lock)));
          return work(runner.manager);
        });
        await unlessUnknown(held, () => query(connection, commit(session, until)));
        return result;
      }),
    ).catch((error: unknown) => this.answerWhenSettled(error, until));
  }

  /**
   * One round trip. Where the connection broke on the way, the same statements are sent once more: they wait for the
   * locks of those that may still run, and find their rows if those were committed.
   */
  async batch(statements: readonly Statement[], until: number): Promise<number[]> {
    const once = () => this.write(until, (held) => sendBatch(held, statements, until));
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      return once().catch((again: unknown) => {
        // Ids of rows are made for one batch: nobody else inserted it. How many rows matched is lost with the answer.
        if (isDuplicateOfPrimaryKey(again)) return statements.map(() => 1);
        return this.answerWhenSettled(isUnavailable(again) ? error : again, until);
      });
    }
  }

  /** A write whose outcome nobody knows is refused when it can no longer be done: the server has a deadline for it. */
  private async answerWhenSettled(error: unknown, until: number): Promise<never> {
    if (!(error instanceof OutcomeUnknown)) throw error;
    const ms = until - ANSWER_MS - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    throw new AppError('DATABASE_UNAVAILABLE', {
      cause: error.cause,
      detail: 'The connection to the database was lost: it is not known whether the change was made.',
    });
  }

  /** What only reads may be asked again where the connection breaks. */
  private read<T>(until: number, work: (held: Held) => Promise<T>): Promise<T> {
    return this.again(until, () => this.held(until, (held) => unlessStale(held, () => work(held))));
  }

  /** Whether a COMMIT was done cannot be known of a lost connection: one that was idle has to prove itself first. */
  private write<T>(until: number, work: (held: Held) => Promise<T>): Promise<T> {
    return this.again(until, () =>
      this.held(until, async (held) => {
        await this.proveAlive(held);
        return work(held);
      }),
    );
  }

  /** On another connection for each that was stale: those are closed, so that at last a new one is opened. */
  private async again<T>(until: number, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        if (performance.now() > until) throw new AppError('DATABASE_UNAVAILABLE', { cause: error.cause });
      }
    }
  }

  private async proveAlive({ connection, session }: Held): Promise<void> {
    if (session.idleFor < PROVED_FOR_MS) return;
    const silent = new Error('silent');
    try {
      await inTime(ping(connection), PROOF_MS, () => silent);
    } catch (error) {
      connection.destroy();
      // The network has probably forgotten the others, too, but for those that answered since the ping was sent.
      if (error === silent) this.idle.destroy(PROOF_MS);
      throw new StaleConnection('no answer', { cause: error });
    }
  }

  /**
   * Runs a work on a connection, connecting included, if it answers in time.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  private async held<T>(until: number, work: (held: Held) => Promise<T>): Promise<T> {
    this.use.waiting++;
    const runner = this.dataSource.createQueryRunner();
    const connected = this.connect(runner);
    let late: AppError | undefined;
    const asked = connected.then((connection) => {
      if (late) throw late;
      return work({ runner, connection, session: sessionOf(connection) });
    });
    try {
      return await inTime(
        asked,
        Math.max(0, Math.ceil(until - performance.now())),
        () =>
          (late = new AppError('DATABASE_UNAVAILABLE', { detail: 'The database did not answer in time.' })),
      );
    } catch (error) {
      if (error === late) this.giveUp(runner, PROVED_FOR_MS);
      if (isReadOnly(error)) this.giveUp(runner, 0);
      throw asUnavailable(error);
    } finally {
      // Also when the connection comes after the deadline: it would never go back to the pool otherwise.
      void connected.then(
        (connection) => this.release(runner, connection),
        () => undefined,
      );
    }
  }

  /**
   * What is wrong with a connection is wrong with those that were opened to the same place: its network may have
   * forgotten them all without a word, or the place is no longer the primary. Each would cost a request its deadline.
   */
  private giveUp(runner: QueryRunner, unusedFor: number): void {
    destroyConnection(runner);
    this.idle.destroy(unusedFor);
  }

  private async connect(runner: QueryRunner): Promise<PoolConnection> {
    try {
      // A work may outlive its request, whose client has left, and then the pool.
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
    sessionOf(connection).used();
    return runner.release();
  }
}

/** The connection broke, or is silent, and nothing that was sent on it has a lasting effect. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

/** The connection broke after a COMMIT was sent on it. */
class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Runs what changes nothing for good. */
async function unlessStale<T>({ connection }: Held, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLost(error)) throw error;
    connection.destroy();
    throw new StaleConnection('lost', { cause: error });
  }
}

/** Sends what has a COMMIT in it. */
async function unlessUnknown<T>({ connection }: Held, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!isLost(error)) throw error;
    connection.destroy();
    throw new OutcomeUnknown('lost', { cause: error });
  }
}

function sendBatch(held: Held, statements: readonly Statement[], until: number): Promise<number[]> {
  return committed(held, until, async () => {
    const { connection, session } = held;
    const { isClockOld } = session;
    const text = [
      ...(isClockOld ? [CLOCK] : []),
      'START TRANSACTION',
      ...statements.map(({ sql, parameters }) => withValues(sql, parameters)),
      commit(session, until),
    ].join(';\n');
    const results = (await unlessUnknown(held, () => query(connection, text))) as ResultSetHeader[];
    if (isClockOld) session.readClock(results.shift());
    return results.slice(1, 1 + statements.length).map(({ affectedRows }) => affectedRows);
  });
}

/**
 * Runs what ends with a COMMIT. After a failure the connection is in no transaction any more, or it is closed, which
 * ends the transaction too.
 */
async function committed<T>(
  { connection, session }: Held,
  until: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rollBack(connection);
    if (!isLate(error)) throw error;
    // By our own clock there was time left: the server's was set meanwhile.
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

/** When a COMMIT must have ended at the server, or (MySQL) must have begun (`performance.now()`). */
function commitBy({ isMariaDb }: MysqlSession, until: number): number {
  return until - (isMariaDb ? ANSWER_MS : MYSQL_COMMIT_MS);
}

/**
 * COMMIT, if it is not too late by the server's clock. Else the statement fails with an overflow, and none after it
 * runs. No statement of the protocol says "unless it is later than", and a client that gave up cannot take a COMMIT
 * back that lies in the server's buffers. On MariaDB what is left of the time also limits the COMMIT itself.
 * @throws AppError DATABASE_UNAVAILABLE where there is no time left now
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

/** A connection that did not answer is not given back to the pool: it may never answer again. */
function destroyConnection(runner: QueryRunner): void {
  const connection: unknown = 'databaseConnection' in runner ? runner.databaseConnection : null;
  if (connection && typeof connection === 'object' && 'destroy' in connection) {
    (connection as { destroy: () => void }).destroy();
  }
}
