import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Lane, type Outcome } from '../../src/background/lane.js';
import { type Claimed, LeaseQueue } from '../../src/background/lease-queue.js';
import type { LeaseTable } from '../../src/background/lease-table.js';
import { LeaseWorker } from '../../src/background/lease-worker.js';
import { WorkerServices } from '../../src/background/worker-services.js';
import { Database } from '../../src/database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../src/database/sql-time.js';
import { INSTANCES } from '../harness/backend.js';
import { MovableClock } from '../harness/movable-clock.js';
import { World } from '../harness/world.js';

/** A lease of two seconds more than its margin: a test that waits for the deadline waits so long. */
const TABLE: LeaseTable = {
  name: 'avatar_jobs',
  key: 'id',
  lane: null,
  payload: ['avatar_key'],
  leaseMs: 12_000,
};
const DAY = 86_400;

type Item = Claimed<{ readonly avatar_key: string }>;

describe(`a lease queue of ${INSTANCES} instance(s)`, () => {
  let world: World;
  let queues: LeaseQueue<{ avatar_key: string }>[];
  /** A day ahead of the service, so that its own worker never finds the items due. */
  const clock = new MovableClock();

  beforeAll(async () => {
    clock.advance(DAY);
    world = await World.start({}, INSTANCES);
    queues = [0, 1].map((n) => new LeaseQueue(database(Math.min(n, INSTANCES - 1)), clock, TABLE));
  });
  afterAll(() => world.stop());
  beforeEach(() => world.backend.write('DELETE FROM avatar_jobs'));

  const database = (instance: number): Database =>
    world.service(instance).app.get(Database, { strict: false });

  const queue = (n: 0 | 1): LeaseQueue<{ avatar_key: string }> => {
    const found = queues[n];
    if (!found) throw new Error('unreachable');
    return found;
  };

  /** Items `0` to `count - 1`, due since an hour. */
  async function enqueue(count: number): Promise<void> {
    const due = toSqlTime(clock.now() - 3_600_000);
    const rows = Array.from(
      { length: count },
      (_, n) => `('${n}', 'delete', 'key-${n}', 0, 0, '${due}', '${due}')`,
    );
    await world.backend.write(
      `INSERT INTO avatar_jobs (id, kind, avatar_key, replaces, attempts, next_at, created_at) VALUES ${rows.join(', ')}`,
    );
  }

  async function claimOne(n: 0 | 1): Promise<Item> {
    const [item, ...more] = await queue(n).claim(1);
    if (!item || more.length > 0) throw new Error('not one item');
    return item;
  }

  /** What the table holds: attempts, and seconds until the item is due, to ten of them. */
  async function rows(): Promise<{ attempts: number; dueIn: number }[]> {
    const found = await world.backend.rows('SELECT attempts, next_at FROM avatar_jobs ORDER BY id');
    return found.map((row) => ({
      attempts: Number(row.attempts),
      dueIn: Math.round((fromSqlTime(row.next_at as SqlTime) - clock.now()) / 10_000) * 10 + 0,
    }));
  }

  const held = (n: 0 | 1, item: Item): Promise<unknown> =>
    database(Math.min(n, INSTANCES - 1)).transaction((manager) => queue(n).held(manager, item));

  const writes = [
    ['finish', (n: 0 | 1, item: Item) => queue(n).finish([item])],
    ['postpone', (n: 0 | 1, item: Item) => queue(n).postpone(item, 60_000)],
    ['release', (n: 0 | 1, item: Item) => queue(n).release(item)],
  ] as const;

  test.each(writes)('%s does nothing after the lease was lost to another instance', async (_name, write) => {
    await enqueue(1);
    const lost = await claimOne(0);
    clock.advance(13);
    const item = await claimOne(1);
    const before = await world.backend.rows('SELECT * FROM avatar_jobs');
    await write(0, lost);
    expect(await world.backend.rows('SELECT * FROM avatar_jobs')).toEqual(before);
    expect(await held(0, lost)).toBeNull();
    expect(await held(1, item)).toMatchObject({ avatar_key: 'key-0' });
  });

  test.each([
    ['finish', []],
    ['postpone', [{ attempts: 1, dueIn: 60 }]],
    ['release', [{ attempts: 0, dueIn: 0 }]],
  ] as const)('%s of the instance that holds the lease changes the row', async (name, after) => {
    await enqueue(1);
    const item = await claimOne(0);
    expect(item).toMatchObject({ key: '0', attempts: 1, payload: { avatar_key: 'key-0' } });
    const [, write] = writes.find(([each]) => each === name) ?? [];
    await write?.(0, item);
    expect(await rows()).toEqual(after);
    expect(await held(0, item)).toBeNull();
  });

  test('two that claim at the same time get different items', async () => {
    await enqueue(20);
    const claims = await Promise.all([queue(0).claim(10), queue(1).claim(10)]);
    const keys = claims.flat().map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(9);
    expect(await queue(0).claim(20)).toHaveLength(20 - keys.length);
    expect(await queue(1).claim(20)).toEqual([]);
  });

  test('the items that are due the longest are claimed first, and none before it is due', async () => {
    await enqueue(3);
    const at = (seconds: number) => toSqlTime(clock.now() + seconds * 1_000);
    await world.backend.write(`UPDATE avatar_jobs SET next_at = '${at(-7_200)}' WHERE id = '2'`);
    await world.backend.write(`UPDATE avatar_jobs SET next_at = '${at(60)}' WHERE id = '0'`);
    expect((await claimOne(0)).key).toBe('2');
    expect((await claimOne(0)).key).toBe('1');
    expect(await queue(0).claim(3)).toEqual([]);
    clock.advance(61);
    expect((await queue(0).claim(3)).map(({ key }) => key)).toContain('0');
  });

  describe('and its worker', () => {
    /** Running attempts by key, each with a function that ends it. */
    const running = new Map<string, { end: (outcome: Outcome) => void; signal: AbortSignal }>();
    const givenUp: string[] = [];
    beforeEach(() => {
      running.clear();
      givenUp.length = 0;
    });

    class Worker extends LeaseWorker<Item> {
      fed = 0;

      constructor(lane: Lane<Item>, graceMs: number) {
        const services = world.service().app.get(WorkerServices, { strict: false });
        super('Test', services, { queue: 'avatars', lanes: [lane], graceMs });
      }

      protected override feed(): Promise<void> {
        this.fed++;
        return Promise.resolve();
      }
    }

    /** A worker whose attempts end when a test ends them. @param claimed holds up what a claim returns */
    function worker(graceMs = 0, claimed = Promise.resolve()): Worker {
      const lane = new Lane<Item>({
        queue: queue(0),
        concurrency: { least: 2, most: 4, freeShare: 0 },
        log: { logger: new Logger('Test'), about: {}, keyField: 'job', retry: 'not done yet' },
        claim: async (limit) => {
          const items = await queue(0).claim(limit);
          await claimed;
          return items;
        },
        attempt: ({ key }, signal) => new Promise((end) => running.set(key, { end, signal })),
        finish: (items) => queue(0).finish(items),
        giveUp: (item, reason) => {
          givenUp.push(`${item.key}: ${reason}`);
          return queue(0).finish([item]);
        },
        backoff: (attempts) => (attempts < 3 ? attempts * 60_000 : null),
      });
      return new Worker(lane, graceMs);
    }

    async function begun(count: number): Promise<void> {
      while (running.size < count) await new Promise((resolve) => setTimeout(resolve, 5));
    }

    function end(outcome: Outcome): void {
      for (const [key, attempt] of running) {
        running.delete(key);
        attempt.end(outcome);
      }
    }

    test('attempts twice as many at once while they succeed, up to its limit, and few after a failure', async () => {
      await enqueue(20);
      const done = worker().runDue();
      const rounds: [number, Outcome][] = [
        [2, { kind: 'done' }],
        [4, { kind: 'done' }],
        [4, { kind: 'done' }],
        [4, { kind: 'failed', reason: 'no' }],
        [2, { kind: 'done' }],
        [4, { kind: 'done' }],
      ];
      for (const [count, outcome] of rounds) {
        await begun(count);
        // Those that should not begin would begin within this time.
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(running.size).toBe(count);
        end(outcome);
      }
      await done;
      expect(await rows()).toEqual(Array(4).fill({ attempts: 1, dueIn: 60 }));
    });

    test('postpones what failed by its back-off, and gives it up after the last', async () => {
      await enqueue(1);
      const busy = worker();
      for (const dueIn of [60, 120]) {
        const done = busy.runDue();
        await begun(1);
        end({ kind: 'failed', reason: 'no' });
        await done;
        expect((await rows())[0]?.dueIn).toBe(dueIn);
        clock.advance(dueIn + 1);
      }
      const done = busy.runDue();
      await begun(1);
      end({ kind: 'failed', reason: 'still no' });
      await done;
      expect(givenUp).toEqual(['0: still no']);
      expect(await rows()).toEqual([]);
    });

    test('gives up an item whose last attempt never ended, without another one', async () => {
      await enqueue(1);
      await world.backend.write('UPDATE avatar_jobs SET attempts = 3');
      await worker().runDue();
      expect(givenUp).toEqual(['0: it never ended']);
    });

    test('postpones an item whose attempt rejects', async () => {
      await enqueue(1);
      const busy = worker();
      const done = busy.runDue();
      await begun(1);
      running.get('0')?.end(Promise.reject(new Error('unforeseen')) as unknown as Outcome);
      await done;
      expect(await rows()).toEqual([{ attempts: 1, dueIn: 60 }]);
    });

    test('aborts an attempt at its deadline, before the lease ends, and postpones the item', async () => {
      await enqueue(1);
      const done = worker().runDue();
      await begun(1);
      const beganAt = performance.now();
      const signal = running.get('0')?.signal;
      expect(signal?.aborted).toBe(false);
      await done;
      expect(performance.now() - beganAt).toBeLessThan(TABLE.leaseMs - 4_000);
      expect(signal?.aborted).toBe(true);
      expect(await rows()).toEqual([{ attempts: 1, dueIn: 60 }]);
    });

    test('gives back at the shutdown what it has leased, and waits for what ends within the grace period', async () => {
      await enqueue(2);
      const busy = worker(200);
      busy.wake();
      await begun(2);
      for (const { end, signal } of running.values()) {
        signal.addEventListener('abort', () => end({ kind: 'interrupted' }));
      }
      const stopped = busy.beforeApplicationShutdown();
      running.get('0')?.end({ kind: 'done' });
      await stopped;
      expect(await rows()).toEqual([{ attempts: 0, dueIn: 0 }]);
      await busy.runDue();
      expect(busy.fed).toBe(1);
      expect(await rows()).toEqual([{ attempts: 0, dueIn: 0 }]);
    });

    test('attempts nothing of a claim that a shutdown overtakes, and gives it back', async () => {
      await enqueue(2);
      let claimed = (): void => undefined;
      const busy = worker(0, new Promise((resolve) => (claimed = resolve)));
      busy.wake();
      while ((await rows()).some(({ attempts }) => attempts === 0));
      const stopped = busy.beforeApplicationShutdown();
      claimed();
      await stopped;
      expect(running.size).toBe(0);
      expect(await rows()).toEqual(Array(2).fill({ attempts: 0, dueIn: 0 }));
    });
  });
});
