import type { FastifyInstance } from 'fastify';
import type { Settings } from '../state/settings.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';

/**
 * - `GET /control/calls?endpoint=` -> `{ count, calls: CallEntry[] }`: what was called since the start or
 *   the last reset, without secrets; `DELETE /control/calls` -> 204 empties it
 * - `GET /control/clock` -> `{ now (ISO 8601), offsetSeconds }`
 * - `POST /control/clock` `{ advanceSeconds }` -> the same: moves the clock of the sandbox, and answers after the
 *   pushes that became due
 * - `GET /control/settings` -> Settings; `POST /control/settings` with some of them -> Settings
 * - `POST /control/app-tokens/put-out` `{ appId }` -> 204: all interface tokens of the app become invalid
 *   (40001), as after a call by another program or a reset of the AppSecret
 * - `POST /control/tickets/end` `{ appId }` -> 204: all tickets of the app are invalid from now on
 * - `POST /control/reset` -> 204: restores the state of the start
 */
export function registerSwitches(server: FastifyInstance, world: World): void {
  server.get<{ Querystring: { endpoint?: string } }>('/control/calls', (request) => {
    const calls = world.calls.of(request.query.endpoint);
    return { count: calls.length, calls };
  });

  server.delete('/control/calls', (_request, reply) => {
    world.calls.reset();
    return reply.code(204).send();
  });

  const clock = () => ({
    now: new Date(world.clock.now()).toISOString(),
    offsetSeconds: world.clock.offsetSeconds,
  });
  server.get('/control/clock', clock);
  server.post('/control/clock', async (request) => {
    world.clock.advance(new Fields(request.body).only('advanceSeconds').number('advanceSeconds') ?? 0);
    await world.pushes.sendDue();
    return clock();
  });

  server.get('/control/settings', () => world.settings);
  server.post('/control/settings', (request) => {
    const fields = new Fields(request.body).only(...Object.keys(world.settings));
    world.settings = { ...world.settings, ...changed(world.settings, fields) };
    return world.settings;
  });

  server.post('/control/app-tokens/put-out', (request, reply) => {
    world.appTokens.putOutAll(new Fields(request.body).only('appId').required('appId'));
    return reply.code(204).send();
  });

  server.post('/control/tickets/end', (request, reply) => {
    world.tickets.endAll(new Fields(request.body).only('appId').required('appId'));
    return reply.code(204).send();
  });

  server.post('/control/reset', (_request, reply) => {
    world.reset();
    return reply.code(204).send();
  });
}

/** The settings in the body, each of the same type as its present value. */
function changed(now: Settings, fields: Fields): Partial<Settings> {
  const read = (name: string, value: unknown) => {
    if (typeof value === 'boolean') return fields.flag(name);
    return typeof value === 'number' ? fields.number(name, 0) : fields.texts(name);
  };
  const values = Object.entries(now).map(([name, value]) => [name, read(name, value)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
