import { AppError } from '../common/app-error.js';
import { StartFault } from '../common/start-fault.js';

/** An error of the driver as the service tells it: `DATABASE_UNAVAILABLE` where there is no database that writes. */
export function asUnavailable(error: unknown): unknown {
  return isUnreachable(error) ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}

export function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE';
}

/** Codes of the drivers (mysql2, better-sqlite3, Node's net), as sets with one meaning each. */
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

/** The server rolled the whole transaction back in favour of another one. */
const LOST_TO_ANOTHER = new Set<string | number>([
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'ER_ERROR_DURING_COMMIT',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
  // TiDB: write conflicts, found at the COMMIT.
  8002,
  8022,
  9007,
]);

/** Of a server that is a primary no longer, or not yet. */
const READ_ONLY = new Set<string | number>([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_OPEN_AS_READONLY',
  'ER_READ_ONLY_TRANSACTION',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
]);

/** Of a server whose disk, memory, files or threads are used up, or whose files cannot be read or written. */
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
  // MariaDB: the table is missing in its engine.
  1932,
]);

/** The connection ended. Of a statement that was sent on it, nobody knows. */
const LOST = new Set<string | number>([
  'ECONNRESET',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_UNEXPECTED_PACKET',
  // MariaDB: killed.
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

/** The server, or a proxy before it, cannot run a statement that it prepared, or prepare it. */
const UNPREPARED = new Set<string | number>([
  'ER_MAX_PREPARED_STMT_COUNT_REACHED',
  'ER_UNKNOWN_STMT_HANDLER',
  'ER_UNSUPPORTED_PS',
  'ER_NEED_REPREPARE',
]);

/** An overflow that the statement before a COMMIT is made for. */
const LATE = new Set<string | number>(['ER_DATA_OUT_OF_RANGE']);

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
  // It lets nobody in, or us no longer.
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
  // Galera: the server is not (yet) part of the cluster. It answers so to every statement.
  'ER_UNKNOWN_COM_ERROR',
  // TiDB: its storage does not answer. ProxySQL: no server behind it does.
  9001,
  9002,
  9003,
  9004,
  9005,
]);

/** Another connection is in the way: the same statement succeeds a little later. */
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL']);

/** The file that the connection has open, or what the connection knows of it, may be damaged. */
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

/** The server is there and does not let us in: at a start nothing but a change of the settings mends it. */
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

/** Whether an error of a driver, perhaps in TypeORM's wrapper, has one of these codes or numbers. */
function isOneOf(codes: ReadonlySet<string | number>, error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errno, driverError } = error as DriverError;
  if (typeof code === 'string' && codes.has(code)) return true;
  if (typeof errno === 'number' && codes.has(errno)) return true;
  return driverError !== undefined && isOneOf(codes, driverError);
}

/** The primary result code of SQLite, through TypeORM's wrapper: `SQLITE_IOERR` of `SQLITE_IOERR_FSYNC`. */
function sqliteCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, driverError } = error as DriverError;
  const primary = typeof code === 'string' ? /^SQLITE_[A-Z]+/.exec(code)?.[0] : undefined;
  return primary ?? (driverError === undefined ? '' : sqliteCode(driverError));
}

/** The driver's code of an error, through TypeORM's wrapper; empty where no driver has made it. */
export function driverCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, driverError } = error as DriverError;
  return typeof code === 'string' ? code : driverCode(driverError);
}

/** Another row has this value already. */
export function isDuplicate(error: unknown): boolean {
  return isOneOf(DUPLICATE, error);
}

/** Another row has this value in its primary key (MySQL and MariaDB, by their message). */
export function isDuplicateOfPrimaryKey(error: unknown): boolean {
  return isDuplicate(error) && error instanceof Error && /for key '(?:\w+\.)?PRIMARY'$/.test(error.message);
}

/** The row points at one that does not exist (any more). */
export function isForeignKeyViolation(error: unknown): boolean {
  return isOneOf(FOREIGN_KEY, error);
}

/** Somebody else was faster: the same work in a *new* transaction sees what they wrote. */
export function isLostRace(error: unknown): boolean {
  return isDeadlock(error) || isOneOf(DUPLICATE, error) || isOneOf(FOREIGN_KEY, error);
}

/** Two works were in each other's way; this one was rolled back whole and may simply run again. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof LostRace || isOneOf(LOST_TO_ANOTHER, error);
}

/** The connection leads to a server that takes no writes, as one does after a failover. */
export function isReadOnly(error: unknown): boolean {
  return isOneOf(READ_ONLY, error);
}

/** There is no database to talk to at the moment, or none that writes. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof StartFault ||
    error instanceof ConnectionLost ||
    isOneOf(UNREACHABLE, error) ||
    SQLITE_UNAVAILABLE.has(sqliteCode(error)) ||
    isClosed(error)
  );
}

/** The server does not let us in, with these settings. */
export function isRefused(error: unknown): boolean {
  return error instanceof StartFault || isOneOf(REFUSED, error);
}

/** The connection ended, before or after a statement was sent on it. */
export function isLost(error: unknown): boolean {
  return isOneOf(LOST, error) || isClosed(error);
}

/** mysql2 gives what is sent on a closed connection no code. */
function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('driverError' in error) return isClosed(error.driverError);
  return error.message === "Can't add new command when connection is in closed state";
}

/** A statement that the server prepares did not run; as plain text it may. */
export function isUnprepared(error: unknown): boolean {
  return isOneOf(UNPREPARED, error);
}

/** The server found, right before COMMIT, that the client has given up. */
export function isLate(error: unknown): boolean {
  return isOneOf(LATE, error);
}

/** For want of room, memory or files: smaller writes than this one may succeed. */
export function isExhausted(error: unknown): boolean {
  return isOneOf(EXHAUSTED, error) || SQLITE_EXHAUSTED.has(sqliteCode(error));
}

/** Another process holds the SQLite file; the same work may succeed a little later. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(sqliteCode(error));
}

/** A new connection to the SQLite file may do what this one cannot. */
export function isDamaged(error: unknown): boolean {
  return DAMAGED.has(sqliteCode(error));
}

/** Thrown by work that finds, under its locks, that what it read before no longer holds. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}

/** There is no connection that could go on with the work; nothing of it was written. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}
