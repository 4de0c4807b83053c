import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Cursors } from '../../src/http/paging.js';
import { KeyRing } from '../../src/crypto/key-ring.js';
import { INSTANCES } from '../harness/backend.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { type Person, type Problem, type TokenReply, World } from '../harness/world.js';

interface Event {
  readonly id: string;
  readonly type: string;
  readonly userId: string | null;
  readonly actor: string;
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

interface OperatorUser {
  readonly id: string;
  readonly nickname: string | null;
  readonly phoneNumber: string | null;
  readonly status: string;
  readonly mergedInto: string | null;
  readonly identities: { readonly appId: string; readonly openId: string }[];
  readonly sessions: { readonly id: string; readonly current: boolean; readonly channel: string }[];
}

interface Page<Item> extends Problem {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

type Query = Readonly<Record<string, string>>;

/** What operators did. Background work of earlier tests may add events of its own meanwhile. */
const ACTS = "events WHERE actor LIKE 'admin:%'";

const BAD_IDS = [
  'x',
  '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f',
  '0193A5F0-7C1E-7D3B-9A4E-3F0C5B1D2E4F',
  encodeURIComponent('小明'),
  encodeURIComponent("' OR 1=1 -- "),
  '%25',
  '-',
];

function gist({ status, body }: Reply<Partial<Problem>>): { status: number; code: string | undefined } {
  return { status, code: body.code };
}

let world: World;

/** Calls a route for operators on one of the instances. */
function admin<Body = OperatorUser & Problem>(
  path: string,
  options: CallOptions = {},
  key: string | null = ADMIN_KEY,
  instance = 0,
): Promise<Reply<Body>> {
  return callWithKey<Body>(`${world.service(instance % INSTANCES).url}/v1/admin/${path}`, key, options);
}

function listOf<Item>(path: string, query: Query = {}, instance = 0): Promise<Reply<Page<Item>>> {
  return admin(`${path}?${new URLSearchParams(query).toString()}`, {}, ADMIN_KEY, instance);
}

const post = (path: string, json?: unknown): Promise<Reply<OperatorUser & Problem>> =>
  admin(path, { method: 'POST', ...(json === undefined ? {} : { json }) });

/** All pages, each from another instance; `between` runs after each page. */
async function walk<Item>(
  path: string,
  query: Query,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Item[]> {
  const all: Item[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 50; page++) {
    const reply: Reply<Page<Item>> = await listOf(path, { ...query, ...(cursor && { cursor }) }, page);
    expect(reply.status).toBe(200);
    all.push(...reply.body.items);
    cursor = reply.body.nextCursor;
    if (cursor === null) return all;
    await between();
  }
  throw new Error('the list has no end');
}

/** Users that never logged in. @returns their ids, the oldest first */
async function insertUsers(nicknames: readonly (string | null)[], status = 'active'): Promise<string[]> {
  const ids = nicknames.map(() => uuidv7());
  const text = (value: string | null) =>
    value === null ? 'NULL' : `'${value.replaceAll("'", "''").replaceAll('\\', backslash())}'`;
  const rows = nicknames.map(
    (nickname, index) =>
      `('${String(ids[index])}', ${text(nickname)}, '${status}', '2026-01-01 00:00:00.000', '2026-01-01 00:00:00.000')`,
  );
  await world.backend.write(
    `INSERT INTO users (id, nickname, status, created_at, updated_at) VALUES ${rows.join(', ')}`,
  );
  return ids;
}

/** A backslash within a literal. */
function backslash(): string {
  return world.backend.dialect === 'mysql' ? '\\\\' : '\\';
}

const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

async function search(q: string, query: Query = {}): Promise<string[]> {
  const reply = await listOf<OperatorUser>('users', { q, ...query });
  expect({ q, status: reply.status }).toEqual({ q, status: 200 });
  return idsOf(reply.body.items);
}

/** A person who had two users until WeChat sent a unionid. */
async function merged(): Promise<{ person: Person; older: TokenReply; younger: TokenReply }> {
  const person = await world.person({ withUnionId: false });
  const older = await world.miniProgramLogin(person);
  world.clock.advance(1);
  const younger = await world.websiteLogin(person);
  await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
  await world.miniProgramLogin(person);
  await world.websiteLogin(person);
  return { person, older, younger };
}

describe(`what operators see, on ${INSTANCES} instance(s)`, () => {
  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
  });
  afterAll(() => world.stop());
  beforeEach(() => world.backend.write('DELETE FROM users'));

  test('users come in pages, the newest first, none twice and none missing while others arrive', async () => {
    const ids = await insertUsers(Array.from({ length: 45 }, (_, index) => `user ${index}`));
    let arrived = 0;
    const seen = await walk<OperatorUser>('users', { limit: '7' }, async () => {
      arrived += (await insertUsers(['late', 'later'])).length;
    });
    expect(arrived).toBe(12);
    expect(idsOf(seen)).toEqual(ids.reverse());
  });

  test('a page has 20 items unless limit says otherwise, and the last one no cursor', async () => {
    await insertUsers(Array.from({ length: 21 }, () => 'somebody'));
    const sizes = async (query: Query) => {
      const { items, nextCursor } = (await listOf<OperatorUser>('users', query)).body;
      return [items.length, nextCursor !== null];
    };
    expect(await sizes({})).toEqual([20, true]);
    expect(await sizes({ limit: '21' })).toEqual([21, false]);
    expect(await sizes({ limit: '1' })).toEqual([1, true]);
    expect(await sizes({ limit: '100' })).toEqual([21, false]);
    expect(await sizes({ q: 'some', limit: '20' })).toEqual([20, true]);
    for (const limit of ['0', '101', '-1', '1.5', 'x', '', '1e9', 'Infinity']) {
      const reply = await listOf<OperatorUser>('users', { limit });
      expect({ limit, ...gist(reply) }).toEqual({ limit, status: 400, code: 'VALIDATION_FAILED' });
    }
  });

  test('a cursor that was forged, is foreign, or is of another list or filter is refused', async () => {
    const ids = await insertUsers(Array.from({ length: 5 }, () => 'somebody'));
    const query = { q: 'some', status: 'active', limit: '2' };
    const cursor = (await listOf<OperatorUser>('users', query)).body.nextCursor ?? '';
    expect(idsOf((await listOf<OperatorUser>('users', { ...query, cursor })).body.items)).toEqual([
      ids[2],
      ids[1],
    ]);
    const [place = '', mac = ''] = cursor.split('.');
    const scope = { list: 'users', filters: { q: 'some', status: 'active' } };
    const made = (byte: number) =>
      new Cursors(new KeyRing([Buffer.alloc(32, byte)])).issue(scope, String(ids[3]));
    // A valid service key, so that the later requests are refused for their role alone.
    expect(made(7)).toBe(cursor);
    const refused: [path: string, query: Query][] = [
      ['users', { ...query, cursor: made(8) }],
      ['users', { ...query, cursor: `${Buffer.from(String(ids[0])).toString('base64url')}.${mac}` }],
      ['users', { ...query, cursor: `${place}.${'A'.repeat(43)}` }],
      ['users', { ...query, cursor: String(ids[3]) }],
      ['users', { ...query, cursor: '' }],
      ['users', { ...query, cursor: 'x'.repeat(5000) }],
      ['users', { q: 'some', limit: '2', cursor }],
      ['users', { ...query, q: 'somebody', cursor }],
      ['users', { ...query, status: 'disabled', cursor }],
      ['events', { cursor }],
    ];
    for (const [path, each] of refused) {
      expect({ each, ...gist(await listOf(path, each)) }).toEqual({
        each,
        status: 400,
        code: 'CURSOR_INVALID',
      });
    }
  });

  test('a user is found by id, openid, unionid and phone number in any spelling', async () => {
    const person = await world.person({ nickname: '小明 🌱' });
    const { user, identity } = await world.miniProgramLogin(person);
    await world.miniProgramLogin(await world.person());
    await world.backend.write(`UPDATE users SET phone_number = '+8613800138000' WHERE id = '${user.id}'`);
    for (const q of [
      user.id,
      identity.openId,
      identity.unionId ?? '',
      ` ${user.id} `,
      '+8613800138000',
      '+86 138-0013-8000',
      '8613800138000',
      '13800138000',
      '008613800138000',
    ]) {
      expect({ q, found: await search(q) }).toEqual({ q, found: [user.id] });
    }
    for (const q of [
      user.id.slice(0, -1),
      identity.openId.slice(1),
      identity.openId.slice(0, -1),
      `${identity.openId}%`,
      '+861380013800',
      '1380013800',
    ]) {
      expect({ q, found: await search(q) }).toEqual({ q, found: [] });
    }
    expect(await search(user.id, { status: 'active' })).toEqual([user.id]);
    expect(await search(identity.openId, { status: 'disabled' })).toEqual([]);
  });

  test('ids of WeChat are told apart by case', async () => {
    const { user, identity } = await world.miniProgramLogin(await world.person());
    const flipped = [...identity.openId]
      .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
      .join('');
    expect(flipped).not.toBe(identity.openId);
    expect(await search(flipped)).toEqual([]);
    expect(await search(identity.openId)).toEqual([user.id]);
  });

  test('a nickname is found by its beginning, and wildcards mean themselves', async () => {
    const nicknames = ['100% sure', '100 more', 'a_b', 'axb', '%', '_', "O'Neil", 'c\\d', '小明 🌱', '小红'];
    const byName = new Map<string, string>();
    for (const [index, id] of (await insertUsers(nicknames)).entries())
      byName.set(nicknames[index] ?? '', id);
    const expected: readonly (readonly [q: string, names: readonly string[]])[] = [
      ['100', ['100 more', '100% sure']],
      ['100%', ['100% sure']],
      ['a_', ['a_b']],
      ['%', ['%']],
      ['%%', []],
      ['_', ['_']],
      ['A', []],
      ['x', []],
      ["O'", ["O'Neil"]],
      ['c\\', ['c\\d']],
      ['\\', []],
      ['小', ['小红', '小明 🌱']],
      ['小明 🌱', ['小明 🌱']],
      ['🌱', []],
      ['"', []],
      ['\u0000', []],
      ['￿', []],
    ];
    for (const [q, names] of expected) {
      expect({ q, found: await search(q) }).toEqual({ q, found: names.map((name) => byName.get(name)) });
    }
    expect((await search('   ')).length).toBe(nicknames.length);
  });

  test('a user who matches in several ways is on one page only', async () => {
    const q = '13800138000';
    const ids = await insertUsers([`${q} a`, q, `${q} b`, q, `${q} c`]);
    for (const [index, number] of ['+8613800138000', '+13800138000'].entries()) {
      await world.backend.write(
        `UPDATE users SET phone_number = '${number}' WHERE id = '${String(ids[4 - 3 * index])}'`,
      );
    }
    expect(idsOf(await walk<OperatorUser>('users', { q, limit: '1' }))).toEqual([...ids].reverse());
  });

  test('a search that is too long, or is no text, is refused', async () => {
    expect(await search('明'.repeat(256))).toEqual([]);
    for (const query of [
      `q=${'x'.repeat(10_000)}`,
      'q=a&q=b',
      'status=gone',
      'status=',
      'status=active&status=active',
    ]) {
      expect({ query, ...gist(await admin(`users?${query}`)) }).toEqual({
        query,
        status: 400,
        code: 'VALIDATION_FAILED',
      });
    }
  });

  test('by status, and merged users only when asked for', async () => {
    const [active] = await insertUsers(['a']);
    const [disabled] = await insertUsers(['b'], 'disabled');
    const [gone] = await insertUsers([null], 'merged');
    await world.backend.write(
      `UPDATE users SET merged_into = '${String(active)}' WHERE id = '${String(gone)}'`,
    );
    const listed = async (query: Query) => idsOf((await listOf<OperatorUser>('users', query)).body.items);
    expect(await listed({})).toEqual([disabled, active]);
    expect(await listed({ status: 'active' })).toEqual([active]);
    expect(await listed({ status: 'disabled' })).toEqual([disabled]);
    expect(await listed({ status: 'merged' })).toEqual([gone]);
    expect(await listed({ q: String(gone), status: 'merged' })).toEqual([gone]);
    expect(await listed({ q: String(gone) })).toEqual([active]);
    const [item] = (await listOf<OperatorUser>('users', { status: 'merged' })).body.items;
    expect(item).toEqual({
      id: gone,
      nickname: null,
      avatarUrl: null,
      phoneNumber: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      lastLoginAt: null,
      status: 'merged',
      mergedInto: active,
    });
  });

  test('one user with identities and sessions, and nothing secret', async () => {
    const person = await world.person();
    const { user, refreshToken } = await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    const reply = await admin(`users/${user.id}`);
    expect(reply.body).toMatchObject({
      id: user.id,
      nickname: '小明 🌱',
      status: 'active',
      mergedInto: null,
    });
    expect(reply.body.identities.map(({ openId }) => openId).sort()).toEqual(
      Object.entries(person.openIds)
        .filter(([appId]) => reply.body.identities.some((identity) => identity.appId === appId))
        .map(([, openId]) => openId)
        .sort(),
    );
    expect(reply.body.sessions.map(({ channel, current }) => [channel, current])).toEqual([
      ['website', false],
      ['mini_program', false],
    ]);
    expect(Object.keys(reply.body.identities[0] ?? {}).sort()).toEqual(
      ['appId', 'appKind', 'createdAt', 'id', 'lastLoginAt', 'openId', 'unionId'].sort(),
    );
    expect(reply.text).not.toContain(refreshToken);
    expect(reply.text.toLowerCase()).not.toMatch(/session_?key|secret/);
  });

  test('the id of a merged user answers the surviving one', async () => {
    const { older, younger } = await merged();
    const reply = await admin(`users/${younger.user.id}`);
    expect(reply.body).toMatchObject({ id: older.user.id, status: 'active', mergedInto: null });
    expect(reply.body.identities).toHaveLength(2);
    expect(reply.body.sessions.length).toBeGreaterThan(2);
  });

  test('events by user, by type and by both, in pages, the newest first', async () => {
    const { older, younger } = await merged();
    const all = await walk<Event>('events', { limit: '3' });
    expect(idsOf(all)).toEqual(idsOf(all).sort().reverse());
    expect(new Set(idsOf(all)).size).toBe(all.length);
    expect(all.length).toBe(await world.count('events'));
    for (const query of [
      { userId: older.user.id },
      { userId: younger.user.id },
      { type: 'login.succeeded' },
      { userId: older.user.id, type: 'login.succeeded' },
    ] as { userId?: string; type?: string }[]) {
      const expected = all.filter(
        (event) =>
          (query.userId === undefined || event.userId === query.userId) &&
          (query.type === undefined || event.type === query.type),
      );
      expect(expected.length).toBeGreaterThan(0);
      expect(expected.length).toBeLessThan(all.length);
      expect(await walk<Event>('events', { ...query, limit: '2' })).toEqual(expected);
    }
    const [event] = (await listOf<Event>('events', { type: 'user.merged' })).body.items;
    expect(event).toMatchObject({ userId: older.user.id, details: { mergedUserId: younger.user.id } });
    expect(Object.keys(event ?? {}).sort()).toEqual(
      ['id', 'type', 'userId', 'actor', 'ip', 'requestId', 'details', 'createdAt'].sort(),
    );
    expect((await listOf<Event>('events', { type: 'nothing.such' })).body.items).toEqual([]);
  });

  test('a filter or a cursor of events that makes no sense is refused', async () => {
    await world.miniProgramLogin(await world.person());
    const { nextCursor } = (await listOf<Event>('events', { limit: '1' })).body;
    expect(nextCursor).not.toBeNull();
    const cursor = nextCursor ?? '';
    expect(gist(await listOf('events', { type: 'user.created', cursor })).code).toBe('CURSOR_INVALID');
    expect(gist(await listOf('users', { cursor })).code).toBe('CURSOR_INVALID');
    for (const query of [
      { userId: '小明' },
      { userId: '' },
      { type: "'" },
      { type: '' },
      { limit: '0' },
    ] as Query[]) {
      expect({ query, ...gist(await listOf('events', query)) }).toEqual({
        query,
        status: 400,
        code: 'VALIDATION_FAILED',
      });
    }
  });
});

describe(`what operators do, on ${INSTANCES} instance(s)`, () => {
  const last = INSTANCES - 1;

  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
  });
  afterAll(() => world.stop());

  const eventsOf = async (userId: string, type: string): Promise<Event[]> =>
    (await listOf<Event>('events', { userId, type })).body.items;
  const verifyOn = (token: string, instance: number): Promise<Reply<Problem>> =>
    world.verify(token, world.service(instance).url);

  test('a disabled user is refused here at once, everywhere within 5 s, and after enabling needs a login', async () => {
    const person = await world.person();
    const { user, accessToken, refreshToken } = await world.miniProgramLogin(person);
    expect((await verifyOn(accessToken, 0)).status).toBe(200);
    expect((await verifyOn(accessToken, last)).status).toBe(200);

    const disabled = await post(`users/${user.id}/disable`);
    expect(disabled.status).toBe(200);
    expect(disabled.body).toMatchObject({ id: user.id, status: 'disabled' });
    const DISABLED = { status: 403, code: 'ACCOUNT_DISABLED' };
    const ENDED = { status: 401, code: 'SESSION_ENDED' };
    expect(gist(await verifyOn(accessToken, 0))).toEqual(ENDED);
    world.clock.advance(5);
    expect(gist(await verifyOn(accessToken, last))).toEqual(ENDED);
    for (const service of world.services) {
      expect(gist(await world.refresh(refreshToken, service.url))).toEqual(DISABLED);
      expect(gist(await world.loginWith(await world.wxLogin(person), {}, service.url))).toEqual(DISABLED);
    }
    expect((await admin(`users/${user.id}`)).body.sessions).toEqual([]);

    expect((await post(`users/${user.id}/disable`)).body.status).toBe('disabled');
    expect(await eventsOf(user.id, 'user.disabled')).toMatchObject([
      { actor: 'admin:alice', ip: '127.0.0.1' },
    ]);

    for (let time = 0; time < 2; time++) {
      const enabled = await post(`users/${user.id}/enable`);
      expect(enabled.status).toBe(200);
      expect(enabled.body).toMatchObject({ id: user.id, status: 'active' });
    }
    expect(await eventsOf(user.id, 'user.enabled')).toMatchObject([{ actor: 'admin:alice' }]);
    for (const service of world.services) {
      expect(gist(await world.verify(accessToken, service.url))).toEqual(ENDED);
      expect(gist(await world.refresh(refreshToken, service.url))).toEqual(ENDED);
    }
    const again = await world.miniProgramLogin(person);
    expect(again.user.id).toBe(user.id);
    expect((await verifyOn(again.accessToken, last)).status).toBe(200);
  });

  test('logins that race with disabling leave no live session, also after enabling', async () => {
    const person = await world.person();
    const { user, accessToken } = await world.miniProgramLogin(person);
    const codes = await Promise.all(Array.from({ length: 12 }, () => world.wxLogin(person)));
    const [disabled, ...logins] = await Promise.all([
      post(`users/${user.id}/disable`),
      ...codes.map((code, index) => world.loginWith(code, {}, world.service(index % INSTANCES).url)),
    ]);
    expect(disabled.status).toBe(200);
    expect(logins.map(({ status }) => status).filter((status) => status !== 200 && status !== 403)).toEqual(
      [],
    );
    world.clock.advance(5);
    const tokens = [
      accessToken,
      ...logins.filter(({ status }) => status === 200).map(({ body }) => body.accessToken),
    ];
    for (let time = 0; time < 2; time++) {
      const replies = await Promise.all(tokens.map((token, index) => verifyOn(token, index % INSTANCES)));
      expect(replies.map(({ status }) => status)).toEqual(tokens.map(() => 401));
      await post(`users/${user.id}/enable`);
    }
  });

  test('a session that was opened while the account was disabled ends when it is enabled', async () => {
    const { user, accessToken } = await world.miniProgramLogin(await world.person());
    await post(`users/${user.id}/disable`);
    await world.backend.write(
      `UPDATE sessions SET revoked_at = NULL, revoke_reason = NULL WHERE identity_id IN
       (SELECT id FROM wechat_identities WHERE user_id = '${user.id}')`,
    );
    await post(`users/${user.id}/enable`);
    expect(gist(await world.verify(accessToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
  });

  test('the sessions of a user end, those of others do not', async () => {
    const person = await world.person();
    const [phone, desktop] = [await world.miniProgramLogin(person), await world.websiteLogin(person)];
    const other = await world.miniProgramLogin(await world.person());
    expect((await verifyOn(phone.accessToken, last)).status).toBe(200);
    const reply = await admin(`users/${phone.user.id}/sessions`, { method: 'DELETE' });
    expect({ status: reply.status, text: reply.text }).toEqual({ status: 204, text: '' });
    for (const { accessToken, refreshToken } of [phone, desktop]) {
      expect(gist(await world.verify(accessToken)).code).toBe('SESSION_ENDED');
      expect(gist(await world.refresh(refreshToken)).code).toBe('SESSION_ENDED');
    }
    world.clock.advance(5);
    expect(gist(await verifyOn(phone.accessToken, last)).code).toBe('SESSION_ENDED');
    expect((await verifyOn(other.accessToken, last)).status).toBe(200);
    expect(await eventsOf(phone.user.id, 'session.ended')).toMatchObject([
      { actor: 'admin:alice', details: { reason: 'ended_by_operator' } },
    ]);
    expect((await world.miniProgramLogin(person)).user.id).toBe(phone.user.id);
  });

  test('a deleted user is erased from every table, and a later login is a new user', async () => {
    const person = await world.person({ nickname: 'Erase Me' });
    const { user, identity, accessToken } = await world.miniProgramLogin(person);
    expect((await world.verify(accessToken)).status).toBe(200);
    const reply = await admin(`users/${user.id}`, { method: 'DELETE' });
    expect({ status: reply.status, text: reply.text }).toEqual({ status: 204, text: '' });
    expect(gist(await world.verify(accessToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
    for (const method of ['GET', 'DELETE']) {
      expect(gist(await admin(`users/${user.id}`, { method }))).toEqual({ status: 404, code: 'NOT_FOUND' });
    }
    for (const table of await world.backend.tables()) {
      const text = JSON.stringify(await world.backend.rows(`SELECT * FROM ${table}`));
      for (const trace of ['Erase Me', identity.openId, identity.unionId ?? 'no unionid']) {
        expect({ table, trace, there: text.includes(trace) }).toEqual({ table, trace, there: false });
      }
    }
    expect(await eventsOf(user.id, 'user.deleted')).toMatchObject([{ actor: 'admin:alice', ip: null }]);
    const again = await world.miniProgramLogin(person);
    expect(again.isNewUser).toBe(true);
    expect(again.user.id).not.toBe(user.id);
  });

  test('on the id of a merged user they are done to the surviving one', async () => {
    const { person, older, younger } = await merged();
    const id = younger.user.id;
    const login = () => world.miniProgramLogin(person);
    const { accessToken } = await login();
    expect((await world.verify(accessToken)).status).toBe(200);
    expect((await post(`users/${id}/disable`)).body).toMatchObject({ id: older.user.id, status: 'disabled' });
    expect(gist(await world.verify(accessToken)).code).toBe('SESSION_ENDED');
    expect((await post(`users/${id}/enable`)).body).toMatchObject({ id: older.user.id, status: 'active' });
    const after = await login();
    expect((await admin(`users/${id}/sessions`, { method: 'DELETE' })).status).toBe(204);
    expect(gist(await world.verify(after.accessToken)).code).toBe('SESSION_ENDED');
    expect((await admin(`users/${id}`, { method: 'DELETE' })).status).toBe(204);
    for (const gone of [id, older.user.id]) {
      expect(gist(await admin(`users/${gone}`)).code).toBe('NOT_FOUND');
    }
  });

  test('for an unknown id they are NOT_FOUND', async () => {
    const acts: readonly (readonly [method: string, end: string])[] = [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/disable'],
      ['POST', '/enable'],
      ['DELETE', '/sessions'],
    ];
    const before = await world.count(ACTS);
    for (const id of BAD_IDS) {
      for (const [method, end] of acts) {
        const reply = await admin(`users/${id}${end}`, { method });
        expect({ method, id, end, ...gist(reply) }).toEqual({
          method,
          id,
          end,
          status: 404,
          code: 'NOT_FOUND',
        });
      }
    }
    expect(await world.count(ACTS)).toBe(before);
  });

  test('reading is not recorded', async () => {
    const { user } = await world.miniProgramLogin(await world.person());
    const before = await world.count(ACTS);
    await admin('users');
    await admin(`users/${user.id}`);
    await admin('events');
    expect(await world.count(ACTS)).toBe(before);
  });
});

describe(`signing keys that an operator rotates, on ${INSTANCES} instance(s)`, () => {
  const last = INSTANCES - 1;

  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
  });
  afterAll(() => world.stop());

  interface Rotation extends Problem {
    readonly kid: string;
    readonly activeFrom: string;
  }

  const rotate = (json?: unknown): Promise<Reply<Rotation>> =>
    admin<Rotation>('signing-keys/rotate', { method: 'POST', ...(json === undefined ? {} : { json }) });

  async function publishedBy(instance: number): Promise<string[]> {
    const { body } = await call<{ keys: { kid: string }[] }>(
      `${world.service(instance).url}/.well-known/jwks.json`,
    );
    return body.keys.map(({ kid }) => kid);
  }

  /** Verifying waits for what other instances did, showing the keys does not. */
  async function catchUp(): Promise<void> {
    world.clock.advance(5);
    const { accessToken } = await world.miniProgramLogin(await world.person());
    for (const service of world.services) await world.verify(accessToken, service.url);
  }

  const kidOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid?: unknown }).kid;

  test('are published two hours before they sign, and the old one until its last token has expired', async () => {
    const person = await world.person();
    const before = await world.miniProgramLogin(person);
    const old = kidOf(before.accessToken);
    const { status, body } = await rotate({});
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['activeFrom', 'kid']);
    expect(Math.abs(Date.parse(body.activeFrom) - world.clock.now() - 7_200_000)).toBeLessThan(10_000);
    expect((await publishedBy(0)).sort()).toEqual([old, body.kid].sort());
    await catchUp();
    expect((await publishedBy(last)).sort()).toEqual([old, body.kid].sort());
    expect(kidOf((await world.miniProgramLogin(person)).accessToken)).toBe(old);

    world.clock.advance(7_200 - 60);
    const lastOld = await world.miniProgramLogin(person);
    expect(kidOf(lastOld.accessToken)).toBe(old);
    world.clock.advance(60);
    const first = await world.miniProgramLogin(person);
    expect(kidOf(first.accessToken)).toBe(body.kid);
    for (const service of world.services) {
      expect((await world.verify(lastOld.accessToken, service.url)).status).toBe(200);
      expect((await world.verify(first.accessToken, service.url)).status).toBe(200);
    }
    expect(await publishedBy(0)).toContain(old);
    world.clock.advance(20 * 60);
    expect(await publishedBy(0)).toEqual([body.kid]);

    const [event] = (await listOf<Event>('events', { type: 'signing_key.rotated' })).body.items;
    expect(event).toMatchObject({
      actor: 'admin:alice',
      userId: null,
      details: { kid: body.kid, now: false },
    });
  });

  test('now: old tokens are refused here at once and everywhere within 5 s, and refreshes continue', async () => {
    const tokens = await world.miniProgramLogin(await world.person());
    for (const service of world.services) {
      expect((await world.verify(tokens.accessToken, service.url)).status).toBe(200);
    }
    const { body } = await rotate({ now: true });
    expect(Date.parse(body.activeFrom)).toBeLessThanOrEqual(world.clock.now());
    expect(gist(await world.verify(tokens.accessToken))).toEqual({ status: 401, code: 'TOKEN_INVALID' });
    expect(await publishedBy(0)).toEqual([body.kid]);
    world.clock.advance(5);
    expect(gist(await world.verify(tokens.accessToken, world.service(last).url)).code).toBe('TOKEN_INVALID');
    const refreshed = await world.refresh(tokens.refreshToken);
    expect(kidOf(refreshed.body.accessToken)).toBe(body.kid);
    for (const service of world.services) {
      expect((await world.verify(refreshed.body.accessToken, service.url)).status).toBe(200);
    }
    const [event] = (await listOf<Event>('events', { type: 'signing_key.rotated' })).body.items;
    expect(event).toMatchObject({ actor: 'admin:alice', details: { kid: body.kid, now: true } });
  });

  test('need no body, and refuse one that makes no sense', async () => {
    const keys = await world.count('signing_keys');
    expect((await rotate()).status).toBe(200);
    expect(await world.count('signing_keys')).toBe(keys + 1);
    for (const json of [{ now: 'true' }, { now: 1 }, { now: [] }]) {
      expect(gist(await rotate(json))).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    }
    expect(await world.count('signing_keys')).toBe(keys + 1);
  });
});

describe('the keys of operators', () => {
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  const ID = '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f';
  const ROUTES: readonly (readonly [method: string, path: string])[] = [
    ['GET', 'users'],
    ['GET', `users/${ID}`],
    ['DELETE', `users/${ID}`],
    ['POST', `users/${ID}/disable`],
    ['POST', `users/${ID}/enable`],
    ['DELETE', `users/${ID}/sessions`],
    ['GET', 'events'],
    ['POST', 'signing-keys/rotate'],
  ];
  const refusals = (): Promise<number> => world.count("events WHERE type = 'operator.refused'");

  test('are needed: no key, an unknown one or the token of a person opens nothing, a service key is not enough', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    for (const [method, path] of ROUTES) {
      expect(gist(await admin(path, { method }, null))).toEqual({ status: 401, code: 'API_KEY_INVALID' });
      expect(gist(await admin(path, { method, token: accessToken }, null)).code).toBe('API_KEY_INVALID');
      expect(gist(await admin(path, { method }, `${ADMIN_KEY}x`)).code).toBe('API_KEY_INVALID');
      expect(gist(await admin(path, { method }, ''))).toEqual({ status: 401, code: 'API_KEY_INVALID' });
      expect(gist(await admin(path, { method }, SERVICE_KEY))).toEqual({ status: 403, code: 'FORBIDDEN' });
      await world.pass(61);
    }
    expect(await world.count('signing_keys')).toBe(1);
  });

  test('that are refused are recorded once a minute for an address, without anything of the key', async () => {
    await world.pass(61);
    const before = await refusals();
    const guess = 'a-guess-of-a-key-1234567890';
    for (let time = 0; time < 5; time++) await admin('users', {}, guess);
    expect(await refusals()).toBe(before + 1);
    const [unknown] = (await listOf<Event>('events', { type: 'operator.refused' })).body.items;
    expect(unknown).toMatchObject({ userId: null, actor: 'system', ip: '127.0.0.1' });
    expect(JSON.stringify(unknown)).not.toContain(guess);
    await world.pass(61);
    await admin(`users/${ID}`, { method: 'DELETE' }, SERVICE_KEY);
    expect(await refusals()).toBe(before + 2);
    const [forbidden] = (await listOf<Event>('events', { type: 'operator.refused' })).body.items;
    expect(forbidden).toMatchObject({
      actor: 'service:orders',
      details: { route: 'DELETE /v1/admin/users/:id' },
    });
    expect(JSON.stringify(forbidden)).not.toContain(SERVICE_KEY);
    expect(world.log()).not.toContain(guess);
  });

  test('that are missing, or good, are no refusal to record', async () => {
    await world.pass(61);
    const before = await refusals();
    await admin('users', {}, null);
    await admin('users');
    expect(await refusals()).toBe(before);
  });

  test('never stand in the log', () => {
    for (const key of [ADMIN_KEY, SERVICE_KEY]) expect(world.log().includes(key)).toBe(false);
    expect(world.log()).toContain('/v1/admin/users/:id');
  });

  test('that are not configured leave the routes closed', async () => {
    await world.stop();
    world = await World.start();
    for (const [method, path] of ROUTES) {
      for (const key of [null, ADMIN_KEY, '', 'undefined']) {
        expect(gist(await admin(path, { method }, key))).toEqual({ status: 401, code: 'API_KEY_INVALID' });
      }
      await world.pass(61);
    }
  });
});
