import type { AuthError } from '../../shared/auth-error.js';
import { failure } from './failure.js';

/** A fault in the options of this package. It never repeats a value, which may be a secret. */
export function optionsInvalid(detail: string): AuthError {
  return failure('OPTIONS_INVALID', { detail });
}

/**
 * @param name of the option, for the error
 * @throws AuthError OPTIONS_INVALID
 */
export function urlOf(value: string | URL, name: string): URL {
  const text = String(value);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw optionsInvalid(`${name} must be an http(s) URL`);
  // fetch() refuses such URLs with an error that contains the password.
  if (url.username || url.password) throw optionsInvalid(`${name} must not contain a user name or password`);
  return url;
}

/**
 * An address without a slash at the end, to which paths are appended.
 * @throws AuthError OPTIONS_INVALID
 */
export function addressOf(value: string | URL, name: string): string {
  const url = urlOf(value, name);
  if (url.search || url.hash) throw optionsInvalid(`${name} must not contain a query or a fragment`);
  return url.href.replace(/\/+$/, '');
}

/**
 * A header value, without the line break at the end of a file that it was read from.
 * @throws AuthError OPTIONS_INVALID
 */
export function apiKeyOf(value: string): string {
  const key = typeof value === 'string' ? value.trim() : '';
  if (!/^[\x21-\x7e]+$/.test(key)) throw optionsInvalid('apiKey must be a service key of SERVICE_API_KEYS');
  return key;
}

/** @throws AuthError OPTIONS_INVALID unless the option is a number that is not negative */
export function numberOf(value: number, name: string): number {
  if (typeof value !== 'number' || !(value >= 0)) throw optionsInvalid(`${name} must be a number, 0 or more`);
  return value;
}
