import type { PoolConnection, RowDataPacket } from 'mysql2';
import { StartFault } from '../../common/start-fault.js';

/**
 * Limit of a statement at the server, below the client's deadline of 1.8 s (ms; MySQL limits SELECT only).
 */
const STATEMENT_MS = 1_500;
/** Limit of a lock wait (s; the servers count in seconds). */
const LOCK_SECONDS = 1;
/** Time after which a server ends a transaction whose client is gone (s). MySQL has only the second limit. */
const IDLE_TRANSACTION_SECONDS = 5;
const IDLE_SECONDS = 180;
/** Time to set up a session, including the round trip (ms). */
const SET_UP_MS = 1_500;

const SQL_MODE =
  'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

/**
 * The settings of a session, independent of the server's defaults and its init_connect. Each setting changes
 * what our statements mean or how long they may take. The comments are executed by MariaDB only (`M!`) or by
 * MySQL only.
 */
const SET_UP = [
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  // READ COMMITTED: there are no gap locks to cause deadlocks, and a read after a lock wait sees what the
  // other transaction wrote.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
  `SET SESSION sql_mode = '${SQL_MODE}', autocommit = 1, completion_type = 0, time_zone = '+00:00',
    foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, sql_big_selects = 1, sql_auto_is_null = 0,
    sql_select_limit = 18446744073709551615, innodb_lock_wait_timeout = ${LOCK_SECONDS}, lock_wait_timeout = ${LOCK_SECONDS},
    wait_timeout = ${IDLE_SECONDS}
    /*M!100301 , max_statement_time = ${STATEMENT_MS / 1000}, idle_transaction_timeout = ${IDLE_TRANSACTION_SECONDS} */
    /*!50708 , max_execution_time = ${STATEMENT_MS} */`,
  `SELECT @@sql_mode AS sql_mode, @@character_set_client AS character_set_client,
    @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results,
    @@collation_connection AS collation_connection, @@autocommit AS autocommit,
    /*!50720 @@transaction_isolation */ /*M! @@tx_isolation */ AS isolation,
    /*!50720 @@transaction_read_only */ /*M! @@tx_read_only */ AS read_only,
    @@completion_type AS completion_type, @@time_zone AS time_zone, @@foreign_key_checks AS foreign_key_checks,
    @@sql_safe_updates AS sql_safe_updates, @@sql_select_limit AS sql_select_limit, @@innodb_lock_wait_timeout AS innodb_lock_wait_timeout,
    @@lock_wait_timeout AS lock_wait_timeout, VERSION() AS version, ${nowInMicroseconds()} AS now`,
].join(';\n');

const EXPECTED: Readonly<Record<string, string>> = {
  sql_mode: sorted(SQL_MODE),
  character_set_client: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  character_set_results: 'utf8mb4',
  collation_connection: 'utf8mb4_bin',
  autocommit: '1',
  isolation: 'READ-COMMITTED',
  read_only: '0',
  completion_type: 'NO_CHAIN',
  time_zone: '+00:00',
  foreign_key_checks: '1',
  sql_safe_updates: '0',
  sql_select_limit: '18446744073709551615',
  innodb_lock_wait_timeout: String(LOCK_SECONDS),
  lock_wait_timeout: String(LOCK_SECONDS),
};

/** State of a connection whose session was set up. */
export class MysqlSession {
  private constructor(
    /** MariaDB limits every statement, MySQL only SELECT. */
    readonly isMariaDb: boolean,
    private clock: ServerClock,
  ) {}

  private usedAt: number | null = null;

  /**
   * Sets up the session in one round trip, before any other statement.
   * @throws StartFault if the server overrides a setting; the driver's error if the server does not answer
   */
  static async begin(connection: PoolConnection): Promise<MysqlSession> {
    const sets = await query(connection, SET_UP);
    const [row] = (Array.isArray(sets) ? sets.at(-1) : []) as RowDataPacket[];
    const kept = Object.keys(EXPECTED).filter((name) => valueOf(row, name) !== EXPECTED[name]);
    if (!row || kept.length > 0) {
      throw new StartFault(
        `The database server, or a proxy before it, keeps settings of its own for our sessions: ${kept.join(', ')}.`,
      );
    }
    return new MysqlSession(/mariadb/i.test(String(row.version)), ServerClock.at(row.now));
  }

  /** Time since the connection was returned to the pool (ms). */
  get idleFor(): number {
    return this.usedAt === null ? 0 : performance.now() - this.usedAt;
  }

  /** Records that the connection returns to the pool. */
  markReturned(): void {
    this.usedAt = performance.now();
  }

  /** Whether the server's time was read too long ago to be relied on. */
  get isClockOld(): boolean {
    return performance.now() - this.clock.readAt > CLOCK_MAX_AGE_MS;
  }

  /** Takes the result of the `CLOCK` statement, which has just arrived. */
  readClock(answer: unknown): void {
    const [row] = answer as RowDataPacket[];
    if (row) this.clock = ServerClock.at(row.now);
  }

  /**
   * Converts a time of `performance.now()` to the server's clock, as text in UTC. The result is never later
   * than the true time.
   */
  serverTime(at: number): string {
    return new Date(this.clock.ofServer(at)).toISOString().replace('T', ' ').slice(0, 23);
  }
}

/** In this time clocks drift apart by less than a few ms. */
const CLOCK_MAX_AGE_MS = 20_000;

/** SQL that reads the server's time. `MysqlSession.readClock` takes the result. */
export const CLOCK = `SELECT ${nowInMicroseconds()} AS now`;

function nowInMicroseconds(): string {
  return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";
}

/**
 * A lower bound of how far the server's clock is ahead of ours: the time was read before its answer arrived.
 */
class ServerClock {
  private constructor(
    readonly readAt: number,
    private readonly ahead: number,
  ) {}

  /** @param microseconds since the Unix epoch, as the driver gives them */
  static at(microseconds: unknown): ServerClock {
    const now = performance.now();
    return new ServerClock(now, Number(microseconds) / 1_000 - now);
  }

  /** @returns ms since the Unix epoch */
  ofServer(at: number): number {
    return at + this.ahead;
  }
}

function query(connection: PoolConnection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, timeout: SET_UP_MS }, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

function valueOf(row: RowDataPacket | undefined, name: string): string {
  const value = String(row?.[name]);
  return name === 'sql_mode' ? sorted(value) : value;
}

function sorted(modes: string): string {
  return modes.split(',').sort().join(',');
}
