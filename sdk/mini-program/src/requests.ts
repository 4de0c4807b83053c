import { AuthError } from '../../shared/auth-error.js';
import { bodyOf, codeOf, replyError, type RequestError } from './failures.js';
import { persist } from './persist.js';
import type { Tokens } from './record.js';
import type { RequestOptions, RequestTask, Response } from './types.js';

/** A call that can be aborted. */
export interface Flight {
  task?: { readonly abort?: () => void } | undefined;
  aborted?: boolean;
}
export type Api = 'request' | 'uploadFile';
export type Send = (api: Api, options: RequestOptions, flight?: Flight) => Promise<Response>;

/** Own calls (ms). */
export const TIMEOUT_MS = 15_000;
/** A 401 that is not about the access token. */
const NOT_THE_TOKEN = /^(WECHAT|TOKEN|LOGIN)_CODE|_KEY_|_TICKET_/;

/** The data of a reply. @throws AuthError where it is not 2xx */
export function dataOf(reply: Response): unknown {
  const data = reply.statusCode === 204 ? null : bodyOf(reply);
  if (reply.statusCode >= 300 || data === undefined) throw replyError(reply);
  return data;
}

/**
 * `wx.request` and `wx.uploadFile` with the access token.
 * @param isRepeatable whether it may be done twice
 */
export const createStart =
  (send: Send, usable: (rejected?: string) => Promise<Tokens | undefined>, baseUrl: string, header: string) =>
  (api: Api, options: RequestOptions, isRepeatable?: boolean): RequestTask => {
    const { success, fail, complete, ...rest } = options;
    const flight: Flight = {};
    const url = rest.url.startsWith('/') ? baseUrl + rest.url : rest.url;
    const mayRepeat = isRepeatable || (api === 'request' && /^(GET|HEAD)$/i.test(rest.method || 'GET'));

    const work = async (): Promise<Response> => {
      try {
        let tokens = await usable();
        const go = () =>
          persist(
            () => {
              const bearer = tokens && { [header]: `Bearer ${tokens.accessToken}` };
              return send(api, { ...rest, url, header: { ...rest.header, ...bearer } }, flight);
            },
            mayRepeat,
            url.startsWith(baseUrl),
          );
        const reply = await go();
        if (reply.statusCode !== 401 || !tokens || NOT_THE_TOKEN.test(codeOf(reply))) return reply;
        tokens = await usable(tokens.accessToken);
        return await go();
      } catch (error) {
        const { code, reason } = error as AuthError;
        const { errMsg = `${api}:fail ${code}` } = Object(reason) as Partial<RequestError>;
        throw Object.assign(error as AuthError, { errMsg });
      }
    };

    const promise = work();
    const tell =
      <Result extends Response | RequestError>(callback?: (result: Result) => void) =>
      (result: Result) => {
        if (callback) callback(result);
        if (complete) complete(result);
      };
    // Code with callbacks does not look at the promise.
    if (success || fail || complete) promise.then(tell<Response>(success), tell<RequestError>(fail));
    return Object.assign(promise, {
      abort() {
        flight.aborted = true;
        if (flight.task && flight.task.abort) flight.task.abort();
      },
    });
  };
