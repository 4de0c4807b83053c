import { describe, expect, test } from '@jest/globals';
import { possiblePhoneNumbers } from '../../src/user/phone-number.js';

describe('a phone number that a person typed', () => {
  test.each([
    '+8613800138000',
    '+86 138 0013 8000',
    '+86-138-0013-8000',
    '008613800138000',
    '8613800138000',
    '86 138 0013 8000',
    '13800138000',
    '138-0013-8000',
    '138.0013.8000',
    '(138) 0013 8000',
    '１３８００１３８０００',
  ])('may be the Chinese number +8613800138000: %s', (text) => {
    expect(possiblePhoneNumbers(text)).toContain('+8613800138000');
  });

  test.each(['+14155552671', '14155552671', '0014155552671', '+1 (415) 555-2671'])(
    'may be a number of another country: %s',
    (text) => {
      expect(possiblePhoneNumbers(text)).toContain('+14155552671');
    },
  );

  test.each(['', '小明', '138', '+', 'tel:+8613800138000', 'call 13800138000', '%', '9'.repeat(40)])(
    'is none: %s',
    (text) => {
      expect(possiblePhoneNumbers(text)).toEqual([]);
    },
  );
});
