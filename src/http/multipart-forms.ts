import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { MULTIPART_LIMITS } from './bodies.js';

/**
 * Registers @fastify/multipart. Its hooks, which look for files of the request to delete, run only for routes that take
 * such forms: they are asynchronous, and every request of every route would wait for them.
 */
export async function registerMultipartForms(fastify: FastifyInstance): Promise<void> {
  const ofFormRoutes = new Proxy(fastify, {
    get(target, name): unknown {
      if (name === 'addHook') return addHookOfFormRoutes;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  function addHookOfFormRoutes(hook: 'onRequest' | 'onResponse', run: () => Promise<void>): FastifyInstance {
    fastify.addHook('onRoute', (route) => {
      if (route.config?.multipartBody) Object.assign(route, { [hook]: [route[hook] ?? [], run].flat() });
    });
    return ofFormRoutes;
  }
  await new Promise<void>((resolve, reject) => {
    multipart(ofFormRoutes, { limits: MULTIPART_LIMITS }, (fault) => (fault ? reject(fault) : resolve()));
  });
}
