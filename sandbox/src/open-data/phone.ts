/** A phone number of a person. */
export interface PhoneNumber {
  /** Without country code. */
  number: string;
  /** Digits, without `+`. */
  countryCode: string;
}

/** The country code of a number without one. */
export const CHINA = '86';

/**
 * The phone number in WeChat's reply, by code (section 1.4) and encrypted (section 2.2). The `phoneNumber` of a
 * foreign number has the country code. `countryCode` is text, or with `numeric` a number: both occur at WeChat.
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
