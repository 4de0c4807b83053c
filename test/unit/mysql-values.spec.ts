import { describe, expect, test } from '@jest/globals';
import { withValues } from '../../src/database/mysql/values.js';

describe('values in the text of a statement', () => {
  test.each<[string, unknown, string]>([
    ['plain text', 'Mozilla/5.0 (X11) "q" ?', `'Mozilla/5.0 (X11) "q" ?'`],
    ['a quote', `it's`, `_utf8mb4 X'69742773'`],
    ['a backslash', '\\', `_utf8mb4 X'5c'`],
    ['a line break', 'a\nb', `_utf8mb4 X'610a62'`],
    ['a NUL', '\0', `_utf8mb4 X'00'`],
    ['Chinese', '小明', `_utf8mb4 X'e5b08fe6988e'`],
    ['half a character', '\ud83c', `_utf8mb4 X'efbfbd'`],
    ['no text', '', `''`],
    ['a number', -1.5, '-1.5'],
    ['nothing', null, 'NULL'],
    ['a time', new Date('2026-11-29T09:30:00.123Z'), `'2026-11-29 09:30:00.123'`],
    ['bytes', Buffer.from([0, 39, 255]), `X'0027ff'`],
  ])('%s needs no escaping', (_, value, literal) => {
    expect(withValues('SELECT ? AS a', [value])).toBe(`SELECT ${literal} AS a`);
  });

  test('a question mark between quotes is none', () => {
    expect(withValues("SELECT '?', \"?\", `?`, 'it''s ?', '\\'?' , ?", [1])).toBe(
      "SELECT '?', \"?\", `?`, 'it''s ?', '\\'?' , 1",
    );
  });

  test.each([
    ['fewer', [1]],
    ['more', [1, 2, 3]],
  ])('%s values than placeholders are refused', (_, values) => {
    expect(() => withValues('SELECT ?, ?', values)).toThrow(
      `a statement with 2 placeholders got ${values.length} parameters`,
    );
  });

  test.each([
    [['a']],
    [{ a: 1 }],
    [new Map([['a', 1]])],
    [new Date(NaN)],
    [Infinity],
    [undefined],
    [true],
    [1n],
    [() => 'a'],
  ])('%p is refused, and its text is not repeated', (value) => {
    expect(() => withValues('SELECT ?', [value])).toThrow(/^parameter 1 of a statement is a \w+$/);
  });
});
