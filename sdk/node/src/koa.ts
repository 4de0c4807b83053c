import type { IncomingMessage } from 'node:http';
import { type Claims, createAuthenticator, type GuardOptions, refusalOf } from './index.js';

/** State of a request: `new Koa<AuthState>()`. */
export interface AuthState {
  /** Whose request it is. `undefined` without a token, where none is required. */
  auth?: Claims | undefined;
}

/** The part of Koa's context that is used. */
export interface Context {
  readonly req: IncomingMessage;
  state: AuthState;
  status: number;
  body: unknown;
  set(fields: Readonly<Record<string, string>>): void;
}

/**
 * Lets requests with a good access token through, with its claims in `ctx.state.auth`. It answers the others: 401, 403,
 * 503. For Koa 2 and 3.
 * @throws AuthError OPTIONS_INVALID
 */
export function wechatAuth(
  options: GuardOptions,
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  const { authenticate } = createAuthenticator(options);
  return async (context, next) => {
    try {
      context.state.auth = await authenticate(context.req);
    } catch (error) {
      const { status, headers, problem } = refusalOf(error, context.req);
      context.status = status;
      context.body = JSON.stringify(problem);
      context.set(headers);
      return;
    }
    await next();
  };
}

export type { Claims, GuardOptions } from './index.js';
