import { AuthError, errorOf } from '../../shared/auth-error.js';
import { sleep, within } from './deadline.js';
import { MAX_WAIT, TIMEOUT_MS, TRIES } from './limits.js';

/** A call of the service: GET, or POST where there is a body. */
export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly tries?: number;
  /** Outlives the page. */
  readonly keepalive?: boolean;
  readonly send?: typeof fetch;
}

/**
 * Calls the service. Every call of this package may be repeated: a lost network, 429, 503 and a proxy without a service
 * behind it are tried again, after Retry-After and a random bit more.
 * @returns the parsed reply; `null` for 204
 * @throws AuthError of the service, or NETWORK_FAILED, TIMEOUT, ABORTED
 */
export async function call<Reply>(url: string, options: CallOptions = {}): Promise<Reply> {
  const { tries = TRIES, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return (await callOnce(url, options)) as Reply;
    } catch (error) {
      const { retryable, retryAfter = attempt / 2 } = error as AuthError;
      if (!retryable || attempt >= tries || retryAfter > MAX_WAIT) throw error;
      await sleep(retryAfter * 1000 * (1 + Math.random() / 4), signal);
    }
  }
}

const callOnce = (
  url: string,
  { body, headers, signal: outer, keepalive = false, send = fetch }: CallOptions,
): Promise<unknown> =>
  within(TIMEOUT_MS, outer, async ({ signal }) => {
    try {
      const init: RequestInit = { signal, keepalive, headers: { ...headers } };
      if (body) {
        Object.assign(init, { method: 'POST', body: JSON.stringify(body) });
        Object.assign(init.headers as object, { 'Content-Type': 'application/json' });
      }
      const response = await send(url, init);
      const { ok, status } = response;
      if (status === 204) return null;
      if (ok) return (await response.json()) as unknown;
      const problem: unknown = await response.json().catch(() => null);
      throw errorOf(status, problem, response.headers.get('Retry-After'));
    } catch (reason) {
      if (outer?.aborted) throw new AuthError('ABORTED');
      if (reason instanceof AuthError) throw reason;
      // An answer that is no JSON is not the service's: a captive portal's, for instance.
      throw new AuthError(signal.aborted ? 'TIMEOUT' : 'NETWORK_FAILED', { retryable: true, reason });
    }
  });
