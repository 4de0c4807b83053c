import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { RedisStore } from '../../src/ephemeral/redis/store.js';
import { freePort } from '../harness/free-port.js';
import { call } from '../harness/http.js';
import { endProgram } from '../harness/program.js';
import { HAS_REDIS_SERVER, RedisServer, startRedisCluster } from '../harness/redis-server.js';
import { startProcess } from '../harness/service-process.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const KEY = Buffer.alloc(32, 7).toString('base64');
const MINUTE = 60_000;
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE', status: 503, retryAfter: 2 };

/** Starts its own servers and does not depend on the backend: one run is enough. */
const isHere = HAS_REDIS_SERVER && backend.databaseUrl === null && backend.redisUrl === null;
if (!HAS_REDIS_SERVER) console.warn('not run: tests of Redis as it fails need redis-server');
const onPrivateServers = isHere ? describe : describe.skip;

const ended: (() => Promise<unknown>)[] = [];
/** Resources that are closed after a test, in reverse order. */
function endsWithTest(end: () => Promise<unknown>): void {
  ended.unshift(end);
}
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function server(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const started = await RedisServer.start(settings);
  endsWithTest(() => started.drop());
  return started;
}

function storeAt(url: string): { store: RedisStore; lines: string[] } {
  const { redis } = loadConfig({ NODE_ENV: 'test', ENCRYPTION_KEYS: KEY, REDIS_URL: url });
  if (redis === null) throw new Error('no REDIS_URL');
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  const store = new RedisStore(redis, { warn: tell, log: tell });
  endsWithTest(() => store.close());
  return { store, lines };
}

async function connected(url: string): Promise<{ store: RedisStore; lines: string[] }> {
  const made = storeAt(url);
  await made.store.connect();
  return made;
}

/** Waits for a condition; the time-out is the promise under test. */
async function within(ms: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Of a process without a sandbox, with its files in a folder. */
function environment(folder: string, port: number, redisUrl: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    PORT: String(port),
    SANDBOX: 'off',
    ENCRYPTION_KEYS: KEY,
    DATABASE_URL: `sqlite:${join(folder, 'a.sqlite')}`,
    AVATAR_STORE: `disk:${folder}`,
    REDIS_URL: redisUrl,
  };
}

const isReady = (store: RedisStore): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );

/** Receives published messages, and the notice that some may have been lost. */
function listenTo(store: RedisStore): { heard: string[]; missed: () => number } {
  const heard: string[] = [];
  let missed = 0;
  store.listen('news', { onMessage: (message) => void heard.push(message), onMissed: () => (missed += 1) });
  return { heard, missed: () => missed };
}

/** Publishes until a subscriber has heard it: nobody keeps what is published while it connects again. */
async function heardOf(
  message: string,
  publish: (message: string) => Promise<unknown>,
  heard: readonly string[],
): Promise<void> {
  await within(5_000, async () => {
    await publish(message);
    return heard.includes(message);
  });
}

/** How many connections a server has taken so far. */
async function connectionsTo(redis: RedisServer): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(String(await redis.call('INFO', 'stats')))?.[1]);
}

onPrivateServers('a Redis that fails over behind its name', () => {
  test('logins continue with the new primary, the first one too, and subscribers receive messages', async () => {
    const [old, next] = [await server(), await server()];
    const proxy = new TcpProxy({ host: '127.0.0.1', port: old.port });
    const port = await proxy.open();
    const world = await World.start({ REDIS_URL: `redis://127.0.0.1:${port}` });
    endsWithTest(async () => {
      await world.stop();
      await proxy.cut();
    });
    const person = await world.person();
    await world.miniProgramLogin(person);

    proxy.lead({ host: '127.0.0.1', port: next.port });
    // The connections survive, as with most cloud providers: they lead to a replica now.
    await old.call('REPLICAOF', '127.0.0.1', next.port);
    const code = await world.wxLogin(person);
    expect((await world.loginWith(code)).status).toBe(200);
    expect((await world.loginWith(code)).body.code).toBe('WECHAT_CODE_USED');
    expect((await call(`${world.url}/health/ready`)).status).toBe(200);
    expect(String(await next.call('KEYS', 'wechat-auth:spent-code:*'))).toContain('spent-code');
  });

  test('without traffic the instance detects the failover by itself, and receives what is published there', async () => {
    const [old, next] = [await server(), await server()];
    const proxy = new TcpProxy({ host: '127.0.0.1', port: old.port });
    const { store } = await connected(`redis://127.0.0.1:${await proxy.open()}`);
    endsWithTest(() => proxy.cut());
    const { heard, missed } = listenTo(store);
    await within(5_000, () => missed() === 1);

    proxy.lead({ host: '127.0.0.1', port: next.port });
    // A replica without a primary: it would receive nothing that is published at the new primary.
    await old.call('REPLICAOF', '127.0.0.1', '1');
    await within(5_000, () => missed() >= 2);
    await heardOf('of the new primary', (text) => next.call('PUBLISH', 'wechat-auth:news', text), heard);
  });

  test('while no server has the role: 503 within a second and not ready, and back by itself', async () => {
    const only = await server();
    const world = await World.start({ REDIS_URL: `redis://${only.place}` });
    endsWithTest(() => world.stop());
    const person = await world.person();
    await world.miniProgramLogin(person);
    await only.call('REPLICAOF', '127.0.0.1', '1');
    const startedAt = performance.now();
    const refused = await world.loginWith(await world.wxLogin(person));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(refused.body).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await call(`${world.url}/health/ready`)).status).toBe(503);
    expect((await call(`${world.url}/health/live`)).status).toBe(200);
    await only.call('REPLICAOF', 'NO', 'ONE');
    await within(5_000, async () => (await call(`${world.url}/health/ready`)).status === 200);
    await world.miniProgramLogin(person);
    expect(world.log().match(/cannot be used/g)).toHaveLength(1);
    expect(world.log().match(/Redis is back/g)).toHaveLength(1);
  });
});

onPrivateServers('a Redis that ends connections', () => {
  test('as idle ones, for instance: no caller gets an error, and nothing is logged', async () => {
    const only = await server();
    const { store, lines } = await connected(`redis://${only.place}`);
    const { missed } = listenTo(store);
    await within(5_000, () => missed() === 1);
    for (let time = 0; time < 3; time++) {
      await only.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await only.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      // The connections have ended here, and no new ones are established yet.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.set(`a:${index}`, 'b', MINUTE)));
    }
    await within(5_000, () => missed() >= 4);
    expect(lines).toEqual([]);
  });

  test('and asks for another password from then on: told once, not ready, and back with the old one', async () => {
    const only = await server();
    const { store, lines } = await connected(`redis://${only.place}`);
    await only.call('CONFIG', 'SET', 'requirepass', 'changed');
    await only.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await within(5_000, () => lines.length > 0);
    const tries = await connectionsTo(only);
    await within(10_000, async () => (await connectionsTo(only)) >= tries + 3);
    expect(await isReady(store)).toBe(false);
    expect(lines).toEqual([expect.stringContaining('asks for a password')]);
    await only.call('CONFIG', 'SET', 'requirepass', '');
    await within(5_000, () => isReady(store));
    await within(5_000, () => lines.at(-1)?.includes('Redis is back') === true);
    expect(lines).toHaveLength(2);
  });
});

onPrivateServers('a Redis that answers and takes no writes', () => {
  const unsaved = { 'enable-protected-configs': 'yes', 'stop-writes-on-bgsave-error': 'yes' };
  test.each([
    [
      'a replica that has lost its primary and serves nothing',
      {},
      [
        ['CONFIG', 'SET', 'replica-serve-stale-data', 'no'],
        ['REPLICAOF', '127.0.0.1', '1'],
      ],
      [['REPLICAOF', 'NO', 'ONE']],
      'replica',
    ],
    [
      'a primary that its replicas have left (NOREPLICAS)',
      {},
      [['CONFIG', 'SET', 'min-replicas-to-write', '1']],
      [['CONFIG', 'SET', 'min-replicas-to-write', '0']],
      'too few replicas',
    ],
    [
      'a server whose disk takes no snapshot (MISCONF)',
      unsaved,
      [['SET', 'x', 'x'], ['CONFIG', 'SET', 'save', '3600 1'], ['CONFIG', 'SET', 'dir', '/proc'], ['BGSAVE']],
      [['CONFIG', 'SET', 'save', '']],
      'save to disk',
    ],
    [
      'a server whose memory is full (OOM)',
      {},
      [['CONFIG', 'SET', 'maxmemory', '1mb']],
      [['CONFIG', 'SET', 'maxmemory', '0']],
      'memory is full',
    ],
  ])(
    '%s: 503 and not ready, told once, and back by itself',
    async (_, settings, breaking, mending, reason) => {
      const sick = await server(settings);
      const { store, lines } = await connected(`redis://${sick.place}`);
      await store.ping();
      for (const [command = '', ...words] of breaking) await sick.call(command, ...words);
      await within(5_000, async () => !(await isReady(store)));
      const startedAt = performance.now();
      for (const write of [
        store.ping(),
        store.set('a', 'b', MINUTE),
        store.setIfAbsent('a', 'b', MINUTE),
        store.count('a', MINUTE),
      ]) {
        await expect(write).rejects.toMatchObject(UNAVAILABLE);
      }
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      for (const [command = '', ...words] of mending) await sick.call(command, ...words);
      await within(5_000, () => isReady(store));
      expect(await store.setIfAbsent('a', 'b', MINUTE)).toBe(true);
      expect(lines).toEqual([expect.stringContaining(reason), expect.stringContaining('Redis is back')]);
      expect(lines[0]).toContain(sick.place);
    },
  );

  test('busy with a foreign script (BUSY): the same, until it is killed', async () => {
    const sick = await server({ 'lua-time-limit': '100' });
    const { store, lines } = await connected(`redis://${sick.place}`);
    const endless = sick.call('EVAL', 'while true do end', '0').catch(() => undefined);
    await within(5_000, () => lines.length > 0);
    await expect(store.set('a', 'b', MINUTE)).rejects.toMatchObject(UNAVAILABLE);
    spawnSync('redis-cli', ['-p', String(sick.port), 'SCRIPT', 'KILL']);
    await endless;
    await within(5_000, () => isReady(store));
    await within(5_000, () => lines.at(-1)?.includes('Redis is back') === true);
  });

  test('frozen: 503 within about a second, and back once it goes on', async () => {
    const sick = await server();
    const { store } = await connected(`redis://${sick.place}`);
    sick.freeze(true);
    const startedAt = performance.now();
    await expect(store.setIfAbsent('a', 'b', MINUTE)).rejects.toMatchObject(UNAVAILABLE);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    sick.freeze(false);
    await within(5_000, () => isReady(store));
  });

  test('loading its data after a restart: 503, not a connection that is believed', async () => {
    const sick = await server({
      'loading-process-events-interval-bytes': '1024',
      'enable-debug-command': 'yes',
    });
    const { store, lines } = await connected(`redis://${sick.place}`);
    await sick.call('DEBUG', 'POPULATE', '3000', 'key', '100');
    await sick.call('CONFIG', 'SET', 'key-load-delay', '1000');
    const reloaded = sick.call('DEBUG', 'RELOAD').catch(() => undefined);
    await within(5_000, () => lines.some((line) => /loading|no answer/.test(line)));
    await sick.call('CONFIG', 'SET', 'key-load-delay', '0').catch(() => undefined);
    await reloaded;
    await within(8_000, () => isReady(store));
  });
});

onPrivateServers('a Redis that is nearly full', () => {
  test('refuses what anybody may begin, and still takes marks of spent codes', async () => {
    const small = await server();
    const { store } = await connected(`redis://${small.place}`);
    const used = Number(/used_memory:(\d+)/.exec(String(await small.call('INFO', 'memory')))?.[1]);
    await small.call('CONFIG', 'SET', 'maxmemory', Math.round(used * 1.15));
    await within(5_000, () =>
      store.begin('attempt', 'x', MINUTE).then(
        () => false,
        (error: unknown) => {
          expect(error).toMatchObject(UNAVAILABLE);
          return true;
        },
      ),
    );
    expect(await store.setIfAbsent('spent-code', '1', MINUTE)).toBe(true);
    await store.ping();
    await small.call('CONFIG', 'SET', 'maxmemory', '0');
    await within(5_000, () =>
      store.begin('attempt', 'x', MINUTE).then(
        () => true,
        () => false,
      ),
    );
  });

  test('is warned of at start if it would evict marks of spent codes', async () => {
    const evicting = await server({ 'maxmemory-policy': 'allkeys-lru' });
    const { lines } = await connected(`redis://${evicting.place}`);
    expect(lines).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')]);
    const keeping = await connected(`redis://${(await server()).place}`);
    expect(keeping.lines).toEqual([]);
  });
});

onPrivateServers('a Redis that is absent at start', () => {
  test('the service listens and is not ready, logs the cause once, and becomes ready with Redis', async () => {
    const redisPort = await freePort();
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-'));
    const program = startProcess(environment(folder, port, `redis://:hunter2@127.0.0.1:${redisPort}`));
    endsWithTest(async () => {
      await endProgram(program);
      await rm(folder, { recursive: true, force: true });
    });
    const status = (path: string): Promise<number | null> =>
      call(`http://127.0.0.1:${port}/health/${path}`).then(
        (reply) => reply.status,
        () => null,
      );
    await within(20_000, async () => (await status('live')) === 200);
    expect(await status('ready')).toBe(503);
    // Long enough for several tries.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(program.output().match(/ECONNREFUSED/g)).toHaveLength(1);
    expect(program.output()).toContain(`127.0.0.1:${redisPort}`);
    await server({ port: String(redisPort), requirepass: 'hunter2' });
    await within(5_000, async () => (await status('ready')) === 200);
    expect(program.output().match(/Redis is back/g)).toHaveLength(1);
    expect(program.output()).not.toContain('hunter2');
  });
});

onPrivateServers('what waiting does not mend', () => {
  const start = async (url: string): Promise<string> => {
    const { store, lines } = storeAt(url);
    const outcome = await store.connect().then(
      () => null,
      (error: unknown) => error,
    );
    expect({ outcome, lines }).toMatchObject({ outcome: { name: 'StartFault' } });
    const { message } = outcome as Error;
    expect(message).not.toContain('hunter2');
    // Only the line of the start says it.
    expect(lines).toEqual([]);
    return message;
  };

  test('a wrong password, no password, a database that is not there', async () => {
    const locked = await server({ requirepass: 'secret' });
    expect(await start(`redis://:hunter2@${locked.place}`)).toMatch(/password in REDIS_URL is wrong/);
    expect(await start(`redis://who:hunter2@${locked.place}`)).toMatch(/password in REDIS_URL is wrong/);
    expect(await start(`redis://${locked.place}`)).toMatch(/asks for a password/);
    expect(await start(`redis://:secret@${locked.place}/99`)).toMatch(/refuses the database/);
    const open = await server();
    await connected(`redis://:hunter2@${open.place}/3`);
  });

  test('the process ends at once, with one line and without a stack', async () => {
    const locked = await server({ requirepass: 'secret' });
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-'));
    endsWithTest(() => rm(folder, { recursive: true, force: true }));
    const program = startProcess(environment(folder, 0, `redis://:hunter2@${locked.place}`));
    expect(await program.ended).toBe(1);
    expect(program.output().trim()).toBe(
      `Redis at ${locked.place} cannot be used: the user or the password in REDIS_URL is wrong`,
    );
  });

  test('an ACL without a command, without the keys, or without the channels', async () => {
    const guarded = await server();
    await guarded.call(
      'ACL',
      'SETUSER',
      'a',
      'on',
      '>hunter2',
      '~wechat-auth:*',
      '&wechat-auth:*',
      '+@all',
      '-getdel',
    );
    await guarded.call('ACL', 'SETUSER', 'b', 'on', '>hunter2', '~other:*', '&wechat-auth:*', '+@all');
    await guarded.call('ACL', 'SETUSER', 'c', 'on', '>hunter2', '~wechat-auth:*', 'resetchannels', '+@all');
    expect(await start(`redis://a:hunter2@${guarded.place}`)).toMatch(/ACL.*getdel/);
    expect(await start(`redis://b:hunter2@${guarded.place}`)).toMatch(/ACL/);
    expect(await start(`redis://c:hunter2@${guarded.place}`)).toMatch(/ACL.*channel/);
    // Exactly the permissions of the documentation are enough.
    const words = 'get set getdel del eval incr publish subscribe select'
      .split(' ')
      .map((word) => `+${word}`);
    await guarded.call(
      'ACL',
      'SETUSER',
      'd',
      'on',
      '>hunter2',
      '~wechat-auth:*',
      '&wechat-auth:*',
      '-@all',
      ...words,
    );
    const { store, lines } = await connected(`redis://d:hunter2@${guarded.place}`);
    await store.ping();
    expect(lines).toEqual([]);
  });

  test('a server without GETDEL, whatever its version', async () => {
    const old = await server({ 'rename-command': 'GETDEL no-getdel' });
    expect(await start(`redis://${old.place}`)).toMatch(/older than Redis 6\.2/);
  });

  test('another kind of server than the URL says', async () => {
    const [node] = await startRedisCluster().then((nodes) => {
      endsWithTest(() => Promise.all(nodes.map((each) => each.drop())));
      return nodes;
    });
    expect(await start(`redis://${node?.place ?? ''}`)).toMatch(/redis\+cluster:\/\//);
    await node?.call('ACL', 'SETUSER', 'x', 'on', '>hunter2', '~*', '&*', '+@all', '-info');
    expect(await start(`redis://x:hunter2@${node?.place ?? ''}`)).toMatch(/redis\+cluster:\/\//);
    const plain = await server();
    expect(await start(`redis+cluster://${plain.place}`)).toMatch(/redis:\/\//);
    expect(await start(`redis+sentinel://${plain.place}/mymaster`)).toMatch(/no sentinel/);
    const sentinel = await RedisServer.startSentinel(plain.port, 'mymaster', 1);
    endsWithTest(() => sentinel.drop());
    expect(await start(`redis://${sentinel.place}`)).toMatch(/redis\+sentinel:\/\//);
    expect(await start(`redis+sentinel://${sentinel.place}/another`)).toMatch(/no master of the name/);
  });

  test('TLS that is asked for and not spoken, or whose certificate is refused; with its authority it is used', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-'));
    endsWithTest(() => rm(folder, { recursive: true, force: true }));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    await writeFile(join(folder, 'x'), '');
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...[
        '-subj',
        '/CN=redis',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
    ]);
    expect(made.status).toBe(0);
    const plain = await server();
    const unspoken = await connected(`rediss://${plain.place}`);
    await within(5_000, () => unspoken.lines.some((line) => line.includes('not speak TLS')));
    expect(await isReady(unspoken.store)).toBe(false);
    const port = String(await freePort());
    await server({
      'tls-port': port,
      'tls-cert-file': certificate,
      'tls-key-file': key,
      'tls-auth-clients': 'no',
    });
    expect(await start(`rediss://127.0.0.1:${port}`)).toMatch(/certificate is refused/);
    const { store } = await connected(`rediss://127.0.0.1:${port}?ssl-ca=${certificate}`);
    await store.ping();
  });
});

onPrivateServers('Redis Sentinel', () => {
  test('the primary dies: logins work again with the one that the sentinels name, and subscribers receive from it', async () => {
    const primary = await server({ 'repl-diskless-sync-delay': '0' });
    const replica = await server({ replicaof: `127.0.0.1 ${primary.port}`, 'repl-diskless-sync-delay': '0' });
    const sentinels: RedisServer[] = [];
    for (let index = 0; index < 3; index++) {
      const sentinel = await RedisServer.startSentinel(
        primary.port,
        'mymaster',
        2,
        'requirepass s3cret\nsentinel sentinel-pass s3cret',
      );
      sentinels.push(sentinel);
      endsWithTest(() => sentinel.drop());
      await within(5_000, async () => (await sentinel.call('AUTH', 's3cret')) === 'OK');
    }
    const hosts = sentinels.map(({ place }) => place).join(',');
    const { store, lines } = await connected(`redis+sentinel://${hosts}/mymaster/2?sentinel-password=s3cret`);
    expect(lines).toEqual([]);
    const { heard, missed } = listenTo(store);
    await within(5_000, () => missed() === 1);
    await store.set('kept', 'here', MINUTE);
    await within(15_000, async () => (await primary.call('WAIT', 1, 100)) === 1);
    await within(15_000, async () => {
      const state = String(await sentinels[0]?.call('SENTINEL', 'MASTER', 'mymaster'));
      return state.includes('num-slaves,1') && state.includes('num-other-sentinels,2');
    });

    await primary.kill();
    await expect(store.set('lost', 'x', MINUTE)).rejects.toMatchObject(UNAVAILABLE);
    await within(15_000, async () => String(await replica.call('ROLE')).startsWith('master'));
    await within(5_000, () => isReady(store));
    expect(await store.get('kept')).toBe('here');
    await within(5_000, () => missed() >= 2);
    await heardOf('of the new primary', (text) => replica.call('PUBLISH', 'wechat-auth:news', text), heard);
    expect(lines.filter((line) => line.includes('is back'))).toHaveLength(1);

    // One reachable sentinel is enough at start, at any position of the list.
    await sentinels[0]?.kill();
    const again = await connected(
      `redis+sentinel://127.0.0.1:1,${hosts}/mymaster/2?sentinel-password=s3cret`,
    );
    expect(await again.store.get('kept')).toBe('here');
  });

  test('the old primary lives on and takes writes: it is left once the sentinels name another', async () => {
    const [old, next] = [await server(), await server()];
    const sentinel = await RedisServer.startSentinel(old.port, 'mymaster', 1);
    endsWithTest(() => sentinel.drop());
    const { store } = await connected(`redis+sentinel://${sentinel.place}/mymaster`);
    const { missed } = listenTo(store);
    await within(5_000, () => missed() === 1);
    await sentinel.call('SENTINEL', 'REMOVE', 'mymaster');
    await sentinel.call('SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', next.port, 1);
    await within(5_000, () => missed() >= 2);
    await store.set('where', 'there', MINUTE);
    expect(await next.call('GET', 'wechat-auth:where')).toBe('there');
  });

  test('sentinels that ask for a password: the URL that lacks it is refused with the name of what to set', async () => {
    const primary = await server();
    const sentinel = await RedisServer.startSentinel(primary.port, 'mymaster', 1, 'requirepass s3cret');
    endsWithTest(() => sentinel.drop());
    const { store } = storeAt(`redis+sentinel://${sentinel.place}/mymaster`);
    await expect(store.connect()).rejects.toThrow(/sentinel-password/);
  });
});

onPrivateServers('Redis Cluster', () => {
  let nodes: RedisServer[];
  beforeAll(async () => {
    nodes = await startRedisCluster(1);
  });

  afterAll(() => Promise.all(nodes.map((node) => node.drop())));

  const url = (): string => `redis+cluster://${nodes.map(({ place }) => place).join(',')}`;
  const many = <T>(work: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 100 }, (_, index) => work(index)));

  test('serves every operation, on keys of every slot, and carries messages', async () => {
    const { store, lines } = await connected(url());
    await store.ping();
    await many((index) => store.begin(`a:${index}`, 'x', MINUTE));
    expect(await many((index) => store.replace(`a:${index}`, 'x', 'y', MINUTE))).not.toContain(false);
    expect(await many((index) => store.setIfAbsent(`a:${index}`, 'z', MINUTE))).not.toContain(true);
    expect(new Set(await many((index) => store.count(`n:${index}`, MINUTE)))).toEqual(new Set([1]));
    expect(new Set(await many((index) => store.take(`a:${index}`)))).toEqual(new Set(['y']));
    expect(new Set(await many((index) => store.get(`a:${index}`)))).toEqual(new Set([null]));
    await many((index) => store.delete(`n:${index}`));
    const other = await connected(url());
    const { heard, missed } = listenTo(other.store);
    await within(5_000, () => missed() === 1);
    await store.publish('news', 'to all nodes');
    await within(5_000, () => heard.includes('to all nodes'));
    // One reachable node is enough at start, at any position of the list.
    const one = await connected(`redis+cluster://127.0.0.1:1,${nodes[1]?.place ?? ''}`);
    await one.store.ping();
    expect([...lines, ...other.lines, ...one.lines]).toEqual([]);
  });

  test('follows a slot that is moved from one node to another, while it is moved and afterwards', async () => {
    const { store, lines } = await connected(url());
    const key = 'wechat-auth:moved';
    await store.set('moved', 'it', 10 * MINUTE);
    const slot = Number(await nodes[0]?.call('CLUSTER', 'KEYSLOT', key));
    const owner = Math.floor(slot / 5461.5);
    const [from, to] = [nodes[owner], nodes[(owner + 1) % 3]];
    const [fromId, toId] = [await from?.call('CLUSTER', 'MYID'), await to?.call('CLUSTER', 'MYID')];
    await to?.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
    await from?.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
    expect(await store.get('moved')).toBe('it');
    await from?.call('MIGRATE', '127.0.0.1', to?.port ?? 0, key, 0, 1000);
    // During the migration of a slot each command is redirected to the new node by ASK, scripts too.
    expect(await store.get('moved')).toBe('it');
    expect(await store.replace('moved', 'it', 'that', MINUTE)).toBe(true);
    for (const node of [to, from]) await node?.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
    expect(await store.take('moved')).toBe('that');
    await store.ping();
    expect(lines).toEqual([]);
  });

  test('a primary dies and its replica takes over: everything works again within 5 s, without a restart', async () => {
    const { store, lines } = await connected(url());
    const { heard, missed } = listenTo(store);
    await within(5_000, () => missed() === 1);
    await many((index) => store.set(`kept:${index}`, 'here', MINUTE));
    await within(5_000, async () => (await nodes[0]?.call('WAIT', 1, 100)) === 1);
    await nodes[0]?.kill();
    await within(3_000, async () => !(await isReady(store)));
    await within(15_000, async () => String(await nodes[3]?.call('ROLE')).startsWith('master'));
    await within(5_000, () => isReady(store));
    expect(new Set(await many((index) => store.get(`kept:${index}`)))).toEqual(new Set(['here']));
    await heardOf('after the failover', (text) => store.publish('news', text), heard);
    expect(lines.filter((line) => line.includes('is back'))).toHaveLength(1);
  });
});
