import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FACES, type Avatar, type Face, type Person, type PersonDraft } from '../state/people.js';
import type { World } from '../state/world.js';
import { avatarUrlOf } from '../web/avatar-url.js';
import { originOf, type WebOptions } from '../web/request.js';
import { ControlError, Fields } from './body.js';
import { personOf } from './lookup.js';

const FIELDS = [
  'nickname',
  'avatarUrl',
  'avatar',
  'withUnionId',
  'unionId',
  'openIds',
  'phoneNumber',
  'countryCode',
  'blocked',
  'snapshotUser',
];
const LONGEST_NICKNAME = 100_000;

/**
 * - `GET /control/apps` -> `{ apps: [{ appId, kind, name }] }`
 * - `GET /control/people` -> `{ people: Person[] }`
 * - `POST /control/people` `{ id?, nickname?, avatarUrl?, avatar?: { face, colour }, withUnionId?, unionId?,
 *   openIds?: { appId: openId }, phoneNumber?, countryCode?, blocked?, snapshotUser? }` -> 201 Person
 * - `PATCH /control/people/:id`, the same fields without id -> Person
 *
 * Person: `{ id, nickname, avatarUrl, avatar: { face, colour }, unionId|null, openIds, phoneNumber (without
 * country code), countryCode, blocked, snapshotUser }`, with an openid for every configured app. A phoneNumber without
 * countryCode is a Chinese number. Ids and phone numbers may be any text: tests need hostile ones.
 */
export function registerPeople(server: FastifyInstance, world: World, options: WebOptions): void {
  const view = (person: Person, request: FastifyRequest) =>
    personView(person, world, originOf(request, options));

  server.get('/control/apps', () => ({
    apps: world.apps.all().map(({ appId, kind, name }) => ({ appId, kind, name })),
  }));

  server.get('/control/people', (request) => ({
    people: world.people.all().map((person) => view(person, request)),
  }));

  server.post('/control/people', async (request, reply) => {
    const fields = new Fields(request.body).only('id', ...FIELDS);
    const id = fields.text('id', 40);
    if (id !== undefined && !/^[a-z0-9-]+$/.test(id)) {
      throw new ControlError(400, '"id" may have a-z, 0-9 and - only.');
    }
    if (id !== undefined && world.people.find(id)) {
      throw new ControlError(409, `There is a person "${id}" already.`);
    }
    const person = world.people.add({ ...draftOf(fields), ...(id !== undefined && { id }) });
    return reply.code(201).send(view(person, request));
  });

  server.patch<{ Params: { id: string } }>('/control/people/:id', (request) => {
    const person = personOf(world, request.params.id);
    world.people.change(person, draftOf(new Fields(request.body).only(...FIELDS)));
    return view(person, request);
  });
}

function personView(person: Person, world: World, origin: string) {
  const openIds = world.apps.all().map(({ appId }) => [appId, world.people.openId(person, appId)] as const);
  return {
    id: person.id,
    nickname: person.nickname,
    avatarUrl: avatarUrlOf(person, origin),
    avatar: person.avatar,
    unionId: world.people.unionId(person),
    openIds: Object.fromEntries(openIds),
    phoneNumber: person.phoneNumber,
    countryCode: person.countryCode,
    blocked: person.blocked,
    snapshotUser: person.snapshotUser,
  };
}

function draftOf(fields: Fields): PersonDraft {
  const given = {
    nickname: fields.text('nickname', LONGEST_NICKNAME),
    avatarUrl: fields.text('avatarUrl'),
    avatar: avatarOf(fields.fields('avatar')),
    withUnionId: fields.flag('withUnionId'),
    unionId: fields.text('unionId'),
    openIds: openIdsOf(fields.fields('openIds')),
    phoneNumber: fields.text('phoneNumber', 40),
    countryCode: fields.text('countryCode', 10),
    blocked: fields.flag('blocked'),
    snapshotUser: fields.flag('snapshotUser'),
  };
  // Given fields only: an undefined one would overwrite the present value.
  return Object.fromEntries(Object.entries(given).filter(([name]) => fields.has(name)));
}

function avatarOf(fields: Fields | undefined): Avatar | undefined {
  if (!fields) return undefined;
  const face = fields.only('face', 'colour').required('face');
  const colour = fields.required('colour');
  if (!FACES.includes(face as Face))
    throw new ControlError(400, `"face" must be one of ${FACES.join(', ')}.`);
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new ControlError(400, '"colour" must be like #7cc6a4.');
  return { face: face as Face, colour };
}

function openIdsOf(fields: Fields | undefined): Record<string, string> | undefined {
  return fields && Object.fromEntries(fields.names().map((appId) => [appId, fields.required(appId)]));
}
