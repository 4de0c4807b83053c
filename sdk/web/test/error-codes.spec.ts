import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CATALOGUE } from '../../../src/common/error-catalogue.js';
import { AuthError } from '../../shared/auth-error.js';
import type { SdkErrorCode } from '../src/index.js';

const WEB = join(import.meta.dirname, '..');

/** A new code of the package does not compile until it is named here, and then has to be in both READMEs. */
const CODES = Object.keys({
  NETWORK_FAILED: true,
  TIMEOUT: true,
  ABORTED: true,
  STORAGE_UNAVAILABLE: true,
  INSECURE_CONTEXT: true,
  NOT_IN_WECHAT: true,
} satisfies Record<SdkErrorCode, true>);

const OF_SERVICE = Object.keys(ERROR_CATALOGUE);

describe('the error codes of the package', () => {
  test.each(['README.md', 'README.zh-CN.md'])('are those that %s lists', (file) => {
    const rows = readFileSync(join(WEB, file), 'utf8').match(/^\| `[A-Z_]+`.*$/gm) ?? [];
    const listed = rows.flatMap((row) => row.split('|')[1]?.match(/[A-Z_]{4,}/g) ?? []);
    expect(listed.filter((code) => !OF_SERVICE.includes(code)).sort()).toEqual([...CODES].sort());
  });

  test('are all that its sources make, besides those of the service', () => {
    const sources = readdirSync(join(WEB, 'src')).map((file) => readFileSync(join(WEB, 'src', file), 'utf8'));
    const made = [...sources.join('\n').matchAll(/new AuthError\(([^;{]*)/g)].flatMap(
      ([, code = '']) => code.match(/'[A-Z_]{4,}'/g)?.map((word) => word.slice(1, -1)) ?? [],
    );
    expect([...new Set(made)].filter((code) => !OF_SERVICE.includes(code)).sort()).toEqual([...CODES].sort());
  });

  test.each(CODES)('%s has advice in both languages', (code) => {
    const { zh, en } = new AuthError(code).advice;
    expect([zh, en]).toEqual([expect.stringMatching(/\p{Script=Han}/u), expect.stringMatching(/\w/)]);
  });
});
