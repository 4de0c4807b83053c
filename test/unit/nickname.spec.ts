import { describe, expect, test } from '@jest/globals';
import { cleanNickname, nicknameFromWeChat } from '../../src/user/nickname.js';

describe('a nickname', () => {
  test.each([
    ['小明', '小明'],
    ['  小明\u3000', '小明'],
    ['小 明', '小 明'],
    ['👩‍👩‍👧‍👦 family', '👩‍👩‍👧‍👦 family'],
    ['🇨🇳', '🇨🇳'],
    ['e\u0301', 'e\u0301'],
    ["<b>O'Neil</b> & Co", "<b>O'Neil</b> & Co"],
    ['a\u0000b\u0007c\u001Fd\u007Fe\u0085f', 'abcdef'],
    ['line\r\nbreak\ttab', 'linebreaktab'],
    ['gpj.\u202Eexe', 'gpj.exe'],
    ['\u202Aa\u202Bb\u202Cc\u202Dd\u2066e\u2067f\u2068g\u2069h', 'abcdefgh'],
    ['\u200Ea\u200Fb\u061Cc', 'abc'],
    ['a\u2028b\u2029c', 'abc'],
    ['\uFEFFbom', 'bom'],
    ['high \uD83D alone', 'high  alone'],
    ['low \uDE00 alone', 'low  alone'],
    ['\uDE00\uD83D', null],
    ['', null],
    ['   ', null],
    ['\u202E\u0000\n', null],
    ['\u3164', null],
    ['\u2800\u2800', null],
    ['\u115F\u1160\uFFA0', null],
    ['\u200B\u200C\u200D\u2060', null],
    ['\uFE0F\u{E0100}', null],
    ['\u{E0067}\u{E007F}', null],
    ['\u00AD\u034F\u180E\u{1D159}', null],
    ['\u3164小明\u2800', '小明'],
    ['❤\uFE0F', '❤\uFE0F'],
    [
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
    ],
    ['A\uFFFD\uFFFDB', 'AB'],
  ])('%j is stored as %j', (given, stored) => {
    expect(cleanNickname(given)).toBe(stored);
  });

  test('is cut to 64 characters, counted as people count and never within one', () => {
    expect(cleanNickname('🌱'.repeat(65))).toBe('🌱'.repeat(64));
    expect(cleanNickname('字'.repeat(64))).toBe('字'.repeat(64));
    expect(cleanNickname('a'.repeat(100_000))).toBe('a'.repeat(64));
  });

  test('is cut after it was cleaned, and has no space at its end', () => {
    expect(cleanNickname(`${'\u0000'.repeat(100)}name`)).toBe('name');
    expect(cleanNickname(`${'a'.repeat(63)} b`)).toBe('a'.repeat(63));
  });

  test('that was cleaned stays as it is', () => {
    const cleaned = cleanNickname(` \u202E${'a🌱'.repeat(50)} `) ?? '';
    expect(cleanNickname(cleaned)).toBe(cleaned);
  });
});

describe('a nickname from WeChat', () => {
  test.each(['微信用户', ' 微信用户 ', '\u202E微信用户', '微信\u0000用户', '微信\u200B用户\u3164'])(
    'is none where it is the placeholder: %j',
    (name) => {
      expect(nicknameFromWeChat(name)).toBeNull();
    },
  );

  test('is kept where it only contains the placeholder', () => {
    expect(nicknameFromWeChat('微信用户1')).toBe('微信用户1');
    expect(nicknameFromWeChat(null)).toBeNull();
  });
});
