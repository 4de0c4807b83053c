import { checkApp, checkGrantType, checkSecret, spendCode } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 1.1, code2Session.
 *
 * Query: appid, secret, js_code, grant_type=authorization_code.
 * Reply: `{ session_key, openid, unionid? }`; unionid is absent, never empty, where the app is not bound.
 * Errors: 41002, 40013, 41004, 40125, 40002, 41008, 40029, 40163, 40226 (a blocked person).
 */
export const jscode2session: Endpoint = {
  method: 'GET',
  path: '/sns/jscode2session',
  answer({ query }, world) {
    const app = checkApp(query.appid, world, ['mini_program']);
    checkSecret(query.secret, app);
    checkGrantType(query.grant_type, 'authorization_code');
    const { person } = spendCode(query.js_code, app, 'login', world);
    if (person.blocked) throw new Refusal(40226);
    const unionId = world.people.unionId(person);
    const { sessionKeys } = world;
    return {
      // The current key, also for an older code: a person has at most one at an app.
      session_key: sessionKeys.current(person.id, app.appId) ?? sessionKeys.replace(person.id, app.appId),
      openid: world.people.openId(person, app.appId),
      ...(unionId !== null && { unionid: unionId }),
    };
  },
};
