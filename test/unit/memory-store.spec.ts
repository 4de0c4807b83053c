import { afterEach, describe, expect, test } from '@jest/globals';
import { type Expiring, ExpiryQueue } from '../../src/ephemeral/expiry-queue.js';
import { MemoryStore } from '../../src/ephemeral/memory-store.js';
import { MovableClock } from '../harness/movable-clock.js';

const MINUTE = 60_000;
const FULL = { code: 'STORE_UNAVAILABLE', status: 503 };

describe('the bounds of the store in memory', () => {
  const clock = new MovableClock();
  let store: MemoryStore;
  afterEach(() => store.close());

  const eachOf = async (count: number, work: (index: number) => Promise<unknown>): Promise<void> => {
    for (let index = 0; index < count; index++) await work(index);
  };

  test.each([
    ['entries', { entries: 200, bytes: 2 ** 30 }],
    ['bytes', { entries: 1e6, bytes: 108_000 }],
  ])(
    'in %s: what anybody may begin fills half, marks fill the rest, nothing is evicted',
    async (_, limits) => {
      store = new MemoryStore(clock, limits);
      const value = 'x'.repeat(300);
      let begun = 0;
      await expect(
        eachOf(1_000, async (index) => {
          await store.begin(`attempt:${index}`, value, MINUTE);
          begun++;
        }),
      ).rejects.toMatchObject(FULL);
      expect(begun).toBeGreaterThanOrEqual(90);
      expect(begun).toBeLessThanOrEqual(110);

      expect(await store.setIfAbsent('spent-code', '1', 15 * MINUTE)).toBe(true);
      expect(await store.replace('attempt:0', value, `${value}!`, MINUTE)).toBe(true);
      await store.set('login-code', value, MINUTE);
      await store.ping();

      let marks = 0;
      await expect(
        eachOf(1_000, async (index) => {
          await store.setIfAbsent(`mark:${index}`, value, 15 * MINUTE);
          marks++;
        }),
      ).rejects.toMatchObject(FULL);
      expect(marks).toBeGreaterThan(70);
      // A login would fail, so the instance is not ready.
      await expect(store.ping()).rejects.toMatchObject(FULL);
      expect(await store.get('spent-code')).toBe('1');
      expect(await store.get('attempt:1')).toBe(value);
      expect(await store.get('mark:0')).toBe(value);

      clock.advance(61);
      await store.ping();
      await store.begin('attempt:new', value, MINUTE);
      expect(await store.get('spent-code')).toBe('1');
      expect(await store.setIfAbsent('mark:0', '2', MINUTE)).toBe(false);
    },
  );

  test('what is set again, taken or deleted leaves nothing behind', async () => {
    store = new MemoryStore(clock, { entries: 10, bytes: 10_000 });
    await eachOf(1_000, async (index) => {
      await store.set('same', 'x'.repeat(index % 900), (index % 7) * MINUTE + 1);
      await store.set(`taken:${index}`, 'x', MINUTE);
      await store.take(`taken:${index}`);
      await store.set(`deleted:${index}`, 'x', MINUTE);
      await store.delete(`deleted:${index}`);
      await store.count('counted', MINUTE);
    });
    await eachOf(8, (index) => store.set(`room:${index}`, 'x'.repeat(600), MINUTE));
  });
});

test('the queue gives what ends first, whatever is added, moved and removed meanwhile', () => {
  const queue = new ExpiryQueue<Expiring>();
  const items: Expiring[] = [];
  // A generator with a seed: the same order in every run.
  let seed = 1;
  const below = (limit: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  for (let step = 0; step < 5_000; step++) {
    const chosen = items[below(items.length + 1)];
    if (!chosen) {
      const added = { expiresAt: below(1_000), heapIndex: -1 };
      items.push(added);
      queue.add(added);
    } else if (below(3) === 0) {
      queue.remove(chosen);
      items.splice(items.indexOf(chosen), 1);
    } else {
      chosen.expiresAt = below(1_000);
      queue.restore(chosen);
      if (below(2) === 0) {
        const added = { expiresAt: below(1_000), heapIndex: -1 };
        items.push(added);
        queue.add(added);
      }
    }
    const least = Math.min(...items.map(({ expiresAt }) => expiresAt));
    expect(queue.first()?.expiresAt ?? Infinity).toBe(least);
  }
  expect(items.length).toBeGreaterThan(20);
});
