import { randomInt } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { signPush } from '../push/crypto.js';
import type { Stamp } from '../push/letter.js';
import type { Sent } from '../push/pushes.js';
import { pushUrl } from '../push/send.js';
import { cleanUrl } from '../state/service-address.js';
import type { World } from '../state/world.js';
import { queryOf } from '../web/request.js';
import { ControlError, Fields } from './body.js';
import { anyAppOf } from './lookup.js';
import { mannerOf, MANNER_FIELDS } from './push-manner.js';
import { MESSAGE_FIELDS, messagesOf } from './push-messages.js';
import { pushSettingsOf, viewOfPushSettings } from './push-settings.js';
import { viewOfDelivery } from './push-view.js';

const STAMP = ['timestamp', 'nonce'];
const SENDING = ['times', 'timeoutSeconds', 'send', 'serviceUrl'];
const MOST_TIMES = 100;
const MOST_LISTED = 200;

/**
 * The message push (sections 6.2, 6.3, 6.5, 13.4, 15), to the service of this sandbox only.
 *
 * - `POST /control/push` `{ appId, person, event | text, token?, aesKey?, format? (xml|json), mode?
 *   (plain|compat|safe), revokeInfo?, msgId?, fields?, each?, createTime? (unix seconds), spacedKeys?, trailerAppId?,
 *   timestamp?, nonce?, tamper? (signature|body|ciphertext|appid), times? (1), timeoutSeconds?, send? (true),
 *   serviceUrl? }` -> `{ url, contentType, body, deliveries: Delivery[] }`. Sent `times` times at once, for each of
 *   `each`; answered after the tries that follow one another without a wait. With `send: false` only built and signed.
 * - `POST /control/push/verify-url` `{ appId, token, echostr?, timestamp?, nonce?, serviceUrl? }` ->
 *   `{ url, status, body, verified }`: the call of WeChat when the URL is configured
 * - `PUT /control/push-settings` `{ appId, token, aesKey?, mode?, format? }` -> `{ appId, mode, format }`: what the
 *   operator of an app saves at WeChat; pushes to it need no token any more. GET answers `{ apps: [the same] }`
 * - `GET /control/push-deliveries?limit=50&before=id` -> `{ deliveries: Delivery[] }`, newest first
 * - `GET /control/push-deliveries/:id` -> Delivery
 *
 * `serviceUrl` names that service, by either of its addresses; another one is refused.
 */
export function registerPush(server: FastifyInstance, world: World): void {
  server.post('/control/push', async (request) => {
    const fields = new Fields(request.body).only(...MESSAGE_FIELDS, ...MANNER_FIELDS, ...STAMP, ...SENDING);
    requireOwnService(fields, world);
    const stamp = stampOf(fields);
    const [message, ...others] = messagesOf(fields, world, stamp);
    if (!message) throw new ControlError(400, '"each" must not be empty.');
    const manner = mannerOf(fields, world);
    if (fields.flag('send') === false) {
      return { ...asSent(world.pushes.letter(message, manner, stamp)), deliveries: [] };
    }
    const times = Math.min(fields.integer('times', 1) ?? 1, MOST_TIMES);
    const timeoutSeconds = fields.number('timeoutSeconds', 0.01);
    const sent = [message, ...others].flatMap((each) =>
      Array.from({ length: times }, () => world.pushes.send(each, { manner, stamp, timeoutSeconds })),
    );
    await Promise.all(sent.map(({ first }) => first));
    const [first] = sent;
    return {
      ...(first?.delivery.letter && asSent(first.delivery.letter)),
      deliveries: sent.map(({ delivery }) => viewOfDelivery(delivery)),
    };
  });

  server.post('/control/push/verify-url', async (request) => {
    const fields = new Fields(request.body).only('appId', 'token', ...STAMP, 'serviceUrl', 'echostr');
    requireOwnService(fields, world);
    const token = fields.required('token');
    const timestamp = stampOf(fields).timestamp ?? String(Math.floor(world.clock.now() / 1000));
    const nonce = fields.text('nonce') ?? String(randomInt(1e8, 2e9));
    const echostr = fields.text('echostr') ?? `${randomInt(1e9, 9e9)}${randomInt(1e9, 9e9)}`;
    const signature = signPush(token, timestamp, nonce);
    const query = { signature, echostr, timestamp, nonce };
    const url = pushUrl(world.service.url, anyAppOf(world, fields.required('appId')).appId, query);
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    const body = await response.text();
    return { url, status: response.status, body, verified: response.status === 200 && body === echostr };
  });

  server.get('/control/push-settings', () => ({
    apps: world.apps.all().flatMap(({ appId }) => {
      const settings = world.pushAccounts.find(appId);
      return settings ? [viewOfPushSettings(appId, settings)] : [];
    }),
  }));

  server.put('/control/push-settings', (request) => {
    const fields = new Fields(request.body).only('appId', 'token', 'aesKey', 'mode', 'format');
    const { appId } = anyAppOf(world, fields.required('appId'));
    const settings = pushSettingsOf(fields);
    world.pushAccounts.save(appId, settings);
    return viewOfPushSettings(appId, settings);
  });

  server.get('/control/push-deliveries', (request) => {
    const { limit = '50', before } = queryOf(request);
    const most = /^\d{1,3}$/.test(limit) ? Math.min(Math.max(Number(limit), 1), MOST_LISTED) : 50;
    return { deliveries: world.pushes.newest(most, before).map(viewOfDelivery) };
  });

  server.get<{ Params: { id: string } }>('/control/push-deliveries/:id', (request) => {
    const delivery = world.pushes.find(request.params.id);
    if (!delivery) throw new ControlError(404, `There is no push "${request.params.id}".`);
    return viewOfDelivery(delivery);
  });
}

function asSent({ url, contentType, body }: Sent): Omit<Sent, 'query'> {
  return { url, contentType, body };
}

/** The given timestamp and nonce, which then stay the same at each try. */
function stampOf(fields: Fields): Partial<Stamp> {
  const timestamp = fields.integer('timestamp');
  const nonce = fields.text('nonce');
  return {
    ...(timestamp !== undefined && { timestamp: String(timestamp) }),
    ...(nonce !== undefined && { nonce }),
  };
}

function requireOwnService(fields: Fields, world: World): void {
  const { url, publicUrl } = world.service;
  const given = fields.text('serviceUrl');
  if (given !== undefined && ![url, publicUrl].includes(cleanUrl(given) ?? '')) {
    throw new ControlError(400, '"serviceUrl" must be the service of this sandbox (PUT /control/service).');
  }
}
