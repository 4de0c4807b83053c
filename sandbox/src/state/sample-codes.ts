import type { World } from './world.js';

/** The codes that stand as examples in the OpenAPI document of wechat-auth: they do not expire, and work once. */
export const SAMPLE_CODES = {
  person: 'xiaoming',
  wxLogin: '081iIL0000b2GL14bY100yLB0z2iIL0E',
  phoneNumber: 'e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144',
} as const;

/** Issues the sample codes to 小明 at the first mini program, so that an API explorer can try its examples as they stand. */
export function issueSampleCodes(world: World): void {
  const person = world.people.find(SAMPLE_CODES.person);
  const app = world.apps.first('mini_program');
  if (!person || !app) return;
  world.sessionKeys.login(person.id, app.appId, world.settings.sessionKeyMinIntervalSeconds);
  const grant = {
    appId: app.appId,
    personId: person.id,
    purpose: 'login',
    scope: '',
    snapshot: false,
  } as const;
  world.codes.issue(grant, Infinity, SAMPLE_CODES.wxLogin);
  const openId = world.people.openId(person, app.appId);
  const phone = { number: person.phoneNumber, countryCode: person.countryCode };
  world.phoneCodes.issue({ appId: app.appId, openId, phone }, Infinity, SAMPLE_CODES.phoneNumber);
}
