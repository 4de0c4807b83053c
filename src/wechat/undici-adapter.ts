import {
  type AxiosAdapter,
  AxiosError,
  type AxiosResponse,
  CanceledError,
  type InternalAxiosRequestConfig,
} from 'axios';
import { buffer } from 'node:stream/consumers';
import { codeOf, NotConnected } from '../outgoing/connect.js';
import type { HttpClient } from '../outgoing/http-client.js';
import { untilAborted } from '../outgoing/until-aborted.js';

/** The call failed before it was sent. */
export class NeverSent extends AxiosError {}

/**
 * Axios on undici: the same calls cost a fraction of what they do on node:http. Every status is an answer, the body
 * is bytes. Each call needs a signal; it covers everything from the name to the last byte.
 * @returns an adapter that rejects with AxiosError: NeverSent where there was no connection, ERR_CANCELED when the
 *   signal says so, ERR_BAD_RESPONSE when the answer is too large or was cut off, else the code of the connection
 */
export function undiciAdapter(client: HttpClient): AxiosAdapter {
  return async (config): Promise<AxiosResponse<Buffer>> => {
    const signal = config.signal as AbortSignal;
    const answer = await client
      .request({
        url: urlOf(config),
        method: config.method === 'post' ? 'POST' : 'GET',
        headers: config.headers.toJSON() as Record<string, string>,
        body: typeof config.data === 'string' ? config.data : null,
        signal,
      })
      .catch((error: unknown) => {
        throw failure(error, config);
      });
    const data = await untilAborted(buffer(answer.body), signal).catch((error: unknown) => {
      throw failure(error, config, AxiosError.ERR_BAD_RESPONSE);
    });
    return { data, status: answer.status, statusText: '', headers: {}, config };
  };
}

function urlOf({ url = '', params }: InternalAxiosRequestConfig): URL {
  const whole = new URL(url);
  whole.search = new URLSearchParams(params as Record<string, string>).toString();
  return whole;
}

/** Nothing of the client's error but its code is kept: its message may name what was asked for. */
function failure(error: unknown, config: InternalAxiosRequestConfig, code = codeOf(error)): AxiosError {
  if (error instanceof NotConnected) return new NeverSent('no connection', error.code, config);
  if (config.signal?.aborted) return new CanceledError(undefined, config);
  return new AxiosError('the call failed', code, config);
}
