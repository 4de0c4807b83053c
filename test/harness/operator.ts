import { call, type CallOptions, type Reply } from './http.js';

/** API keys of an operator and of another service. */
export const ADMIN_KEY = 'an-admin-key-for-tests';
export const SERVICE_KEY = 'a-service-key-for-tests';

/** The settings that define these keys. */
export const API_KEYS = {
  ADMIN_API_KEYS: `alice:${ADMIN_KEY}`,
  SERVICE_API_KEYS: `orders:${SERVICE_KEY}`,
};

/** Calls a route with an API key, or without one if `null`. */
export function callWithKey<Body>(
  url: string,
  key: string | null,
  options: CallOptions = {},
): Promise<Reply<Body>> {
  return call<Body>(url, {
    ...options,
    headers: { ...(key === null ? {} : { 'x-api-key': key }), ...options.headers },
  });
}
