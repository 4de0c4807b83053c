import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BLOCK, MAX_BLOCKS, OpenLogins } from '../../src/attempt/open-logins.js';
import { AppError } from '../../src/common/app-error.js';
import { MemoryStore } from '../../src/ephemeral/memory-store.js';
import { MovableClock } from '../harness/movable-clock.js';

const APP = 'wx5a4db0c0de000002';
const WINDOW_S = 600;

describe('the limit of open logins', () => {
  const clock = new MovableClock();
  let store: CountingStore;
  let stored: number;

  /** Says how often it was asked to count, and can be away. */
  class CountingStore extends MemoryStore {
    counts = 0;
    isAway = false;

    override async count(key: string, window: number): Promise<number> {
      this.counts++;
      if (this.isAway) throw new AppError('STORE_UNAVAILABLE');
      return super.count(key, window);
    }
  }

  beforeEach(() => {
    // The start of a window, so that none ends during a test.
    clock.advance(WINDOW_S - ((clock.now() / 1_000) % WINDOW_S));
    store = new CountingStore(clock);
    stored = 0;
  });
  afterEach(() => store.close());

  const instance = (): OpenLogins => new OpenLogins(store, clock);
  const begin = (): Promise<void> => {
    stored++;
    return Promise.resolve();
  };
  /** What became of logins that are begun at the same time: `begun`, or the code of the error. */
  const outcomes = async (logins: OpenLogins, times: number, appId = APP): Promise<string[]> =>
    Promise.all(
      Array.from({ length: times }, () =>
        logins.admit(appId, begin).then(
          () => 'begun',
          (error: unknown) => (error instanceof AppError ? error.code : 'fault'),
        ),
      ),
    );
  const fill = async (blocks: number): Promise<void> => {
    const window = Math.floor(clock.now() / 1_000 / WINDOW_S);
    for (let block = 0; block < blocks; block++) {
      await store.count(`login-blocks:${APP}:${window}`, WINDOW_S * 1_000);
    }
    store.counts = 0;
  };

  test('asks the store once for a block of logins, however many come at once', async () => {
    const logins = instance();
    expect(new Set(await outcomes(logins, BLOCK))).toEqual(new Set(['begun']));
    expect(store.counts).toBe(1);
    expect(new Set(await outcomes(logins, 2 * BLOCK + 1))).toEqual(new Set(['begun']));
    expect(store.counts).toBe(4);
    expect(stored).toBe(3 * BLOCK + 1);
  });

  test('holds for all instances together, for each app and each window', async () => {
    await fill(MAX_BLOCKS - 2);
    const [one, other] = [instance(), instance()];
    expect(new Set(await outcomes(one, BLOCK))).toEqual(new Set(['begun']));
    const atLimit = await outcomes(other, BLOCK + 1);
    expect(atLimit.filter((outcome) => outcome === 'begun')).toHaveLength(BLOCK);
    expect(await outcomes(one, 1)).toEqual(['RATE_LIMITED']);
    expect(stored).toBe(2 * BLOCK);
    expect(await outcomes(one, 1, 'wx5a4db0c0de000003')).toEqual(['begun']);
    clock.advance(WINDOW_S);
    expect(await outcomes(one, 1)).toEqual(['begun']);
  });

  test('is not asked for again in a window where it is known to be reached', async () => {
    await fill(MAX_BLOCKS);
    const logins = instance();
    await expect(logins.admit(APP, begin)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: expect.any(Number),
    });
    expect(await outcomes(logins, 20)).toEqual(Array.from({ length: 20 }, () => 'RATE_LIMITED'));
    expect(store.counts).toBe(1);
    expect(stored).toBe(0);
  });

  test('stores nothing that could not be counted, and counts again when the store is back', async () => {
    const logins = instance();
    store.isAway = true;
    expect(new Set(await outcomes(logins, 3))).toEqual(new Set(['STORE_UNAVAILABLE']));
    expect(stored).toBe(0);
    store.isAway = false;
    expect(await outcomes(logins, 1)).toEqual(['begun']);
  });
});
