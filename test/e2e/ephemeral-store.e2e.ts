import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { MemoryStore } from '../../src/ephemeral/memory-store.js';
import { RedisStore } from '../../src/ephemeral/redis/store.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createStoreKeys, type StoreKeys } from '../harness/backend.js';
import { MovableClock } from '../harness/movable-clock.js';
import { TcpProxy } from '../harness/tcp-proxy.js';

interface Subject {
  readonly store: EphemeralStore;
  /** Time goes by (seconds). */
  pass(seconds: number): Promise<void>;
  end(): Promise<void>;
}

const KEY = Buffer.alloc(32, 7).toString('base64');
const clock = new MovableClock();

function memory(): Promise<Subject> {
  const store = new MemoryStore(clock);
  const pass = (seconds: number): Promise<void> => {
    clock.advance(seconds);
    return Promise.resolve();
  };
  return Promise.resolve({ store, pass, end: () => store.close() });
}

const keys = createStoreKeys();

/** A store as the environment names it. `lines` is what its operator reads. */
function redisStore(
  environment: { REDIS_URL: string; REDIS_PREFIX?: string },
  lines: string[] = [],
): RedisStore {
  const { redis } = loadConfig({ NODE_ENV: 'test', ENCRYPTION_KEYS: KEY, ...environment });
  if (redis === null) throw new Error('no REDIS_URL');
  const tell = (line: string): void => void lines.push(line);
  return new RedisStore(redis, { warn: tell, log: tell });
}

async function redis(environment: StoreKeys['environment'], pass: Subject['pass']): Promise<Subject> {
  const store = redisStore(environment);
  await store.connect();
  return { store, pass, end: () => store.close() };
}

const subjects: readonly (readonly [string, () => Promise<Subject>])[] = [
  ['in memory', memory],
  ...(keys === null
    ? []
    : [['in Redis', () => redis(keys.environment, (seconds) => keys.age(seconds))] as const]),
];

afterAll(() => keys?.drop());

describe.each(subjects)('the store %s', (_where, create) => {
  let subject: Subject;
  let store: EphemeralStore;
  beforeAll(async () => {
    subject = await create();
    store = subject.store;
  });
  afterAll(() => subject.end());

  const MINUTE = 60_000;
  const fifty = <T>(work: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 50 }, (_, index) => work(index)));

  test('answers null for an unknown key', async () => {
    expect(await store.get('nothing')).toBeNull();
    expect(await store.take('nothing')).toBeNull();
    await store.delete('nothing');
  });

  test('gives back what was set, whatever it is, and the newest', async () => {
    for (const value of ['', '{"a":"微信 🌱"}', 'x'.repeat(10_000), '0']) {
      await store.set('value', value, MINUTE);
      expect(await store.get('value')).toBe(value);
    }
  });

  test('counts within the window that began with the first, each of fifty its own number', async () => {
    const counted = await fifty(() => store.count('counted', MINUTE));
    expect([...counted].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    await subject.pass(59);
    expect(await store.count('counted', MINUTE)).toBe(51);
    await subject.pass(2);
    expect(await store.count('counted', MINUTE)).toBe(1);
  });

  test('forgets what has lived its time, and nothing before', async () => {
    await store.set('short', 'a', 60 * 1000);
    await store.set('long', 'b', 120 * 1000);
    await subject.pass(55);
    expect(await store.get('short')).toBe('a');
    await subject.pass(6);
    expect(await store.get('short')).toBeNull();
    expect(await store.take('short')).toBeNull();
    expect(await store.get('long')).toBe('b');
  });

  test('counts the time anew when a value is set anew', async () => {
    await store.set('renewed', 'a', MINUTE);
    await subject.pass(40);
    await store.set('renewed', 'b', MINUTE);
    await subject.pass(40);
    expect(await store.get('renewed')).toBe('b');
  });

  test('lets one of fifty set what is absent, and keeps its value', async () => {
    const won = await fifty((index) => store.setIfAbsent('absent', String(index), MINUTE));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await store.get('absent')).toBe(String(won.indexOf(true)));
  });

  test('lets another set it after its time, or after it was deleted', async () => {
    expect(await store.setIfAbsent('mark', '1', MINUTE)).toBe(true);
    expect(await store.setIfAbsent('mark', '2', MINUTE)).toBe(false);
    await subject.pass(61);
    expect(await store.setIfAbsent('mark', '3', MINUTE)).toBe(true);
    await store.delete('mark');
    expect(await store.setIfAbsent('mark', '4', MINUTE)).toBe(true);
    expect(await store.get('mark')).toBe('4');
  });

  test('lets one of fifty take a value, and it is gone', async () => {
    await store.set('taken', 'it', MINUTE);
    const got = await fifty(() => store.take('taken'));
    expect(got.filter((value) => value === 'it')).toHaveLength(1);
    expect(got.filter((value) => value === null)).toHaveLength(49);
    expect(await store.get('taken')).toBeNull();
  });

  test('replaces what is expected, by one of fifty, with its own time to live', async () => {
    expect(await store.replace('step', 'a', 'b', MINUTE)).toBe(false);
    await store.set('step', 'a', MINUTE);
    const replaced = await fifty((index) => store.replace('step', 'a', `b${index}`, 2 * MINUTE));
    expect(replaced.filter(Boolean)).toHaveLength(1);
    expect(await store.get('step')).toBe(`b${replaced.indexOf(true)}`);
    await subject.pass(90);
    expect(await store.get('step')).toBe(`b${replaced.indexOf(true)}`);
    await subject.pass(31);
    expect(await store.get('step')).toBeNull();
  });

  test('carries messages to every listener of a channel, in order, and to no other', async () => {
    const heard: [string[], string[], string[]] = [[], [], []];
    const listen = (channel: string, list: string[]): void =>
      store.listen(channel, { onMessage: (message) => void list.push(message), onMissed: () => undefined });
    listen('news', heard[0]);
    listen('news', heard[1]);
    listen('other', heard[2]);
    const until = async (done: () => boolean, knock?: () => Promise<void>): Promise<void> => {
      while (!done()) {
        await knock?.();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    // A subscription in Redis takes effect a moment later, without a notification: publish until it arrives.
    await until(
      () => heard.every((list) => list.length > 0),
      async () => {
        await store.publish('news', 'knock');
        await store.publish('other', 'knock');
      },
    );
    for (const message of ['a', 'b', 'c']) await store.publish('news', message);
    await until(() => heard[0].at(-1) === 'c' && heard[1].at(-1) === 'c');
    expect(heard[0].slice(-3)).toEqual(['a', 'b', 'c']);
    expect(heard[1]).toEqual(heard[0]);
    expect(new Set(heard[2])).toEqual(new Set(['knock']));
  });

  test('answers a ping', async () => {
    await expect(store.ping()).resolves.toBeUndefined();
  });
});

describe('a Redis that is away', () => {
  let store: RedisStore;
  const sockets = new Set<Socket>();
  afterEach(() => store.close());

  const operations = (): (() => Promise<unknown>)[] => [
    () => store.get('a'),
    () => store.set('a', 'b', 1000),
    () => store.setIfAbsent('a', 'b', 1000),
    () => store.take('a'),
    () => store.begin('a', 'b', 1000),
    () => store.count('a', 1000),
    () => store.replace('a', 'b', 'c', 1000),
    () => store.delete('a'),
    () => store.publish('a', 'b'),
    () => store.ping(),
  ];

  async function expectUnavailable(): Promise<void> {
    const outcomes = await Promise.allSettled(operations().map((operation) => operation()));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'STORE_UNAVAILABLE', status: 503 },
      });
    }
  }

  // The time-outs of these tests detect a hang. They do not measure the second that a command may take.
  test('because its port is closed: every call fails at once, and starting does not hang', async () => {
    store = redisStore({ REDIS_URL: 'redis://127.0.0.1:1' });
    await store.connect();
    await expectUnavailable();
  }, 5_000);

  test('because it took the connection and says nothing: every call fails', async () => {
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    try {
      store = redisStore({ REDIS_URL: `redis://127.0.0.1:${port}` });
      await store.connect();
      await expectUnavailable();
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    }
  }, 10_000);
});

if (keys !== null) {
  describe('a Redis behind a network', () => {
    const url = new URL(keys.url);
    const proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 6379) });
    const lines: string[] = [];
    let store: RedisStore;
    beforeAll(async () => {
      url.port = String(await proxy.open());
      store = redisStore({ ...keys.environment, REDIS_URL: url.href }, lines);
      await store.connect();
    });
    afterAll(async () => {
      await store.close();
      await proxy.cut();
    });

    const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
    };

    test('that dropped its connections: subscribers learn that messages may be lost, and receive again', async () => {
      const heard: string[] = [];
      let missed = 0;
      store.listen('news', {
        onMessage: (message) => void heard.push(message),
        onMissed: () => (missed += 1),
      });
      await until(() => missed === 1);
      proxy.forget();
      // No command is sent meanwhile that could fail.
      await until(() => missed === 2);
      await until(() =>
        store.publish('news', 'again').then(
          () => true,
          () => false,
        ),
      );
      await until(() => heard.includes('again'));
    });

    test('keeps its connections while this process is stalled', async () => {
      await store.set('still', 'here', 60_000);
      lines.length = 0;
      const answers = Promise.all([store.get('still'), store.get('still')]);
      // The commands were sent; when their answers are read, their second is over.
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const end = performance.now() + 1_500; performance.now() < end;);
      expect(await answers).toEqual(['here', 'here']);
      expect(lines).toEqual([]);
    });

    test('keeps its connections if this process is stalled in the turn that sends the commands', async () => {
      await store.set('still', 'here', 60_000);
      lines.length = 0;
      const answers = Promise.all([store.get('still'), store.count('stalled', 60_000)]);
      // The commands leave at the end of this turn. Only then does their second begin.
      for (const end = performance.now() + 1_500; performance.now() < end;);
      expect(await answers).toEqual(['here', 1]);
      expect(lines).toEqual([]);
    });
  });
}
