import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { describeError } from '../../src/common/describe-error.js';

const PHONE = '+8613800138000';

describe('an error in the log', () => {
  const duplicate = Object.assign(new Error(`Duplicate entry '${PHONE}' for key 'uq_users_phone_number'`), {
    code: 'ER_DUP_ENTRY',
    sqlMessage: `Duplicate entry '${PHONE}'`,
    sql: `INSERT INTO users VALUES ('${PHONE}')`,
  });

  test.each<[string, Error]>([
    ['the driver', duplicate],
    ['TypeORM', new QueryFailedError('UPDATE users SET phone_number = ?', [PHONE], duplicate)],
    [
      'SQLite',
      Object.assign(new Error(`UNIQUE ${PHONE}`), { name: 'SqliteError', code: 'SQLITE_CONSTRAINT' }),
    ],
    ['a parser', new SyntaxError(`Unexpected token + in JSON at position 0, "${PHONE}" is not valid JSON`)],
    ['axios', Object.assign(new Error(`failed ${PHONE}`), { name: 'AxiosError', code: 'ECONNRESET' })],
  ])('of %s does not quote the data', (_what, error) => {
    const described = describeError(error);
    expect(JSON.stringify(described)).not.toContain(PHONE);
    expect(described.name).toBe(error.name);
    expect(described.message).toBeUndefined();
    expect(described.stack).toMatch(/^\s+at /);
  });

  test('keeps the code of the driver, which says what to do', () => {
    expect(describeError(duplicate).code).toBe('ER_DUP_ENTRY');
  });

  test('of our own keeps its message, and the stack without it', () => {
    const described = describeError(new TypeError('x is not a function'));
    expect(described).toMatchObject({ name: 'TypeError', message: 'x is not a function' });
    expect(described.stack).not.toContain('x is not a function');
  });

  test.each([PHONE, 7, null, undefined, { phone: PHONE }])(
    'that is none at all says only what kind of thing it is',
    (thrown) => {
      expect(describeError(thrown)).toStrictEqual({ name: typeof thrown });
    },
  );
});
