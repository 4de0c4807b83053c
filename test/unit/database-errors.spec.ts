import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import {
  isBusy,
  isDeadlock,
  isExhausted,
  isLostRace,
  isUnreachable,
} from '../../src/database/database-errors.js';

const driver = (code: string | undefined, errno?: number) => Object.assign(new Error('x'), { code, errno });
const wrapped = (code: string | undefined, errno?: number) =>
  new QueryFailedError('SELECT 1', [], driver(code, errno));

describe('an error of the driver', () => {
  test.each([
    'SQLITE_FULL',
    'SQLITE_BUSY',
    'SQLITE_BUSY_SNAPSHOT',
    'SQLITE_BUSY_RECOVERY',
    'SQLITE_LOCKED',
    'SQLITE_LOCKED_SHAREDCACHE',
    'SQLITE_PROTOCOL',
    'SQLITE_IOERR',
    'SQLITE_IOERR_FSYNC',
    'SQLITE_IOERR_SHMSIZE',
    'SQLITE_READONLY',
    'SQLITE_READONLY_DBMOVED',
    'SQLITE_CANTOPEN',
    'SQLITE_CANTOPEN_ISDIR',
    'SQLITE_CORRUPT',
    'SQLITE_CORRUPT_INDEX',
    'SQLITE_NOTADB',
    'SQLITE_NOMEM',
    'SQLITE_PERM',
    'ER_DISK_FULL',
    'ER_RECORD_FILE_FULL',
    'ER_GET_ERRNO',
    'ER_OPTION_PREVENTS_STATEMENT',
    'ER_OUTOFMEMORY',
    'ER_OUT_OF_SORTMEMORY',
    'ER_OUT_OF_RESOURCES',
    'ER_CON_COUNT_ERROR',
    'ER_TOO_MANY_USER_CONNECTIONS',
    'EE_WRITE',
    'EE_DISK_FULL',
  ])('%s says that the database is unavailable, and no race was lost', (code) => {
    for (const error of [driver(code), wrapped(code)]) {
      expect(isUnreachable(error)).toBe(true);
      expect(isLostRace(error)).toBe(false);
      expect(isDeadlock(error)).toBe(false);
    }
  });

  test.each([1927, 1932])('number %i of MariaDB, which mysql2 has no name for, says so too', (errno) => {
    expect(isUnreachable(wrapped(undefined, errno))).toBe(true);
  });

  test.each(['SQLITE_ERROR', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_TOOBIG', 'SQLITE_MISUSE', 'ER_PARSE_ERROR'])(
    '%s does not',
    (code) => expect(isUnreachable(wrapped(code))).toBe(false),
  );

  test('of SQLite: what waiting mends is busy, what needs room is exhausted', () => {
    expect(isBusy(wrapped('SQLITE_BUSY_SNAPSHOT'))).toBe(true);
    expect(isBusy(wrapped('SQLITE_FULL'))).toBe(false);
    expect(isExhausted(wrapped('SQLITE_FULL'))).toBe(true);
    expect(isExhausted(wrapped('SQLITE_BUSY'))).toBe(false);
    expect(isExhausted(wrapped('ER_RECORD_FILE_FULL'))).toBe(true);
  });
});
