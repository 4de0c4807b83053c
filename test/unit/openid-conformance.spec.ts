import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

/** Names of modules of the suite, but not those of its plans. */
const MODULE = /`(oidcc-[a-z0-9-]+)`/g;
const NAMED = /['"](oidcc-[a-z0-9-]+)/g;

function namesIn(file: string, pattern: RegExp): string[] {
  const names = [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => !name.endsWith('-test-plan')).sort();
}

test.each(['docs/openid-conformance.md', 'docs/openid-conformance.zh-CN.md'])(
  '%s lists the modules that have a test, and no others',
  (page) => {
    const tested = namesIn('test/e2e/partner-conformance.e2e.ts', NAMED);
    expect(tested).toHaveLength(50);
    expect(namesIn(page, MODULE)).toEqual(tested);
  },
);
