import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { catalogueEntry, ERROR_CATALOGUE, type ErrorCode } from '../../src/common/error-catalogue.js';
import { toProblem } from '../../src/http/problem.js';
import { ERROR_MEANINGS } from '../../src/wechat/error-codes.js';

const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

describe('docs/errors.md', () => {
  const text = readFileSync('docs/errors.md', 'utf8');
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split('\n', 1)[0] ?? '', section] as const),
  );

  test('has every code, and no other', () => {
    expect([...sections.keys()].sort()).toEqual([...CODES].sort());
  });

  test.each(CODES)('says status, cause and cure of %s', (code) => {
    const { status, title, cause, cure } = catalogueEntry(code);
    for (const part of [`Status ${status}`, title, cause, cure]) expect(sections.get(code)).toContain(part);
  });
});

describe('the catalogue', () => {
  test.each(CODES)('is complete for %s', (code) => {
    const entry = catalogueEntry(code);
    expect(code).toMatch(/^[A-Z][A-Z_]+[A-Z]$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).not.toMatch(/\.$/);
    for (const part of [entry.title, entry.cause, entry.cure]) expect(part.trim()).not.toBe('');
  });

  test('says of every 429 and 503 when to come again', () => {
    const silent = CODES.filter((code) => {
      const { status, retryAfter } = catalogueEntry(code);
      return [429, 503].includes(status) && retryAfter === undefined;
    });
    expect(silent).toEqual([]);
  });

  test('becomes a problem document, with nothing of the cause in it', () => {
    const error = new AppError('WECHAT_BUSY', { cause: new Error('secret'), detail: 'Busy.' });
    expect(toProblem(error, 'id')).toStrictEqual({
      type: 'urn:wechat-auth:error:WECHAT_BUSY',
      title: 'WeChat is busy',
      status: 503,
      code: 'WECHAT_BUSY',
      detail: 'Busy.',
      requestId: 'id',
    });
    expect(error.message).not.toContain('secret');
  });
});

describe('what an errcode means', () => {
  test('never leaves an operator without advice', () => {
    const without = Object.entries(ERROR_MEANINGS).filter(
      ([, { code, advice }]) => code === 'WECHAT_CONFIGURATION' && !advice?.includes('{app}'),
    );
    expect(without).toEqual([]);
  });

  test('lets only -1 be sent again by itself', () => {
    const repeated = Object.entries(ERROR_MEANINGS).filter(([, { retry }]) => retry);
    expect(repeated.map(([errcode]) => errcode)).toEqual(['-1']);
  });

  test('takes no code for unspent that WeChat looked at', () => {
    const looked = [40029, 40163, 42003, 61010, 40226, 50002];
    expect(looked.filter((errcode) => ERROR_MEANINGS[errcode]?.codeUnspent)).toEqual([]);
  });
});
