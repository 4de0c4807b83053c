import type { FastifyInstance } from 'fastify';
import type { World } from '../state/world.js';
import { USER_KEY_SECONDS } from '../state/user-keys.js';
import { Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

/**
 * What belongs to a person's session_key at a mini program, by default the first.
 *
 * - `POST /control/session-keys` `{ person, appId?, sessionKey }` -> 204: makes this text the living session_key,
 *   as for a published test vector. A wx.login within `sessionKeyMinIntervalSeconds` keeps it
 * - `POST /control/user-keys` `{ person, appId? }` -> `{ encryptKey, iv, version, expireTime }`: plays
 *   `getLatestUserKey` on the phone (section 13.6). WeChat does not document the unit of expireTime: unix seconds here
 */
export function registerSessionKeys(server: FastifyInstance, world: World): void {
  const owner = (fields: Fields) => {
    const person = personOf(world, fields.required('person'));
    return { person, app: appOf(world, fields.text('appId'), 'mini_program') };
  };

  server.post('/control/session-keys', (request, reply) => {
    const fields = new Fields(request.body).only('person', 'appId', 'sessionKey');
    const { person, app } = owner(fields);
    world.sessionKeys.set(person.id, app.appId, fields.required('sessionKey'));
    return reply.code(204).send();
  });

  server.post('/control/user-keys', (request) => {
    const { person, app } = owner(new Fields(request.body).only('person', 'appId'));
    const [latest] = world.userKeys.of(person.id, app.appId);
    if (!latest) throw new Error('a person has a key from the first question on');
    const { encryptKey, iv, version, createdAt } = latest;
    return { encryptKey, iv, version, expireTime: Math.floor(createdAt / 1000) + USER_KEY_SECONDS };
  });
}
