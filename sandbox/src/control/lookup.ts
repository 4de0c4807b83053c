import type { App, AppKind } from '../state/apps.js';
import type { Person } from '../state/people.js';
import type { QrLogin } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { ControlError } from './body.js';

/** The person of this id, else 404. */
export function personOf(world: World, id: string): Person {
  const person = world.people.find(id);
  if (!person) throw new ControlError(404, `There is no person "${id}".`);
  return person;
}

/** The app of this AppID and kind, else 404; without an AppID the first of the kind. */
export function appOf(world: World, appId: string | undefined, kind: AppKind): App {
  const app = appId === undefined ? world.apps.first(kind) : world.apps.find(appId, [kind]);
  if (!app) throw new ControlError(404, `There is no ${kind.replace('_', ' ')} "${appId ?? ''}".`);
  return app;
}

/** The app of this AppID, of any kind, else 404. */
export function anyAppOf(world: World, appId: string): App {
  const app = world.apps.find(appId);
  if (!app) throw new ControlError(404, `There is no app "${appId}".`);
  return app;
}

/** The QR login of this uuid, or of this URL with a `uuid` in it (what a QR code holds), else 404. */
export function qrLoginOf(world: World, uuid: string | undefined, url?: string): QrLogin {
  const wanted = uuid ?? (url === undefined ? undefined : uuidIn(url));
  if (!wanted) throw new ControlError(400, 'Give a "uuid", or the "url" that the QR code holds.');
  const login = world.qrLogins.find(wanted);
  if (!login) throw new ControlError(404, `There is no QR login "${wanted}".`);
  return login;
}

function uuidIn(url: string): string | undefined {
  const match =
    /[?&]uuid=(\w+)/.exec(url) ?? /\/connect\/qrcode\/(\w+)/.exec(url) ?? /^\s*(\w{16})\s*$/.exec(url);
  return match?.[1];
}
