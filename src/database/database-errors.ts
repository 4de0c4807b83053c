/** Codes of the drivers (mysql2, better-sqlite3, Node's net), as sets with one meaning each. */
const DUPLICATE = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY']);

const FOREIGN_KEY = new Set([
  'ER_NO_REFERENCED_ROW',
  'ER_NO_REFERENCED_ROW_2',
  'SQLITE_CONSTRAINT_FOREIGNKEY',
]);

const LOCKED = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'SQLITE_BUSY']);

/** Of a server that is a primary no longer, or not yet. */
const READ_ONLY = new Set([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
]);

const UNREACHABLE = new Set([
  ...READ_ONLY,
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_NORMAL_SHUTDOWN',
  'ER_CLIENT_INTERACTION_TIMEOUT',
]);

/** The driver's code of an error, through TypeORM's wrapper. */
function driverCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'driverError' in error ? driverCode(error.driverError) : '';
}

/** Another row has this value already. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.has(driverCode(error));
}

/** The row points at one that does not exist (any more). */
export function isForeignKeyViolation(error: unknown): boolean {
  return FOREIGN_KEY.has(driverCode(error));
}

/** Somebody else was faster: the same work in a *new* transaction sees what they wrote. */
export function isLostRace(error: unknown): boolean {
  const code = driverCode(error);
  return error instanceof LostRace || DUPLICATE.has(code) || LOCKED.has(code) || FOREIGN_KEY.has(code);
}

/** Two works waited for each other; this one was rolled back whole and may simply run again. */
export function isDeadlock(error: unknown): boolean {
  return LOCKED.has(driverCode(error));
}

/** The connection leads to a server that takes no writes, as one does after a failover. */
export function isReadOnly(error: unknown): boolean {
  return READ_ONLY.has(driverCode(error));
}

/** There is no database to talk to at the moment, or none that writes. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has(driverCode(error));
}

/** Thrown by work that finds, under its locks, that what it read before no longer holds. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}
