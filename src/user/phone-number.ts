import { parsePhoneNumberFromString } from 'libphonenumber-js';

/**
 * A phone number in E.164 (`+8613800138000`), the one form that is stored and compared.
 * @param countryCode digits
 * @param nationalNumber digits, as people in that country write it
 * @returns `null` for what cannot be a number there
 */
export function toE164(countryCode: string, nationalNumber: string): string | null {
  const parsed = parsePhoneNumberFromString(`+${countryCode}${nationalNumber}`);
  return parsed?.isPossible() ? parsed.number : null;
}

/** A number as people type it: full-width digits count, and so do `+`, `00`, spaces, hyphens, dots and brackets. */
const TYPED = /^[+\d(][\d\s().-]{3,31}$/;

/**
 * The numbers in E.164 that somebody may mean by a text. Without a country code it is a number of China; what can be
 * read either way is.
 * @returns nothing for what is no phone number
 */
export function phoneNumbersMeant(text: string): string[] {
  const typed = text.normalize('NFKC');
  if (!TYPED.test(typed)) return [];
  const readings = [
    parsePhoneNumberFromString(typed, { defaultCountry: 'CN', extract: false }),
    parsePhoneNumberFromString(`+${typed.replace(/\D/g, '')}`, { extract: false }),
  ];
  return [...new Set(readings.filter((each) => each?.isPossible()).map((each) => String(each?.number)))];
}
