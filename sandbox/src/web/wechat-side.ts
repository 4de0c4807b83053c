import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallEntry } from '../state/calls.js';
import type { Fault } from '../state/faults.js';
import type { World } from '../state/world.js';
import { playAfter, playBefore } from './fault-play.js';
import { queryOf } from './request.js';

const entries = new WeakMap<FastifyRequest, CallEntry>();
const pending = new WeakMap<FastifyRequest, Fault>();

/**
 * What all routes of WeChat share: calls are logged, planned faults are played, and bodies are read as raw bytes,
 * whatever their Content-Type.
 */
export function asWeChat(server: FastifyInstance, world: World): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  server.addHook('onRoute', (route) => world.faults.learn(route.url));

  server.addHook('onRequest', async (request, reply) => {
    const endpoint = request.routeOptions.url ?? '';
    const fault = world.faults.take(endpoint);
    const entry: CallEntry = {
      endpoint,
      method: request.method,
      at: new Date(world.clock.now()).toISOString(),
      appId: queryOf(request).appid ?? null,
      status: null,
      errcode: null,
      fault: fault?.effect.kind ?? null,
    };
    world.calls.add(entry);
    entries.set(request, entry);
    if (!fault) return;
    if (fault.afterEffect) pending.set(request, fault);
    else await playBefore(fault, reply, world);
  });

  server.addHook('onSend', async (request, reply, payload) => {
    const fault = pending.get(request);
    // Deleted first: the reply of the fault passes through this hook as well.
    pending.delete(request);
    const answer = fault ? await playAfter(fault, reply, world) : undefined;
    const entry = entries.get(request);
    if (entry) entry.status = reply.statusCode;
    return answer ?? payload;
  });
}

/** Writes the errcode of the reply to the log of calls. */
export function noteErrcode(request: FastifyRequest, errcode: number): void {
  const entry = entries.get(request);
  if (entry) entry.errcode = errcode;
}

/** Writes the AppID of the caller to the log of calls. */
export function noteApp(request: FastifyRequest, appId: string): void {
  const entry = entries.get(request);
  if (entry) entry.appId = appId;
}
