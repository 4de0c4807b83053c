/** `fetch` of Node.js, or one that goes through a proxy. */
export type Fetch = typeof globalThis.fetch;

/** Faults after which the server has not received the request. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The code of a network fault, such as ECONNREFUSED. Never its message, which may contain what was sent. */
export function faultOf(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code;
  }
  return 'the connection failed';
}

/** Whether a deadline passed before the answer was complete. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Whether a request certainly did not reach the server. */
export function isUnsent(error: unknown): boolean {
  return UNSENT.has(faultOf(error));
}
