import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Claims, createAuthenticator, type GuardOptions, refusalOf } from './index.js';

declare global {
  // The only way to add a property to the request of Express.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Whose request it is. `undefined` without a token, where none is required. */
      auth?: Claims | undefined;
    }
  }
}

/** A middleware of Express 4 and 5, and of everything else that is called like this. */
export type Middleware = (
  request: IncomingMessage & { auth?: Claims | undefined },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Lets requests with a good access token through, with its claims in `req.auth`. It answers the others: 401, 403, 503.
 * @throws AuthError OPTIONS_INVALID
 */
export function wechatAuth(options: GuardOptions): Middleware {
  const { authenticate } = createAuthenticator(options);
  return (request, response, next) => {
    void authenticate(request)
      .then(
        (claims) => {
          request.auth = claims;
          next();
        },
        (error: unknown) => {
          const { status, headers, problem } = refusalOf(error, request);
          response.writeHead(status, headers).end(JSON.stringify(problem));
        },
      )
      .catch(next);
  };
}

export type { Claims, GuardOptions } from './index.js';
