import type { AuthError } from '../../shared/auth-error.js';
import { codeOf, retryAfterOf } from './failures.js';
import { sleep } from './platform.js';
import type { Response } from './types.js';

/** No call is sent again so long after the first time (ms). */
const PATIENCE_MS = 20_000;

/**
 * Sends until there is an answer that stands. Refused means not done, so a refused call is sent again after Retry-After.
 * A call whose fate is unknown is sent again only if it can be repeated.
 * @param isOurs whether the service answers, whose 429 and 503 always mean refused
 */
export async function persist(
  send: () => Promise<Response>,
  isRepeatable: boolean,
  isOurs = true,
  tries = 3,
): Promise<Response> {
  const start = Date.now();
  for (;;) {
    let wait = 2 ** -tries * 4000;
    let end: () => Response;
    try {
      const reply = await send();
      const seconds = retryAfterOf(reply);
      const code = isOurs ? codeOf(reply) : '';
      end = () => reply;
      if (seconds) wait = Number(seconds) * 1000;
      // The code of wx.login or of a button may be spent where WeChat has not answered the service.
      const isRefused =
        /429|503/.test(`${reply.statusCode}`) && (code || seconds) && !code.startsWith('WECHAT');
      if (!isRefused && !(isRepeatable && /429|50[234]/.test(`${reply.statusCode}`))) return reply;
    } catch (error) {
      end = () => {
        throw error;
      };
      if (!isRepeatable || !(error as AuthError).retryable) throw error;
    }
    wait *= 1 + Math.random() / 2;
    // The clock may have been set meanwhile, in either direction.
    if (!--tries || !(Math.abs(Date.now() - start) + wait < PATIENCE_MS)) return end();
    await sleep(wait);
  }
}
