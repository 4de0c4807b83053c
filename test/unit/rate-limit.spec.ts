import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '../../src/ephemeral/memory-store.js';
import type { WeChatApp } from '../../src/config/app-config.js';
import { type Quota, windowOf } from '../../src/rate-limit/quotas.js';
import { RateLimiter } from '../../src/rate-limit/rate-limiter.js';
import { requestedApp } from '../../src/rate-limit/rate-limit.guard.js';
import { SharedCounts } from '../../src/rate-limit/shared-counts.js';
import { MovableClock } from '../harness/movable-clock.js';

const MINUTE = Date.UTC(2026, 10, 21, 8, 30);
const ofAddress: Quota = { name: 'login', limit: 2, of: 'address', subject: '203.0.113.7' };
const ofApp: Quota = { name: 'login-app', limit: 100, of: 'app', subject: 'wx0123456789abcdef' };

describe('the window of a quota', () => {
  test.each([
    [0, 60],
    [1, 60],
    [1_000, 59],
    [59_000, 1],
    [59_999, 1],
    [60_000, 60],
  ])('%i ms into a minute ends in %i s', (ms, endsIn) => {
    expect(windowOf(ofAddress, MINUTE + ms).endsIn).toBe(endsIn);
  });

  test('has one key for its minute, another for the next, for another subject and for another quota', () => {
    const { key } = windowOf(ofAddress, MINUTE);
    expect(windowOf(ofAddress, MINUTE + 59_999).key).toBe(key);
    const others = [
      windowOf(ofAddress, MINUTE + 60_000),
      windowOf({ ...ofAddress, subject: '203.0.113.8' }, MINUTE),
      windowOf({ ...ofAddress, name: 'refresh' }, MINUTE),
    ];
    expect(new Set([key, ...others.map((other) => other.key)]).size).toBe(4);
  });

  test('keeps the address out of the store: its key holds a fingerprint', () => {
    expect(windowOf(ofAddress, MINUTE).key).toMatch(/^rate:login:[\w-]{43}:\d+$/);
  });
});

describe('the app of a request', () => {
  const apps: readonly WeChatApp[] = [
    { kind: 'website', appId: 'wx-website', secret: '' },
    { kind: 'mini_program', appId: 'wx-first', secret: '' },
    { kind: 'mini_program', appId: 'wx-second', secret: '' },
  ];
  const post = (body: unknown): string | undefined =>
    requestedApp(apps, 'mini_program', { method: 'POST', body, query: { appId: 'wx-second' } })?.appId;

  test.each([
    ['the one that it names', { appId: 'wx-second' }, 'wx-second'],
    ['the default of its kind', {}, 'wx-first'],
    ['the default of its kind, where null stands for none', { appId: null }, 'wx-first'],
    ['the default of its kind, without a body', undefined, 'wx-first'],
    ['the default of its kind, with a body that is none', 'appId', 'wx-first'],
    ['the one that it names, of whatever kind', { appId: 'wx-website' }, 'wx-website'],
    ['none that is not configured', { appId: 'wx-unknown' }, undefined],
    ['none whose name is empty', { appId: '' }, undefined],
    ['none whose name is a list', { appId: ['wx-first'] }, undefined],
  ])('is %s', (_what, body, appId) => expect(post(body)).toBe(appId));

  test('is in the query of a GET', () => {
    const query = { appId: 'wx-website' };
    for (const method of ['GET', 'HEAD']) {
      expect(requestedApp(apps, 'website', { method, body: undefined, query })?.appId).toBe('wx-website');
    }
  });
});

describe('an address beyond its quota', () => {
  class CountedStore extends MemoryStore {
    readonly keys: string[] = [];

    override count(key: string, window: number): Promise<number> {
      this.keys.push(key);
      return super.count(key, window);
    }
  }

  test('costs the store nothing more, and counts for no app', async () => {
    const clock = new MovableClock();
    const store = new CountedStore(clock);
    const limiter = new RateLimiter(new SharedCounts(store), clock);
    const take = (): Promise<void> => limiter.take([ofAddress, ofApp], null);
    await take();
    await take();
    for (let more = 0; more < 5; more++) await expect(take()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(store.keys).toHaveLength(4);
    await store.close();
  });
});
