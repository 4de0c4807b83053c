import { describe, expect, test } from '@jest/globals';
import type { CryptoKey } from 'jose';
import { AuthError } from '../src/index.js';
import { KeyCache } from '../src/verify/key-cache.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A cache on a clock that the test moves; waiting moves it, too. */
function setUp() {
  const keys = new Map([['a', {} as CryptoKey]]);
  const state = { now: 0, fetches: 0, isDown: false };
  const fetchKeys = (): Promise<ReadonlyMap<string, CryptoKey>> => {
    state.fetches++;
    return state.isDown ? Promise.reject(new AuthError('KEYS_UNAVAILABLE')) : Promise.resolve(new Map(keys));
  };
  const delay = (ms: number): Promise<void> => {
    state.now += ms;
    return Promise.resolve();
  };
  const cache = new KeyCache(fetchKeys, HOUR, { now: () => state.now, delay });
  return { keys, state, cache };
}

/** Runs all that is due. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the keys of a verifier', () => {
  test('are renewed in the background when they are five minutes old', async () => {
    const { keys, state, cache } = setUp();
    await cache.find('a');
    state.now = 5 * MINUTE - 1;
    expect(cache.known('a')).toBeDefined();
    expect(state.fetches).toBe(1);
    keys.clear();
    keys.set('b', {} as CryptoKey);
    state.now = 5 * MINUTE;
    expect(cache.known('a')).toBeDefined();
    await settle();
    expect(state.fetches).toBe(2);
    expect(cache.known('a')).toBeUndefined();
    expect(cache.known('b')).toBeDefined();
  });

  test('are used for an hour while they cannot be fetched, with one try in ten seconds', async () => {
    const { state, cache } = setUp();
    await cache.find('a');
    state.isDown = true;
    for (state.now = 5 * MINUTE; state.now < HOUR; state.now += 1_000) {
      expect(cache.known('a')).toBeDefined();
      await settle();
    }
    expect(state.fetches).toBeLessThanOrEqual(1 + 55 * 6);
    expect(state.fetches).toBeGreaterThan(300);
    expect(cache.known('a')).toBeUndefined();
    await expect(cache.find('a')).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    state.isDown = false;
    expect(await cache.find('a')).toBeDefined();
    expect(cache.known('a')).toBeDefined();
  });

  test('a kid that was not published is refused for five seconds without a fetch, and found after that', async () => {
    const { keys, state, cache } = setUp();
    expect(await cache.find('late')).toBeUndefined();
    expect(await cache.find('late')).toBeUndefined();
    expect(state.fetches).toBe(1);
    keys.set('late', {} as CryptoKey);
    state.now = 5_000;
    expect(await cache.find('late')).toBeDefined();
  });

  test('any number of unknown kids: two fetches a second, and a bounded memory', async () => {
    const { state, cache } = setUp();
    for (let kid = 0; kid < 5_000; kid++) expect(await cache.find(`forged-${kid}`)).toBeUndefined();
    expect(state.fetches).toBeLessThanOrEqual(10 + (state.now / 1_000) * 2 + 1);
    expect(await cache.find('forged-4999')).toBeUndefined();
    expect(state.fetches).toBe(5_000);
    expect(await cache.find('forged-0')).toBeUndefined();
    expect(state.fetches).toBe(5_001);
  });
});
