import type { FastifyInstance } from 'fastify';
import { wxLogin } from '../mini-program/wx-login.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

/**
 * `POST /control/wx-login` `{ person, appId? }` -> `{ code, appId, expiresIn }` (seconds): plays wx.login
 * (section 7.1) of a person in a mini program, by default the first.
 */
export function registerWxLogin(server: FastifyInstance, world: World): void {
  server.post('/control/wx-login', (request) => {
    const fields = new Fields(request.body).only('person', 'appId');
    const person = personOf(world, fields.required('person'));
    const { appId } = appOf(world, fields.text('appId'), 'mini_program');
    const code = wxLogin(world, person, appId);
    return { code, appId, expiresIn: world.settings.loginCodeSeconds };
  });
}
