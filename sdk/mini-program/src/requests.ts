import { type AuthError, problemError, textOf } from '../../shared/auth-error.js';
import { networkError } from './failures.js';
import { attempt, type Host, nothing, settle, toJson } from './platform.js';
import type { Tokens } from './state.js';
import type { Failure, RequestOptions, RequestTask, Response } from './types.js';

declare function setTimeout(run: (value: unknown) => void, ms: number): unknown;

/** A task of the platform: functions by name, of which some may be missing. */
type Task = Readonly<Partial<Record<string, (listener?: unknown) => void>>> | undefined;
/** Is told before a call of the platform, and then its task. It throws where the call is not to be made. */
type Watch = (task?: Task) => void;

const TIMEOUT_MS = 15_000;
export const TRIES = 3;
/** No call is sent again so long after the first time (ms). */
const PATIENCE_MS = 20_000;

/** The parsed body of a reply; nothing where it is no JSON, as from a proxy. */
const bodyOf = ({ data }: Response): unknown =>
  textOf(data) ? attempt(() => JSON.parse(data as string) as unknown) : data;

/** The data of a reply. */
export function dataOf(reply: Response): unknown {
  if (reply.statusCode === 204) return null;
  const data = bodyOf(reply);
  if (!data) throw networkError('no JSON');
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
    watch?: Watch,
  ): Promise<Result> =>
    settle<Result>((callbacks) => {
      watch?.();
      const task = host()[name]!({ ...options, ...callbacks }) as Task;
      watch?.(task);
      return task;
    }, options.timeout as number);

  /**
   * Sends with the access token until there is an answer that stands. A 401 is answered by new tokens and one replay.
   * Refused means not done, so a refused call is sent again after Retry-After. A call whose fate is unknown is sent again
   * only if it can be repeated.
   * @param options where `data` is a function, the call is public, and each try gets new data
   * @param tries of a call that can be repeated, by default of one that is public or safe (RFC 9110 section 9.2.1)
   * @param watch of a call of the app, which gets the reply whatever the status
   * @throws AuthError where the status is not 2xx
   */
  const send = async (
    api: string,
    options: RequestOptions,
    tries?: number,
    watch?: Watch,
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
            // Where it is missing, the platform says so.
            url: /^\//.test(url) ? baseUrl + url : url,
            data: getData ? await getData() : data,
            header: { ...options.header, ...(tokens && { [header]: `Bearer ${tokens[0]}` }) },
          },
          watch,
        ).catch((reason: unknown) => {
          throw networkError(reason);
        });
        const { statusCode } = reply;
        if (statusCode < 400) return reply;
        const body = bodyOf(reply);
        // Other header fields may name it, too.
        const seconds = Number(/retry-after\W+(\d+)/i.exec(toJson(reply.header))?.[1]);
        throw problemError(statusCode, body, seconds, reply);
      } catch (error) {
        const known = error as AuthError;
        const { code, status, retryAfter } = known;
        // It is about the token, and not about a code in the call.
        if (tokens && !rejected && /^401 (?!\w+_CODE_)/.test(`${status} ${code}`)) {
          rejected = tokens[0];
          tokens = await usable(rejected);
          continue;
        }
        const wait = (retryAfter! >= 0 ? retryAfter! * 1000 : 4000 / 2 ** left) * (1 + Math.random() / 2);
        const mayRepeat =
          tries || getData || /t(GET|HEAD)$/i.test(api + method)
            ? known.retryable
            : // The problem of a stranger is no proof. A code of WeChat's may be spent where WeChat was slow.
              (status === 429 || status === 503) &&
              (known.requestId || retryAfter! >= 0) &&
              !/^WECHAT/.test(code);
        // The clock may have been set meanwhile, in either direction.
        if (!mayRepeat || !--left || Math.abs(Date.now() - start) + wait > PATIENCE_MS) {
          if (watch && status) return known.reason as Response;
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };

  /** `wx.request` and its like, with callbacks and promise. */
  const dropIn =
    (api: string) =>
    ({ success, fail, complete, ...options }: RequestOptions): RequestTask => {
      let task: Task;
      let isAborted: boolean | undefined;
      const asked: (() => void)[] = [];
      const promise = send(api, options, 0, (next) => {
        if (isAborted) throw new Error('abort');
        task = next;
        asked.forEach((ask) => ask());
      }).catch((error: unknown) => {
        const known = error as AuthError & { errMsg?: string };
        known.errMsg = (known.reason as Failure | undefined)?.errMsg || api + ':fail ' + known.code;
        throw error;
      }) as RequestTask & Record<string, unknown>;
      // Code with callbacks does not look at the promise: its rejection is handled here.
      promise.then(success, fail || nothing);
      // Also after a callback that throws.
      promise.then(complete || nothing, complete || nothing);
      /** Whatever is asked of the call each of its tasks does: one that is sent later, too, after a login or a 401. */
      const passOn = (name: string): void => {
        promise[name] = (listener: unknown) => {
          const ask = (): void => task?.[name]?.(listener);
          asked.push(ask);
          ask();
          isAborted ||= name === 'abort';
        };
      };
      passOn('abort');
      for (const verb of ['on', 'off'])
        for (const event of ['ProgressUpdate', 'HeadersReceived', 'ChunkReceived']) passOn(verb + event);
      return promise;
    };

  const call = <Data>(url: string, data?: unknown, method = data ? 'POST' : 'GET', tries?: number) =>
    send('request', { url, data, method, timeout: TIMEOUT_MS }, tries).then(dataOf) as Promise<Data>;

  return [invoke, send, dropIn, call] as const;
}
