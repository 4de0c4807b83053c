import type { PoolConnection, RowDataPacket } from 'mysql2';
import { StartFault } from '../../common/start-fault.js';

/** A statement ends at the server before the client's deadline of 1.8 s (ms; MySQL: only a SELECT). */
const STATEMENT_MS = 1_500;
/** Whoever waits longer for a lock is refused (s; the servers count in seconds). */
const LOCK_SECONDS = 1;
/** A transaction whose client is gone gives its locks back after this time (s). MySQL has the second limit only. */
const IDLE_TRANSACTION_SECONDS = 5;
const IDLE_SECONDS = 180;
/** To set a session up, with the way to the server and back (ms). */
const SET_UP_MS = 1_500;

const SQL_MODE =
  'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

/**
 * What the session must be, whatever the server's defaults and its init_connect are: each of them changes what our
 * statements mean, or when they end. The comments are statements for MariaDB (`M!`) and for MySQL alone.
 */
const SET_UP = [
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  // READ COMMITTED: no gap locks to deadlock on, and a read after a lock sees what the lock waited for.
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

/** What is known of a connection whose session is ours. */
export class MysqlSession {
  private constructor(
    /** MariaDB limits every statement; MySQL a SELECT only. */
    readonly isMariaDb: boolean,
    private clock: ServerClock,
  ) {}

  private usedAt: number | null = null;

  /**
   * Sets the session up before anything else is sent on its connection, in one round trip.
   * @throws StartFault where the server keeps settings of its own; the driver's error where it does not answer
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

  /** Since it was given back to the pool (ms). */
  get idleFor(): number {
    return this.usedAt === null ? 0 : performance.now() - this.usedAt;
  }

  /** It goes back to the pool. */
  used(): void {
    this.usedAt = performance.now();
  }

  /** The time of the server has been read too long ago to be relied on. */
  get isClockOld(): boolean {
    return performance.now() - this.clock.readAt > CLOCK_MAX_AGE_MS;
  }

  /** The answer to `CLOCK` has just come. */
  readClock(answer: unknown): void {
    const [row] = answer as RowDataPacket[];
    if (row) this.clock = ServerClock.at(row.now);
  }

  /** A time of this process (`performance.now()`) as text of the server's clock, in UTC; never later than it is. */
  serverTime(at: number): string {
    return new Date(this.clock.ofServer(at)).toISOString().replace('T', ' ').slice(0, 23);
  }
}

/** Clocks drift apart by less than a few ms in this time. */
const CLOCK_MAX_AGE_MS = 20_000;

/** Reads the time of the server: `MysqlSession.readClock` takes the answer. */
export const CLOCK = `SELECT ${nowInMicroseconds()} AS now`;

function nowInMicroseconds(): string {
  return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";
}

/** How far the clock of a server is ahead of ours, at least: its time was read before its answer came. */
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
