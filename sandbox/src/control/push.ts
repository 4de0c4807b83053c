import { randomInt } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { signPush } from '../push/crypto.js';
import { deliver, pushUrl } from '../push/delivery.js';
import { letterOf, MODES, type PushManner, TAMPERINGS } from '../push/letter.js';
import { FORMATS, type PushFields, type PushSubject } from '../push/message.js';
import type { App } from '../state/apps.js';
import { cleanUrl } from '../state/service-address.js';
import type { World } from '../state/world.js';
import { ControlError, Fields } from './body.js';
import { personOf } from './lookup.js';

const STAMP = ['appId', 'serviceUrl', 'token', 'timestamp', 'nonce'];
const EVENT = ['event', 'person', 'revokeInfo', 'createTime', 'fields', 'spacedKeys'];
const MANNER = ['format', 'mode', 'aesKey', 'tamper', 'times', 'timeoutSeconds', 'send'];
const MOST_TIMES = 100;

/**
 * The message push (sections 6.2, 6.3, 6.5), to the service of this sandbox only.
 *
 * - `POST /control/push` `{ appId, event, person, token, aesKey?, revokeInfo?, format? (xml|json), mode?
 *   (plain|compat|safe), timestamp?, nonce?, createTime? (unix seconds), fields?, spacedKeys?, tamper?
 *   (signature|body|ciphertext|appid), times? (1), timeoutSeconds? (5), send? (true), serviceUrl? }` ->
 *   `{ url, contentType, body, deliveries: [{ delivered, tries: [{ status|null, body, ms }] }] }`. Sent `times`
 *   times at once, each repeated up to three times as WeChat does; with `send: false` only built and signed.
 * - `POST /control/push/verify-url` `{ appId, token, echostr?, timestamp?, nonce?, serviceUrl? }` ->
 *   `{ url, status, body, verified }`: the call of WeChat when the URL is configured
 *
 * `serviceUrl` names that service, by either of its addresses; another one is refused.
 */
export function registerPush(server: FastifyInstance, world: World): void {
  server.post('/control/push', async (request) => {
    const fields = new Fields(request.body).only(...STAMP, ...EVENT, ...MANNER);
    const stamp = stampOf(fields, world);
    const letter = letterOf(subjectOf(fields, world, stamp.timestamp), { ...stamp, ...mannerOf(fields) });
    const url = pushUrl(serviceUrlOf(fields, world), fields.required('appId'), letter.query);
    const send = fields.flag('send') ?? true;
    const times = send ? Math.min(fields.integer('times', 1) ?? 1, MOST_TIMES) : 0;
    const timeoutSeconds = fields.number('timeoutSeconds', 0.01) ?? 5;
    const deliveries = await Promise.all(
      Array.from({ length: times }, () => deliver(url, letter, timeoutSeconds)),
    );
    return { url, contentType: letter.contentType, body: letter.body, deliveries };
  });

  server.post('/control/push/verify-url', async (request) => {
    const fields = new Fields(request.body).only(...STAMP, 'echostr');
    const { token, timestamp, nonce } = stampOf(fields, world);
    const echostr = fields.text('echostr') ?? `${randomInt(1e9, 9e9)}${randomInt(1e9, 9e9)}`;
    const signature = signPush(token, timestamp, nonce);
    const query = { signature, echostr, timestamp, nonce };
    const url = pushUrl(serviceUrlOf(fields, world), appOf(fields, world).appId, query);
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    const body = await response.text();
    return { url, status: response.status, body, verified: response.status === 200 && body === echostr };
  });
}

function stampOf(fields: Fields, world: World): { token: string; timestamp: string; nonce: string } {
  return {
    token: fields.required('token'),
    timestamp: String(fields.integer('timestamp') ?? Math.floor(world.clock.now() / 1000)),
    nonce: fields.text('nonce') ?? String(randomInt(1e8, 2e9)),
  };
}

function subjectOf(fields: Fields, world: World, timestamp: string): PushSubject {
  const { appId } = appOf(fields, world);
  const person = personOf(world, fields.required('person'));
  return {
    appId,
    event: fields.required('event'),
    openId: world.people.openId(person, appId),
    unionId: world.people.unionId(person),
    createTime: fields.integer('createTime') ?? Number(timestamp),
    revokeInfo: fields.text('revokeInfo'),
  };
}

function mannerOf(fields: Fields): Omit<PushManner, 'token' | 'timestamp' | 'nonce'> {
  const mode = fields.oneOf('mode', MODES) ?? 'plain';
  const tamper = fields.oneOf('tamper', TAMPERINGS);
  const aesKey = fields.text('aesKey') ?? '';
  if (mode !== 'plain' && aesKey.length !== 43)
    throw new ControlError(400, '"aesKey" must have 43 characters.');
  if (mode === 'plain' && tamper === 'ciphertext')
    throw new ControlError(400, 'A plain push has no ciphertext.');
  return {
    mode,
    tamper,
    aesKey,
    format: fields.oneOf('format', FORMATS) ?? 'xml',
    fields: extraOf(fields.fields('fields')),
    spacedKeys: fields.flag('spacedKeys') ?? false,
  };
}

function extraOf(fields: Fields | undefined): PushFields {
  return fields ? Object.fromEntries(fields.names().map((name) => [name, fields.text(name) ?? ''])) : {};
}

function appOf(fields: Fields, world: World): App {
  const app = world.apps.find(fields.required('appId'));
  if (!app) throw new ControlError(404, `There is no app "${fields.required('appId')}".`);
  return app;
}

function serviceUrlOf(fields: Fields, world: World): string {
  const { url, publicUrl } = world.service;
  const given = fields.text('serviceUrl');
  if (given !== undefined && ![url, publicUrl].includes(cleanUrl(given) ?? '')) {
    throw new ControlError(400, '"serviceUrl" must be the service of this sandbox (PUT /control/service).');
  }
  return url;
}
