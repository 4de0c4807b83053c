import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { type TokenReply, World } from '../harness/world.js';

interface ExportedEvent {
  readonly id: string;
  readonly type: string;
  readonly actor: string;
  readonly ip: string | null;
}

const CHUNK = 500;

describe('an export', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  let inserted = 0;
  /** Events of long ago. @param details of the n-th, as they stand in the table */
  const insertEvents = async (userId: string, count: number, details: (n: number) => string) => {
    for (let from = 0; from < count; from += CHUNK) {
      const rows = Array.from(
        { length: Math.min(CHUNK, count - from) },
        (_, n) =>
          `('${idOf(++inserted)}', 'login.succeeded', '${userId}', 'user', '${details(from + n)}', '2020-01-01')`,
      );
      await world.backend.write(
        `INSERT INTO events (id, type, user_id, actor, details, created_at) VALUES ${rows.join(', ')}`,
      );
    }
  };
  const exported = (token: string) =>
    fetch(`${world.url}/v1/users/me/export`, { headers: { authorization: `Bearer ${token}` } });
  const newcomer = async (): Promise<TokenReply> => world.miniProgramLogin(await world.person());

  test('holds each event of a long history once, the oldest first, and those of merged accounts', async () => {
    const person = await world.person({ withUnionId: false });
    const first = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const second = await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    const { accessToken } = await world.websiteLogin(person);
    await insertEvents(first.user.id, 2 * CHUNK, () => '{}');
    await insertEvents(second.user.id, CHUNK + 1, () => '{}');
    const reply = await exported(accessToken);
    expect(reply.headers.get('content-type')).toContain('application/json');
    const { events } = (await reply.json()) as { events: ExportedEvent[] };
    const held = await world.backend.rows(
      `SELECT id FROM events WHERE user_id IN ('${first.user.id}', '${second.user.id}') ORDER BY id`,
    );
    expect(held.length).toBeGreaterThan(3 * CHUNK);
    expect(events.map(({ id }) => id).sort()).toEqual(held.map(({ id }) => id));
    const survivor = events.filter(({ id }) => id >= idOf(0)).slice(0, 2 * CHUNK);
    expect(survivor.map(({ id }) => id)).toEqual([...survivor.map(({ id }) => id)].sort());
  });

  test('holds no address of an operator, though what operators did', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const url = `${world.url}/v1/admin/users/${user.id}/sessions`;
    expect((await callWithKey(url, ADMIN_KEY, { method: 'DELETE' })).status).toBe(204);
    const { accessToken } = await world.miniProgramLogin(person);
    const { events } = (await (await exported(accessToken)).json()) as { events: ExportedEvent[] };
    const byOperator = events.filter(({ actor }) => actor.startsWith('admin:'));
    expect(byOperator.map(({ type, ip }) => ({ type, ip }))).toEqual([{ type: 'session.ended', ip: null }]);
    expect(await world.count(`events WHERE actor LIKE 'admin:%' AND ip IS NOT NULL`)).toBeGreaterThan(0);
    expect(events.filter(({ actor }) => actor === 'user').every(({ ip }) => ip === '127.0.0.1')).toBe(true);
  });

  test('that fails in the middle is broken off, never a document that looks whole', async () => {
    const { user, accessToken } = await newcomer();
    await insertEvents(user.id, 3 * CHUNK, (n) => (n < 2 * CHUNK ? '{}' : 'no JSON'));
    const reply = await exported(accessToken);
    expect(reply.status).toBe(200);
    await expect(reply.text()).rejects.toThrow();
    expect(world.log()).toContain('an export was broken off');
    expect((await call(`${world.url}/v1/users/me`, { token: accessToken })).status).toBe(200);
  });

  test('that fails at once is an error with its status', async () => {
    const { accessToken } = await newcomer();
    await world.backend.write('ALTER TABLE avatar_jobs RENAME TO hidden_jobs');
    const reply = await exported(accessToken);
    await world.backend.write('ALTER TABLE hidden_jobs RENAME TO avatar_jobs');
    expect({ status: reply.status, type: reply.headers.get('content-type') }).toEqual({
      status: 500,
      type: expect.stringContaining('application/problem+json'),
    });
    expect(reply.headers.get('content-disposition')).toBeNull();
  });

  test('asks the database nothing more once its client has left', async () => {
    const { user, accessToken } = await newcomer();
    const chunks = 12;
    await insertEvents(user.id, chunks * CHUNK, () => `{"x":"${'x'.repeat(8_000)}"}`);
    const database = world.service().app.get(Database, { strict: false });
    const select = database.select.bind(database);
    let read = 0;
    database.select = (sql, parameters) => {
      if (sql.includes('FROM events')) read++;
      return select(sql, parameters);
    };
    const client = get(`${world.url}/v1/users/me/export`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    await once(response, 'data');
    client.destroy();
    // Until no more statements arrive: two reads in a row give the same count.
    for (let before = -1; before !== read;) {
      before = read;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(read).toBeLessThan(chunks);
  });
});
