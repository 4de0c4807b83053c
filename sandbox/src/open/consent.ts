import type { Person } from '../state/people.js';
import type { QrLogin, QrState } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { redirectUrlOf } from './redirects.js';

/*
 * The steps of a QR login: scan, allow and deny on the phone (section 4.2), and expiry. A step that does not fit the
 * state throws OutOfTurn.
 */

/** The QR login is not in a state for this step; over HTTP it is 409. */
export class OutOfTurn extends Error {
  readonly statusCode = 409;
}

/** Scans the code: the browser sees 404. After a refusal the same code may be scanned again. */
export function scan(world: World, login: QrLogin, person: Person): void {
  expect(world, login, ['pending', 'denied', 'scanned']);
  if (login.progress === 'scanned' && login.personId !== person.id) {
    throw new OutOfTurn('Somebody else has scanned this QR code.');
  }
  world.qrLogins.move(login, { progress: 'scanned', personId: person.id, deniedUrl: null });
}

/** Taps Allow: the browser sees 405 and the code. Returns where it goes. */
export function allow(world: World, login: QrLogin): string {
  expect(world, login, ['scanned']);
  const code = world.codes.issue(
    {
      appId: login.appId,
      personId: login.personId ?? '',
      purpose: 'oauth',
      scope: login.scope,
      snapshot: false,
    },
    world.settings.oauthCodeSeconds,
  );
  world.qrLogins.move(login, { progress: 'confirmed', code });
  return redirectUrlOf(login, code);
}

/** Taps Cancel: the browser sees 403. Returns where it goes, with the setting denyRedirects; else null. */
export function deny(world: World, login: QrLogin): string | null {
  expect(world, login, ['scanned']);
  const deniedUrl = world.settings.denyRedirects ? redirectUrlOf(login, null) : null;
  world.qrLogins.move(login, { progress: 'denied', deniedUrl });
  return deniedUrl;
}

/** Makes it expire early: the browser sees 402. */
export function expire(world: World, login: QrLogin): void {
  expect(world, login, ['pending', 'scanned', 'denied', 'expired']);
  world.qrLogins.expire(login);
}

function expect(world: World, login: QrLogin, states: readonly QrState[]): void {
  const state = world.qrLogins.stateOf(login);
  if (!states.includes(state)) throw new OutOfTurn(`This QR login is ${state}.`);
}
