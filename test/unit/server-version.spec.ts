import { describe, expect, test } from '@jest/globals';
import { refuseOldServer } from '../../src/database/mysql/server-version.js';

describe('the version of the database server', () => {
  test.each([
    '10.6.0-MariaDB',
    '10.11.6-MariaDB-0+deb12u1-log',
    '11.4.2-MariaDB',
    '8.0.1',
    '8.4.0',
    '9.1.0-log',
  ])('%s is taken', (version) => {
    expect(() => refuseOldServer(version)).not.toThrow();
  });

  test.each([
    ['10.5.23-MariaDB', 'MariaDB 10.5'],
    ['10.3.39-MariaDB-log', 'MariaDB 10.3'],
    ['5.7.44-log', 'MySQL 5.7'],
  ])('%s is refused in one line that says what is needed', (version, named) => {
    expect(() => refuseOldServer(version)).toThrow(new RegExp(`${named}, which is too old: [^\\n]+$`));
  });
});
