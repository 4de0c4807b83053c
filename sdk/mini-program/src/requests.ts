import { type AuthError, errorOf } from '../../shared/auth-error.js';
import { networkError } from './failures.js';
import { attempt, type Host, settle } from './platform.js';
import type { Tokens } from './state.js';
import type { Failure, RequestOptions, RequestTask, Response } from './types.js';

declare function setTimeout(run: (value: unknown) => void, ms: number): unknown;

/** One call of the app: it can be aborted, and gets the reply whatever the status. */
interface Flight {
  task?: { readonly abort?: () => void } | undefined;
  aborted?: boolean;
  reply?: Response;
}

const TIMEOUT_MS = 15_000;
export const TRIES = 3;
/** No call is sent again so long after the first time (ms). */
const PATIENCE_MS = 20_000;
/** Not those about a code in the call. */
const ABOUT_THE_TOKEN = /^401 (?!\w+_CODE_)/;
const SAFE = /^request(GET|HEAD)$/i;

/** The parsed body of a reply; `undefined` where it is no JSON, as from a proxy. */
const bodyOf = ({ data }: Response): unknown =>
  typeof data === 'string' ? attempt(() => JSON.parse(data) as unknown) : data;

/** The data of a reply. */
export function dataOf(reply: Response): unknown {
  const data = reply.statusCode === 204 ? null : bodyOf(reply);
  if (data === undefined) throw networkError('no JSON');
  return data;
}

/**
 * Calls of the platform and of the service.
 * @param usable gives tokens to call with, @see createSession
 */
export function createRequests(
  host: () => Host,
  usable: (rejected?: string) => Promise<Tokens | null | undefined>,
  baseUrl: string,
  header: string,
) {
  /** Calls a function of the platform by name. @throws what it gave to `fail` */
  const invoke = <Result>(
    name: string,
    options: Readonly<Record<string, unknown>> = {},
    flight: Flight = {},
  ): Promise<Result> =>
    settle<Result>((callbacks) => {
      if (flight.aborted) throw new Error('abort');
      return (flight.task = host()[name]!({ ...options, ...callbacks }) as Flight['task']);
    }, options.timeout as number);

  /**
   * Sends with the access token until there is an answer that stands. A 401 is answered by new tokens and one replay.
   * Refused means not done, so a refused call is sent again after Retry-After. A call whose fate is unknown is sent again
   * only if it can be repeated.
   * @param options where `data` is a function, the call is public, and each try gets new data
   * @param tries of a call that can be repeated, by default of one that is public or safe (RFC 9110 section 9.2.1)
   * @throws AuthError where the status is not 2xx
   */
  const send = async (
    api: string,
    options: RequestOptions,
    tries?: number,
    flight: Flight = {},
  ): Promise<Response> => {
    const { url, data, method = 'GET' } = options;
    const getData = typeof data === 'function' && (data as () => unknown);
    let tokens = getData ? null : await usable();
    let rejected: string | undefined;
    const start = Date.now();
    for (let left = tries || TRIES; ;) {
      try {
        const reply = await invoke<Response>(
          api,
          {
            ...options,
            url: url[0] === '/' ? baseUrl + url : url,
            data: getData ? await getData() : data,
            header: { ...options.header, ...(tokens && { [header]: `Bearer ${tokens[0]}` }) },
          },
          flight,
        ).catch((reason: unknown) => {
          throw networkError(reason);
        });
        const { statusCode } = reply;
        if (statusCode < 400) return reply;
        flight.reply = reply;
        const seconds = /retry-after\W+(\d+)/i.exec(JSON.stringify(reply.header))?.[1];
        throw Object.assign(errorOf(statusCode, bodyOf(reply), seconds), { reason: reply });
      } catch (error) {
        const { code, status, requestId, retryable, retryAfter = -1 } = error as AuthError;
        if (tokens && !rejected && ABOUT_THE_TOKEN.test(`${status} ${code}`)) {
          rejected = tokens[0];
          tokens = await usable(rejected);
          continue;
        }
        const mayRepeat =
          tries || getData || SAFE.test(api + method)
            ? retryable
            : // The problem of a stranger is no proof. A code of WeChat's may be spent where WeChat was slow.
              (status === 429 || status === 503) && (requestId || retryAfter >= 0) && !/^WECHAT/.test(code);
        const wait = (retryAfter < 0 ? 4000 / 2 ** left : retryAfter * 1000) * (1 + Math.random() / 2);
        // The clock may have been set meanwhile, in either direction.
        if (!mayRepeat || !--left || Math.abs(Date.now() - start) + wait > PATIENCE_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };

  /** `wx.request` and its like, with callbacks and promise. */
  const dropIn =
    (api: string) =>
    ({ success, fail, complete, ...options }: RequestOptions): RequestTask => {
      const flight: Flight = {};
      const promise = send(api, options, 0, flight).catch((error: unknown) => {
        const { reason, code } = error as AuthError;
        if (reason && reason === flight.reply) return flight.reply;
        const { errMsg = `${api}:fail ${code}` } = (reason ?? {}) as Partial<Failure>;
        throw Object.assign(error as AuthError, { errMsg });
      });
      const tell =
        <Result extends Response | (AuthError & Failure)>(callback?: (result: Result) => void) =>
        (result: Result) => {
          callback?.(result);
          complete?.(result);
        };
      // Code with callbacks does not look at the promise: its rejection is handled here.
      promise.then(tell<Response>(success), tell<AuthError & Failure>(fail));
      return Object.assign(promise, {
        abort() {
          flight.aborted = true;
          flight.task?.abort?.();
        },
      });
    };

  const call = async <Data>(url: string, data?: unknown, method = data ? 'POST' : 'GET', tries?: number) =>
    dataOf(await send('request', { url, data, method, timeout: TIMEOUT_MS }, tries)) as Data;

  return [invoke, send, dropIn, call] as const;
}
