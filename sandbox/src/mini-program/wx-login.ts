import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';

/**
 * A code of wx.login of a person in a mini program (section 7.1). It may replace the session_key, as wx.login
 * does (section 1.1).
 */
export function wxLogin(world: World, person: Person, appId: string): string {
  const { loginCodeSeconds, sessionKeyMinIntervalSeconds } = world.settings;
  world.sessionKeys.login(person.id, appId, sessionKeyMinIntervalSeconds);
  return world.codes.issue(
    { appId, personId: person.id, purpose: 'login', scope: '', snapshot: false },
    loginCodeSeconds,
  );
}
