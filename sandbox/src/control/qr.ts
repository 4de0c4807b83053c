import type { FastifyInstance } from 'fastify';
import { allow, deny, expire, scan } from '../open/consent.js';
import type { QrLogin } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';
import { personOf, qrLoginOf } from './lookup.js';

/**
 * What a person does with a QR login on their phone (section 4.2).
 *
 * - `GET /control/qr` -> `{ logins: QrLogin[] }`: those not expired or confirmed, newest first
 * - `GET /control/qr/:uuid` -> QrLogin, in any state
 * - `POST /control/scan` `{ uuid | url, person }` -> QrLogin
 * - `POST /control/allow` `{ uuid | url }` -> QrLogin with `code` and the `redirectUrl` that the browser goes to
 * - `POST /control/deny` `{ uuid | url }` -> QrLogin; `redirectUrl` only with the setting denyRedirects
 * - `POST /control/expire` `{ uuid | url }` -> QrLogin, expired
 *
 * QrLogin: `{ uuid, kind: qr|page, appId, appName, scope, state: pending|scanned|confirmed|denied|expired, person: id|null,
 * redirectHost, createdAt, expiresIn (seconds) }`. A step that does not fit the state is 409.
 */
export function registerQr(server: FastifyInstance, world: World): void {
  const view = (login: QrLogin) => qrView(login, world);
  const asked = (body: unknown, ...more: string[]) => {
    const fields = new Fields(body).only('uuid', 'url', ...more);
    return { fields, login: qrLoginOf(world, fields.text('uuid'), fields.text('url', 8000)) };
  };

  server.get('/control/qr', () => {
    const codes = world.qrLogins.all().filter(({ kind }) => kind === 'qr');
    const over = ['expired', 'confirmed'];
    return { logins: codes.map(view).filter(({ state }) => !over.includes(state)) };
  });

  server.get<{ Params: { uuid: string } }>('/control/qr/:uuid', (request) =>
    view(qrLoginOf(world, request.params.uuid)),
  );

  server.post('/control/scan', (request) => {
    const { fields, login } = asked(request.body, 'person');
    scan(world, login, personOf(world, fields.required('person')));
    return view(login);
  });

  server.post('/control/allow', (request) => {
    const { login } = asked(request.body);
    const redirectUrl = allow(world, login);
    return { ...view(login), code: login.code, redirectUrl };
  });

  server.post('/control/deny', (request) => {
    const { login } = asked(request.body);
    const redirectUrl = deny(world, login);
    return { ...view(login), redirectUrl };
  });

  server.post('/control/expire', (request) => {
    const { login } = asked(request.body);
    expire(world, login);
    return view(login);
  });
}

function qrView(login: QrLogin, world: World) {
  return {
    uuid: login.uuid,
    kind: login.kind,
    appId: login.appId,
    appName: world.apps.find(login.appId)?.name ?? login.appId,
    scope: login.scope,
    state: world.qrLogins.stateOf(login),
    person: login.personId,
    redirectHost: new URL(login.redirectUri).host,
    createdAt: new Date(login.createdAt).toISOString(),
    expiresIn: Math.max(0, Math.ceil((login.expiresAt - world.clock.now()) / 1000)),
  };
}
