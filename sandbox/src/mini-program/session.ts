import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { callService, ServiceRefusal } from './service-call.js';
import { wxLogin } from './wx-login.js';

/**
 * Calls the service with the access token in storage; logs in first if there is none. Logs in anew and calls again after
 * a 401, so `call` takes a new code of wx.login each time. @throws ServiceRefusal
 */
export async function withSession<Reply>(
  world: World,
  person: Person,
  appId: string,
  call: (token: string) => Promise<Reply>,
): Promise<Reply> {
  const stored = world.wxStorage.token(person.id, appId);
  if (stored !== undefined) {
    try {
      return await call(stored);
    } catch (error) {
      if (!(error instanceof ServiceRefusal && error.statusCode === 401)) throw error;
    }
  }
  return call(await logIn(world, person, appId));
}

async function logIn(world: World, person: Person, appId: string): Promise<string> {
  const { accessToken } = await callService(world, '/v1/mini-program/login', {
    appId,
    json: { code: wxLogin(world, person, appId), appId },
  });
  if (typeof accessToken !== 'string') {
    throw new ServiceRefusal(502, 'SERVICE_ANSWER', 'The service answered a login without an access token.');
  }
  world.wxStorage.keep(person.id, appId, accessToken);
  return accessToken;
}
