import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CATALOGUE } from '../../../src/common/error-catalogue.js';
import type { SdkErrorCode } from '../src/index.js';

/** A new code of the package does not compile until it stands here. */
const OWN: Readonly<Record<SdkErrorCode, true>> = {
  KEYS_UNAVAILABLE: true,
  SERVICE_UNREACHABLE: true,
  SERVICE_TIMEOUT: true,
  SERVICE_BAD_REPLY: true,
  LOGIN_FAILED: true,
  WEBHOOK_HEADERS_INVALID: true,
  WEBHOOK_SIGNATURE_INVALID: true,
  WEBHOOK_TIMESTAMP_INVALID: true,
  WEBHOOK_BODY_INVALID: true,
  WEBHOOK_BODY_PARSED: true,
  USER_KEY_STALE: true,
  USER_PAYLOAD_INVALID: true,
  OPTIONS_INVALID: true,
};

describe.each(['README.md', 'README.zh-CN.md'])('the codes of errors in %s', (file) => {
  const text = readFileSync(`sdk/node/${file}`, 'utf8');
  const named = [...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name = '']) => name);

  test('are all those of the package', () => {
    expect(Object.keys(OWN).filter((code) => !named.includes(code))).toEqual([]);
  });

  test('are none but those and codes of the service', () => {
    const unknown = named.filter((code) => !(code in OWN) && !(code in ERROR_CATALOGUE));
    expect(unknown.filter((name) => name !== 'APP_GUARD')).toEqual([]);
  });
});
