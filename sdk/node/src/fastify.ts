import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Claims, createAuthenticator, type GuardOptions, refusalOf } from './index.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is. `undefined` on a public route, and without a token where none is required. */
    auth: Claims | undefined;
  }
  interface FastifyContextConfig {
    /** `{ config: { public: true } }`: the route needs no token. */
    public?: boolean;
  }
}

/** A hook for single routes: `app.get('/me', { onRequest: wechatAuthHook(options) }, …)`. */
export type AuthHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/**
 * A hook that lets requests with a good access token through, with its claims in `request.auth`. It answers the others:
 * 401, 403, 503. For Fastify 5, and 4 since 4.10.
 * @throws AuthError OPTIONS_INVALID
 */
export function wechatAuthHook(options: GuardOptions): AuthHook {
  const { authenticate } = createAuthenticator(options);
  return async (request, reply) => {
    try {
      request.auth = await authenticate(request);
      return undefined;
    } catch (error) {
      const { status, headers, problem } = refusalOf(error, request);
      return reply.code(status).headers(headers).send(JSON.stringify(problem));
    }
  };
}

const plugin: FastifyPluginAsync<GuardOptions> = (app, options) => {
  const hook = wechatAuthHook(options);
  if (!app.hasRequestDecorator('auth')) app.decorateRequest('auth', undefined);
  app.addHook('onRequest', async (request, reply) => {
    return request.routeOptions.config.public === true ? undefined : hook(request, reply);
  });
  return Promise.resolve();
};

/**
 * The plugin: every route of the scope that registers it needs an access token, except those with
 * `{ config: { public: true } }`.
 */
export const wechatAuth: FastifyPluginAsync<GuardOptions> = Object.assign(plugin, {
  // What fastify-plugin does: the hook is for the scope of the caller, not for one of its own.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@wechat-auth/node',
});

export type { Claims, GuardOptions } from './index.js';
