import type { FastifyInstance } from 'fastify';
import { CHINA, type PhoneNumber } from '../open-data/phone.js';
import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

/**
 * `POST /control/phone-code` `{ person, appId?, phoneNumber?, countryCode? }` -> `{ code, appId, expiresIn }`
 * (seconds): plays the getPhoneNumber button (section 7.4) of a mini program, by default the first. Without
 * phoneNumber it is the person's own number. A phoneNumber without countryCode is a Chinese number.
 */
export function registerPhoneCode(server: FastifyInstance, world: World): void {
  server.post('/control/phone-code', (request) => {
    const fields = new Fields(request.body).only('person', 'appId', 'phoneNumber', 'countryCode');
    const person = personOf(world, fields.required('person'));
    const app = appOf(world, fields.text('appId'), 'mini_program');
    const { phoneCodeSeconds } = world.settings;
    const code = world.phoneCodes.issue(
      {
        appId: app.appId,
        openId: world.people.openId(person, app.appId),
        phone: phoneOf(fields, person),
      },
      phoneCodeSeconds,
    );
    return { code, appId: app.appId, expiresIn: phoneCodeSeconds };
  });
}

function phoneOf(fields: Fields, person: Person): PhoneNumber {
  const number = fields.text('phoneNumber', 40);
  const countryCode = fields.text('countryCode', 10);
  return {
    number: number ?? person.phoneNumber,
    countryCode: countryCode ?? (number === undefined ? person.countryCode : CHINA),
  };
}
