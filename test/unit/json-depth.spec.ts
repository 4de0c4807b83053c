import { describe, expect, test } from '@jest/globals';
import { isTooDeep, jsonTextFault, MAX_JSON_DEPTH, MAX_JSON_VALUES } from '../../src/http/json-depth.js';

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

  test('counts the deepest branch, wherever it is', () => {
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

describe('the size of JSON text', () => {
  const list = (length: number): string => JSON.stringify(Array.from({ length }, () => 0));
  const object = (length: number): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length }, (_, index) => [`a${index}`, index])));

  test.each([list, object])('is bounded before it is parsed', (text) => {
    expect(jsonTextFault(text(MAX_JSON_VALUES))).toBeNull();
    expect(jsonTextFault(text(MAX_JSON_VALUES + 1))).toBe('many');
  });

  test('counts levels as the parser would', () => {
    expect(jsonTextFault(JSON.stringify(objects(MAX_JSON_DEPTH)))).toBeNull();
    expect(jsonTextFault(JSON.stringify(objects(MAX_JSON_DEPTH + 1)))).toBe('deep');
    expect(jsonTextFault(JSON.stringify(Array.from({ length: 200 }, () => [])))).toBeNull();
  });

  test.each([',[{'.repeat(1_000), '"', '\\', '\\"', '"\\', `\\\\",${'['.repeat(100)}`])(
    'counts nothing within a string: %j',
    (text) => expect(jsonTextFault(JSON.stringify({ a: text, b: [text, `${text}"`] }))).toBeNull(),
  );

  test.each(['', '"', '"\\', ']]]]', '}', '\\'])('of what is no JSON is left to the parser: %j', (text) => {
    expect(jsonTextFault(text)).toBeNull();
  });
});
