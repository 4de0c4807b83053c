import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { TableWalks, type WalkStep } from '../../src/background/table-walks.js';
import { WebhookWorker } from '../../src/events/webhook-worker.js';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { MovableClock } from '../harness/movable-clock.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';
import { World } from '../harness/world.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

describe(`background work on large tables, with ${INSTANCES} instance(s)`, () => {
  let world: World;
  let receiver: WebhookReceiver;
  const clock = new MovableClock();
  beforeAll(async () => {
    receiver = await WebhookReceiver.listen(SECRET, clock);
    const environment = { WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: SECRET };
    world = await World.start(environment, INSTANCES, {}, clock);
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  const walksOf = (instance: number) =>
    new TableWalks(world.service(instance).app.get(Database, { strict: false }), clock);
  const last = INSTANCES - 1;
  /** Steps of a walk through the numbers 1 to 5. @param seen gets each number */
  const through =
    (seen: string[]) =>
    (after: string): Promise<WalkStep> => {
      const next = String(Number(after) + 1);
      if (Number(next) > 5) return Promise.resolve({ last: null, writes: [] });
      seen.push(next);
      return Promise.resolve({ last: next, writes: [] });
    };

  test('a walk continues on another instance, and rests at its end', async () => {
    const seen: string[] = [];
    await walksOf(0).goOn('one', { rest: 60_000, steps: 2 }, through(seen));
    await walksOf(last).goOn('one', { rest: 60_000, steps: 10 }, through(seen));
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
    await walksOf(0).goOn('one', { rest: 60_000, steps: 10 }, through(seen));
    expect(seen).toHaveLength(5);
    clock.advance(61);
    await walksOf(0).goOn('one', { rest: 60_000, steps: 10 }, through(seen));
    expect(seen).toHaveLength(10);
  });

  test('the walk of a crashed process is continued after its last step, once its lease has ended', async () => {
    const seen: string[] = [];
    const dying = walksOf(0).goOn('two', { rest: 0, steps: 10 }, (after) =>
      after === '2' ? Promise.reject(new Error('killed')) : through(seen)(after),
    );
    await expect(dying).rejects.toThrow('killed');
    await walksOf(last).goOn('two', { rest: 0, steps: 10 }, through(seen));
    expect(seen).toEqual(['1', '2']);
    clock.advance(61);
    await walksOf(last).goOn('two', { rest: 0, steps: 10 }, through(seen));
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  test('an instance that lost the lease of a walk does not overwrite its place', async () => {
    const seen: string[] = [];
    await walksOf(0).goOn('three', { rest: 0, steps: 10 }, async (after) => {
      if (after === '1') {
        clock.advance(61);
        await walksOf(last).goOn('three', { rest: 0, steps: 3 }, through(seen));
      }
      return through(seen)(after);
    });
    const [row] = await world.backend.rows("SELECT place FROM table_walks WHERE name = 'three'");
    expect(row?.place).toBe('4');
  });

  test('of two instances that start a walk at once, one walks', async () => {
    const seen: string[] = [];
    const begun = [0, last].map((instance) =>
      walksOf(instance).goOn('four', { rest: 60_000, steps: 10 }, through(seen)),
    );
    await Promise.all(begun);
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  test('a backlog of a thousand webhooks is claimed and finished in batches, and each is delivered once', async () => {
    const { user } = await world.miniProgramLogin(await world.person());
    const rows = Array.from(
      { length: 1_000 },
      (_, n) =>
        `('00000000-0000-7000-8000-${String(n).padStart(12, '0')}', 'user.updated', '${user.id}', 'user',
          '{"changed":["nickname"]}', '2026-01-01', '2026-01-01')`,
    );
    await world.backend.write(
      `INSERT INTO events (id, type, user_id, actor, details, created_at, outbox_at) VALUES ${rows.join(', ')}`,
    );
    let asked = 0;
    for (const { app } of world.services) {
      const database = app.get(Database, { strict: false });
      const select = database.select.bind(database);
      const transaction = database.transaction.bind(database);
      database.select = (sql, parameters) => {
        asked++;
        return select(sql, parameters);
      };
      database.transaction = (work) => {
        asked++;
        return transaction(work);
      };
    }
    const workers = world.services.map(({ app }) => app.get(WebhookWorker, { strict: false }));
    await Promise.all(workers.map((worker) => worker.runDue()));
    // Claimed and finished one by one, each delivery would need three.
    expect(asked).toBeLessThan(1_500);
    const ids = receiver.about(user.id, 'user.updated').map(({ id }) => id);
    expect(ids).toHaveLength(1_000);
    expect(new Set(ids).size).toBe(1_000);
    expect(await world.count("events WHERE type = 'user.updated' AND delivered_at IS NULL")).toBe(0);
    expect(await world.count('webhook_deliveries')).toBe(0);
  }, 60_000);

  test('a user with many events who is deleted leaves no IP address', async () => {
    const { user, accessToken } = await world.miniProgramLogin(await world.person());
    const minute = (n: number) => (1_700_000_000_000 + n * 60_000).toString(16).padStart(12, '0');
    const rows = Array.from({ length: 2_500 }, (_, n) => {
      const id = `${minute(n).slice(0, 8)}-${minute(n).slice(8)}-7000-8000-${user.id.slice(-12)}`;
      return `('${id}', 'login.succeeded', '${user.id}', 'user', '203.0.113.7', '{"n":${n}}', '2026-01-01')`;
    });
    await world.backend.write(
      `INSERT INTO events (id, type, user_id, actor, ip, details, created_at) VALUES ${rows.join(', ')}`,
    );
    const reply = await call(`${world.url}/v1/users/me`, { token: accessToken, method: 'DELETE' });
    expect(reply.status).toBe(204);
    expect(await world.count(`events WHERE user_id = '${user.id}'`)).toBeGreaterThan(2_500);
    expect(await world.count(`events WHERE user_id = '${user.id}' AND ip IS NOT NULL`)).toBe(0);
    expect(
      await world.count(`events WHERE user_id = '${user.id}' AND details <> '{}' AND type <> 'user.deleted'`),
    ).toBe(0);
  });
});
