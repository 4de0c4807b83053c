import { AuthError, errorOf } from '../../shared/auth-error.js';
import { sleep, within } from './deadline.js';
import { MAX_PAUSE, MAX_WAIT, TIMEOUT_MS, TRIES } from './limits.js';

/** A call of the service: GET, or POST where there is a body. */
export interface CallOptions {
  readonly body?: object | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly tries?: number;
  /** Outlives the page. */
  readonly keepalive?: boolean;
  readonly send?: typeof fetch;
}

/** Calls the service, and repeats it as `persist` does. */
export const call = <Reply>(url: string, options: CallOptions = {}): Promise<Reply> =>
  persist(() => callOnce<Reply>(url, options), options);

/**
 * Repeats work on the service. Every call of this package may be repeated: a lost network, 429, 503 and a proxy without
 * a service behind it are tried again, after Retry-After and a random bit more.
 */
export async function persist<Result>(
  work: () => Promise<Result>,
  { tries = TRIES, signal }: CallOptions = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const { retryable, retryAfter = attempt / 2 } = error as AuthError;
      if (!retryable || attempt >= tries || retryAfter > MAX_WAIT) throw error;
      await sleep(retryAfter * 1000 * (1 + Math.random() / 4), signal);
    }
  }
}

/**
 * @returns the parsed reply; `null` for 204
 * @throws AuthError of the service, or NETWORK_FAILED, TIMEOUT, ABORTED
 */
export const callOnce = <Reply>(
  url: string,
  { body, headers, signal: outer, keepalive = false, send = fetch }: CallOptions,
): Promise<Reply> =>
  within(TIMEOUT_MS, outer, async ({ signal }) => {
    try {
      const post = body && { method: 'POST', body: JSON.stringify(body) };
      const type = body && { 'Content-Type': 'application/json' };
      const response = await send(url, { signal, keepalive, headers: { ...headers, ...type }, ...post });
      const { ok, status } = response;
      if (ok) return (status === 204 ? null : await response.json()) as Reply;
      const problem: unknown = await response.json().catch(() => null);
      throw errorOf(status, problem, response.headers.get('Retry-After'));
    } catch (reason) {
      if (outer?.aborted) throw new AuthError('ABORTED');
      if (reason instanceof AuthError) throw reason;
      // An answer that is no JSON is not the service's: a captive portal's, for instance.
      throw new AuthError(signal.aborted ? 'TIMEOUT' : 'NETWORK_FAILED', { retryable: true, reason });
    }
  });

/** How long to ask nothing after a failure (ms). Retry-After may be a date by a clock that is hours away from this one. */
export const pauseAfter = (fault: unknown): number =>
  Math.min((fault as AuthError).retryAfter ?? 0, MAX_PAUSE) * 1000;
