import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { encryptOpenData, signRawData } from '../open-data/crypto.js';
import { KINDS, payloadOf } from '../open-data/payloads.js';
import { watermark } from '../open-data/phone.js';
import type { App } from '../state/apps.js';
import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { avatarUrlOf } from '../web/avatar-url.js';
import { rawJson } from '../web/raw-json.js';
import { originOf, type WebOptions } from '../web/request.js';
import { ControlError, Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

const FIELDS = ['person', 'appId', 'kind', 'data', 'timestamp', 'watermarkAppId', 'openId', 'sessionKey'];
const LONGEST_TEXT = 500_000;
const SESSION_KEYS = ['current', 'previous'] as const;

/**
 * `POST /control/open-data` `{ person, appId?, kind: userInfo|phone|custom, data?, timestamp?, watermarkAppId?,
 * openId?, sessionKey?: current|previous }` -> `{ rawData, signature, encryptedData, iv }`: what WeChat's
 * client gives to a mini program (section 2), made with the person's session_key, which is never shown.
 *
 * `data` (an object) adds to the payload and replaces fields in it; for `custom` it may also be text, which is
 * encrypted as it is. `timestamp` (unix seconds), `watermarkAppId` and `openId` change one field each. 409 when the
 * person has no such session_key: the first wx.login creates one.
 */
export function registerOpenData(server: FastifyInstance, world: World, options: WebOptions): void {
  server.post('/control/open-data', (request) => {
    const fields = new Fields(request.body).only(...FIELDS);
    const person = personOf(world, fields.required('person'));
    const app = appOf(world, fields.text('appId'), 'mini_program');
    const kind = fields.oneOf('kind', KINDS);
    if (!kind) throw new ControlError(400, `"kind" is missing; it is one of ${KINDS.join(', ')}.`);
    const key = sessionKeyOf(fields, person, app, world);
    if (kind === 'custom' && fields.isText('data')) {
      const text = fields.text('data', LONGEST_TEXT) ?? '';
      return sealed(text, text, key);
    }
    const { shown, hidden } = payloadOf(kind, person, world, {
      openId: fields.text('openId') ?? world.people.openId(person, app.appId),
      avatarUrl: avatarUrlOf(person, originOf(request, options)),
    });
    const data = fields.object('data') ?? {};
    const mark = watermark(world.clock.now(), fields.text('watermarkAppId') ?? app.appId);
    const timestamp = fields.number('timestamp') ?? mark.timestamp;
    const all: Record<string, unknown> = { ...hidden, ...shown, watermark: { ...mark, timestamp }, ...data };
    // At WeChat only userInfo has rawData; for other kinds it is the given data.
    const open = kind === 'userInfo' ? Object.keys(shown) : Object.keys(data);
    const rawData = rawJson(Object.fromEntries(open.map((name) => [name, all[name]])));
    return sealed(rawJson(all), rawData, key);
  });
}

function sessionKeyOf(fields: Fields, person: Person, app: App, world: World): string {
  const which = fields.oneOf('sessionKey', SESSION_KEYS) ?? 'current';
  const key =
    which === 'current'
      ? world.sessionKeys.current(person.id, app.appId)
      : world.sessionKeys.dead(person.id, app.appId)[0];
  if (key === undefined) {
    throw new ControlError(409, `"${person.id}" has no ${which} session_key at ${app.appId} yet.`);
  }
  return key;
}

function sealed(plaintext: string, rawData: string, sessionKey: string) {
  const iv = randomBytes(16).toString('base64');
  return {
    rawData,
    signature: signRawData(rawData, sessionKey),
    encryptedData: encryptOpenData(plaintext, sessionKey, iv),
    iv,
  };
}
