import type { FastifyContextConfig, FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Runs a hook at the beginning of each request of some routes, after the hooks of all routes. Routes that it does not
 * concern do not pay for it.
 */
export function onRequestOf(
  fastify: FastifyInstance,
  isMeant: (config: FastifyContextConfig) => boolean | undefined,
  hook: onRequestHookHandler,
): void {
  fastify.addHook('onRoute', (route) => {
    if (isMeant(route.config ?? {})) route.onRequest = [route.onRequest ?? [], hook].flat();
  });
}
