import { describe, expect, test } from '@jest/globals';
import { isTooDeep, MAX_JSON_DEPTH } from '../../src/common/json-depth.js';

const arrays = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const objects = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('the depth of parsed JSON', () => {
  test.each([arrays, objects])('is taken up to the limit, and not beyond it', (nested) => {
    expect(isTooDeep(nested(MAX_JSON_DEPTH))).toBe(false);
    expect(isTooDeep(nested(MAX_JSON_DEPTH + 1))).toBe(true);
  });

  test.each([arrays, objects])('is found where it would use up the stack', (nested) => {
    expect(isTooDeep(nested(100_000))).toBe(true);
  });

  test('counts the deepest branch, wherever it stands', () => {
    expect(isTooDeep({ a: 1, b: [null, 'x', { c: arrays(MAX_JSON_DEPTH - 3) }] })).toBe(false);
    expect(isTooDeep({ a: 1, b: [null, 'x', { c: arrays(MAX_JSON_DEPTH - 2) }] })).toBe(true);
  });

  test('is not its width', () => {
    expect(isTooDeep(Array.from({ length: 100_000 }, () => []))).toBe(false);
  });

  test.each([undefined, null, 7, 'text', true, [], {}])('is none of %p', (value) => {
    expect(isTooDeep(value)).toBe(false);
  });
});
