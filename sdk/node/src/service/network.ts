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

interface Fault {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/** The code of a network fault, such as ECONNREFUSED. Never its message, which may contain what was sent. */
export function faultOf(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  for (let each = error; isFault(each); each = each.cause) {
    if (typeof each.code === 'string') return each.code;
  }
  return 'the connection failed';
}

/** Whether a deadline passed before the answer was complete. */
export function isTimeout(error: unknown): boolean {
  return isFault(error) && error.name === 'TimeoutError';
}

/** Not `instanceof Error`: test runners give a module an Error other than the one of `fetch`. */
function isFault(error: unknown): error is Fault {
  return typeof error === 'object' && error !== null;
}

/** Whether a request certainly did not reach the server. */
export function isUnsent(error: unknown): boolean {
  return UNSENT.has(faultOf(error));
}

/** Node.js takes whole numbers, of 32 bits at most without a warning. */
const LONGEST_MS = 2 ** 31 - 1;

/** Ends a request after so many ms. */
export function deadline(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(Math.min(Math.max(1, ms), LONGEST_MS)));
}

/** Replies of wechat-auth have a few kB. */
const MAX_REPLY_BYTES = 1_000_000;

/** The body of a reply; `null`, and the connection is closed, if it is too long for one of wechat-auth. */
export async function replyText({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) return null;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
