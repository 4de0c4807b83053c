import { call, type CallOptions, type Reply } from './http.js';

/** Keys of an operator and of the operator's other programs. */
export const ADMIN_KEY = 'an-admin-key-for-tests';
export const SERVICE_KEY = 'a-service-key-for-tests';

/** The settings under which they work. */
export const API_KEYS = {
  ADMIN_API_KEYS: `alice:${ADMIN_KEY}`,
  SERVICE_API_KEYS: `orders:${SERVICE_KEY}`,
};

/** Calls a route under an API key; without one where `null`. */
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
