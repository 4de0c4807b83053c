/** A phone number as a person has it. */
export interface PhoneNumber {
  /** Without country code. */
  number: string;
  /** Digits, without `+`. */
  countryCode: string;
}

/** The country code of a number that is given without one. */
export const CHINA = '86';

/**
 * What WeChat tells of a phone number, by code (section 1.4) and encrypted (section 2.2). `phoneNumber` has
 * the country code when it is a foreign number; `countryCode` is text, or with `numeric` a number: both occur.
 */
export function phoneInfo({ number, countryCode }: PhoneNumber, numeric: boolean): Record<string, unknown> {
  const code = numeric && /^\d+$/.test(countryCode) ? Number(countryCode) : countryCode;
  return {
    phoneNumber: countryCode === CHINA ? number : countryCode + number,
    purePhoneNumber: number,
    countryCode: code,
  };
}

/** The `watermark` of open data: when it was made, in unix seconds, and for which app. */
export function watermark(nowMs: number, appId: string): { timestamp: number; appid: string } {
  return { timestamp: Math.floor(nowMs / 1000), appid: appId };
}
