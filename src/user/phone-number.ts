import { lazyPackage } from '../common/lazy-package.js';

/** Loaded at the first number: many services never read one. */
const library = lazyPackage('libphonenumber-js') as () => typeof import('libphonenumber-js');

/**
 * Converts a phone number to E.164 (`+8613800138000`), the only form that is stored and compared.
 * @param countryCode digits
 * @param nationalNumber digits, as written in that country
 * @returns `null` if no number of that country has this form
 */
export function toE164(countryCode: string, nationalNumber: string): string | null {
  const { parsePhoneNumberFromString } = library();
  const parsed = parsePhoneNumberFromString(`+${countryCode}${nationalNumber}`);
  return parsed?.isPossible() ? parsed.number : null;
}

/**
 * A number as people type it. Full-width digits, `+`, `00`, spaces, hyphens, dots and brackets are accepted.
 */
const TYPED = /^[+\d(][\d\s().-]{3,31}$/;

/**
 * Returns the E.164 numbers that a text may mean. Without a country code it is read as a number of China; an
 * ambiguous text yields both readings.
 * @returns nothing for a text that is no phone number
 */
export function possiblePhoneNumbers(text: string): string[] {
  const typed = text.normalize('NFKC');
  if (!TYPED.test(typed)) return [];
  const { parsePhoneNumberFromString } = library();
  const readings = [
    parsePhoneNumberFromString(typed, { defaultCountry: 'CN', extract: false }),
    parsePhoneNumberFromString(`+${typed.replace(/\D/g, '')}`, { extract: false }),
  ];
  return [...new Set(readings.filter((each) => each?.isPossible()).map((each) => String(each?.number)))];
}
