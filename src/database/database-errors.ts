import { AppError } from '../common/app-error.js';
import { StartFault } from '../common/start-fault.js';

/**
 * Converts an error of the driver to `DATABASE_UNAVAILABLE` if no writable database can be reached. Returns
 * other errors unchanged.
 */
export function asUnavailable(error: unknown): unknown {
  return isUnreachable(error) ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}

export function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE';
}

/** Codes of the drivers (mysql2, better-sqlite3, Node's net). Each set has one meaning. */
const DUPLICATE = new Set<string | number>([
  'ER_DUP_ENTRY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
]);

const FOREIGN_KEY = new Set<string | number>([
  'ER_NO_REFERENCED_ROW',
  'ER_NO_REFERENCED_ROW_2',
  'SQLITE_CONSTRAINT_FOREIGNKEY',
]);

/** The server rolled this transaction back in favour of another one. */
const LOST_TO_ANOTHER = new Set<string | number>([
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'ER_ERROR_DURING_COMMIT',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
  // TiDB: write conflicts that are detected at COMMIT.
  8002,
  8022,
  9007,
]);

/** The server is read-only: a replica, or a primary that is being demoted or promoted. */
const READ_ONLY = new Set<string | number>([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_OPEN_AS_READONLY',
  'ER_READ_ONLY_TRANSACTION',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
]);

/** The server has run out of disk, memory, file handles or threads, or cannot read or write its files. */
const EXHAUSTED = new Set<string | number>([
  'EE_CANTCREATEFILE',
  'EE_READ',
  'EE_WRITE',
  'EE_BADCLOSE',
  'EE_OUTOFMEMORY',
  'EE_EOFERR',
  'EE_CANTLOCK',
  'EE_STAT',
  'EE_CANT_CHSIZE',
  'EE_DISK_FULL',
  'EE_OUT_OF_FILERESOURCES',
  'ER_CANT_CREATE_FILE',
  'ER_CANT_LOCK',
  'ER_CANT_OPEN_FILE',
  'ER_FILE_NOT_FOUND',
  'ER_DISK_FULL',
  'ER_DISK_FULL_NOWAIT',
  'ER_ERROR_ON_CLOSE',
  'ER_ERROR_ON_READ',
  'ER_ERROR_ON_WRITE',
  'ER_GET_ERRNO',
  'ER_NOT_FORM_FILE',
  'ER_NOT_KEYFILE',
  'ER_OUTOFMEMORY',
  'ER_OUT_OF_SORTMEMORY',
  'ER_OUT_OF_RESOURCES',
  'ER_STACK_OVERRUN',
  'ER_CANT_CREATE_THREAD',
  'ER_RECORD_FILE_FULL',
  'ER_ERROR_DURING_ROLLBACK',
  'ER_CRASHED_ON_USAGE',
  'ER_CRASHED_ON_REPAIR',
  'ER_LOCK_TABLE_FULL',
  'ER_GET_TEMPORARY_ERRMSG',
  'ER_BINLOG_ROW_LOGGING_FAILED',
  'ER_BINLOG_LOGGING_IMPOSSIBLE',
  'ER_TOO_MANY_CONCURRENT_TRXS',
  'ER_INDEX_CORRUPT',
  'ER_TABLE_CORRUPT',
  'ER_TABLESPACE_MISSING',
  'ER_TEMP_FILE_WRITE_FAILURE',
  'ER_CAPACITY_EXCEEDED',
  'ER_RUN_HOOK_ERROR',
  // MariaDB: the storage engine has no such table.
  1932,
]);

/** The connection was lost. The outcome of a statement that was sent on it is unknown. */
const LOST = new Set<string | number>([
  'ECONNRESET',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_UNEXPECTED_PACKET',
  // MariaDB: the connection was killed.
  1927,
  'ER_SERVER_SHUTDOWN',
  'ER_SHUTDOWN_COMPLETE',
  'ER_CONNECTION_KILLED',
  'ER_FORCING_CLOSE',
  'ER_ABORTING_CONNECTION',
  'ER_NEW_ABORTING_CONNECTION',
  'ER_NET_READ_ERROR',
  'ER_NET_READ_INTERRUPTED',
  'ER_NET_ERROR_ON_WRITE',
  'ER_NET_WRITE_INTERRUPTED',
  'ER_NORMAL_SHUTDOWN',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_SESSION_WAS_KILLED',
]);

/** The server, or a proxy in front of it, cannot prepare a statement or run a prepared one. */
const UNPREPARED = new Set<string | number>([
  'ER_MAX_PREPARED_STMT_COUNT_REACHED',
  'ER_UNKNOWN_STMT_HANDLER',
  'ER_UNSUPPORTED_PS',
  'ER_NEED_REPREPARE',
]);

/**
 * The overflow that the statement before a COMMIT provokes when the deadline has passed (`commit` in
 * `mysql/connections.ts`).
 */
const DEADLINE_PASSED = new Set<string | number>(['ER_DATA_OUT_OF_RANGE']);

const UNREACHABLE = new Set<string | number>([
  ...READ_ONLY,
  ...EXHAUSTED,
  ...LOST,
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'HANDSHAKE_SSL_ERROR',
  // The server accepts no connections, or none of ours.
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_HOST_IS_BLOCKED',
  'ER_SERVER_OFFLINE_MODE',
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_SECURE_TRANSPORT_REQUIRED',
  // A limit of the session ended the statement.
  'ER_LOCK_WAIT_TIMEOUT',
  // MariaDB: max_statement_time.
  1969,
  'ER_QUERY_TIMEOUT',
  'ER_QUERY_INTERRUPTED',
  // Galera: the server is not part of the cluster (yet). It answers every statement with this error.
  'ER_UNKNOWN_COM_ERROR',
  // TiDB: the storage does not answer. ProxySQL: no server behind it answers.
  9001,
  9002,
  9003,
  9004,
  9005,
]);

/** Another connection holds a lock. The same statement will succeed shortly. */
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL']);

/** The open file, or the state that the connection keeps of it, may be damaged. */
const DAMAGED = new Set(['SQLITE_IOERR', 'SQLITE_CANTOPEN', 'SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** Primary result codes (sqlite.org/rescode.html) of a database that cannot be read or written now. */
const SQLITE_UNAVAILABLE = new Set([
  ...BUSY,
  ...DAMAGED,
  'SQLITE_FULL',
  'SQLITE_READONLY',
  'SQLITE_NOMEM',
  'SQLITE_PERM',
  'SQLITE_NOLFS',
]);

const SQLITE_EXHAUSTED = new Set(['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_NOMEM']);

/**
 * The server is running and refuses our credentials or database. At startup only a change of the settings
 * helps.
 */
const REFUSED = new Set<string | number>([
  'ER_ACCESS_DENIED_ERROR',
  'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_HOST_NOT_PRIVILEGED',
  'ER_SECURE_TRANSPORT_REQUIRED',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
]);

interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly driverError?: unknown;
}

/** Whether an error has one of these codes or numbers. TypeORM's wrapper is unwrapped. */
function isOneOf(codes: ReadonlySet<string | number>, error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errno, driverError } = error as DriverError;
  if (typeof code === 'string' && codes.has(code)) return true;
  if (typeof errno === 'number' && codes.has(errno)) return true;
  return driverError !== undefined && isOneOf(codes, driverError);
}

/**
 * The primary result code of SQLite: `SQLITE_IOERR` for `SQLITE_IOERR_FSYNC`. TypeORM's wrapper is unwrapped.
 */
function sqliteCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, driverError } = error as DriverError;
  const primary = typeof code === 'string' ? /^SQLITE_[A-Z]+/.exec(code)?.[0] : undefined;
  return primary ?? (driverError === undefined ? '' : sqliteCode(driverError));
}

/**
 * The driver's error code, with TypeORM's wrapper unwrapped. Empty if the error does not come from a driver.
 */
export function driverCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, driverError } = error as DriverError;
  return typeof code === 'string' ? code : driverCode(driverError);
}

/** Whether another row has the same value in a unique index. */
export function isDuplicate(error: unknown): boolean {
  return isOneOf(DUPLICATE, error);
}

/** Whether another row has the same primary key (MySQL and MariaDB, recognised by the message). */
export function isDuplicateOfPrimaryKey(error: unknown): boolean {
  return isDuplicate(error) && error instanceof Error && /for key '(?:\w+\.)?PRIMARY'$/.test(error.message);
}

/** Whether the row refers to a row that does not exist, or no longer exists. */
export function isForeignKeyViolation(error: unknown): boolean {
  return isOneOf(FOREIGN_KEY, error);
}

/** Whether another transaction was faster. A retry in a *new* transaction sees what that one wrote. */
export function isLostRace(error: unknown): boolean {
  return isDeadlock(error) || isOneOf(DUPLICATE, error) || isOneOf(FOREIGN_KEY, error);
}

/** Whether the transaction was rolled back completely because of another one, and may be retried as it is. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof LostRace || isOneOf(LOST_TO_ANOTHER, error);
}

/** Whether the server is read-only, as the former primary is after a failover. */
export function isReadOnly(error: unknown): boolean {
  return isOneOf(READ_ONLY, error);
}

/** Whether no database can be reached now, or none that accepts writes. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof StartFault ||
    error instanceof ConnectionLost ||
    isOneOf(UNREACHABLE, error) ||
    SQLITE_UNAVAILABLE.has(sqliteCode(error)) ||
    isClosed(error)
  );
}

/** Whether the server refuses us with the current settings. */
export function isRefused(error: unknown): boolean {
  return error instanceof StartFault || isOneOf(REFUSED, error);
}

/** Whether the connection was lost, before or after a statement was sent on it. */
export function isLost(error: unknown): boolean {
  return isOneOf(LOST, error) || isClosed(error);
}

/** mysql2 reports a statement on a closed connection without an error code. */
function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('driverError' in error) return isClosed(error.driverError);
  return error.message === "Can't add new command when connection is in closed state";
}

/** Whether a prepared statement failed to run. The same statement as plain text may succeed. */
export function isUnprepared(error: unknown): boolean {
  return isOneOf(UNPREPARED, error);
}

/** Whether the server found the client's deadline exceeded right before COMMIT. */
export function isDeadlinePassed(error: unknown): boolean {
  return isOneOf(DEADLINE_PASSED, error);
}

/** Whether the database lacks disk, memory or file handles. A smaller write may still succeed. */
export function isExhausted(error: unknown): boolean {
  return isOneOf(EXHAUSTED, error) || SQLITE_EXHAUSTED.has(sqliteCode(error));
}

/** Whether another process holds the SQLite file. A retry may succeed shortly. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(sqliteCode(error));
}

/** Whether a new connection to the SQLite file may succeed where this one fails. */
export function isDamaged(error: unknown): boolean {
  return DAMAGED.has(sqliteCode(error));
}

/** Thrown inside a transaction that finds, under its locks, that data it read earlier has changed. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}

/** No connection can continue the operation. Nothing of it was written. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}
