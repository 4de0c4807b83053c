import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RETURN_TO } from './load/visitors.mjs';
import { freePort, startLoad, startProgram, startService, stopAll } from './processes.mjs';
import { summarise } from './profile/summary.mjs';
import { compareWork } from './same-work.mjs';
import { Tables } from './tables.mjs';

const MINI_PROGRAM = 'wxbe0c40000000001a:0123456789abcdef0123456789abcdef';
const WEBSITE = 'wxbe0c40000000002b:fedcba9876543210fedcba9876543210';

/** The contestants of each operation, in the order of a round. */
const OPERATIONS = {
  miniProgramLogin: ['service', 'floor'],
  websiteLogin: ['service', 'floor', 'better-auth'],
  refresh: ['service', 'floor'],
  verify: ['service', 'floor', 'bare', 'better-auth'],
};

/** Most operations of one measurement, however fast they are. */
const MOST_OPERATIONS = 1_000_000;

/**
 * The whole run: starts each contestant on its own database, measures in turn, and always cleans up.
 * @param size `{ seconds, warmUpSeconds, rounds, concurrency, people, profileSeconds }`
 * @param say called with the name of each step
 * @returns the input of `report`
 */
export async function runBenchmark(size, say) {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-bench-'));
  const { BENCH_DATABASE_URL, BENCH_REDIS_URL } = process.env;
  const databaseUrl = BENCH_DATABASE_URL ?? 'mysql://root@127.0.0.1:3306/';
  const redisUrl = BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379/11';
  const tables = await Tables.open(databaseUrl, redisUrl);
  try {
    const standIn = await startProgram('stand-in.mjs', {});
    const load = startLoad();
    const shared = {
      redisUrl,
      wechatUrl: `http://127.0.0.1:${standIn.port}`,
      key: randomBytes(32).toString('base64'),
    };
    say('starting, and letting everybody log in for the first time');
    const service = await setUpService(tables, shared, folder);
    const contestants = {
      service: await startService(service.port, service.environment),
      'better-auth': await setUpBetterAuth(tables, shared),
      bare: await startProgram('contestants/bare.mjs', {}),
    };
    await firstLogins(load, contestants, size);
    await tables.settlePictures(service.database);
    const floorDatabase = await tables.create('floor');
    await tables.copy(service.database, floorDatabase);
    contestants.floor = await setUpFloor(floorDatabase, shared);
    await compareWork(
      [
        { name: 'service', port: contestants.service.port, database: service.database },
        { name: 'floor', port: contestants.floor.port, database: floorDatabase },
      ],
      tables,
      0,
    );
    say('service and floor write the same and answer the same');

    const rounds = await measure(load, contestants, size, say);
    await contestants.service.stop();
    const profiles = await profile(load, service, size, folder, say);
    return { rounds, profiles, settings: await settingsOf(tables, size) };
  } finally {
    await stopAll();
    await tables.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As in production, but without limits per address: one address simulates all clients. Production refuses that. */
async function setUpService(tables, { redisUrl, wechatUrl, key }, folder) {
  const port = await freePort();
  const database = await tables.create('service');
  return {
    port,
    database,
    environment: {
      NODE_ENV: 'test',
      RATE_LIMITS: 'off',
      DOCS: 'off',
      LOG_LEVEL: 'info',
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATABASE_URL: database,
      REDIS_URL: redisUrl,
      ENCRYPTION_KEYS: key,
      AVATAR_STORE: `disk:${join(folder, 'avatars')}`,
      RETURN_URLS: new URL(RETURN_TO).origin,
      WECHAT_MINI_PROGRAMS: MINI_PROGRAM,
      WECHAT_WEBSITES: WEBSITE,
      WECHAT_API_URL: wechatUrl,
      WECHAT_OPEN_URL: wechatUrl,
    },
  };
}

async function setUpFloor(database, { redisUrl, wechatUrl, key }) {
  return startProgram('contestants/floor.mjs', {
    DATABASE_URL: database,
    REDIS_URL: redisUrl,
    WECHAT_API_URL: wechatUrl,
    WECHAT_OPEN_URL: wechatUrl,
    ENCRYPTION_KEY: key,
    MINI_PROGRAM,
    WEBSITE,
    RETURN_TO,
  });
}

async function setUpBetterAuth(tables, { wechatUrl }) {
  const database = await tables.create('better-auth');
  return startProgram('contestants/better-auth.mjs', {
    DATABASE_URL: database,
    WECHAT_API_URL: wechatUrl,
    WEBSITE,
  });
}

async function firstLogins(load, { service, 'better-auth': betterAuth }, { people, concurrency }) {
  const once = { kind: 'once', people, concurrency };
  await load.run({ ...once, contestant: 'service', port: service.port, operation: 'websiteLogin' });
  await load.run({ ...once, contestant: 'service', port: service.port, operation: 'miniProgramLogin' });
  await load.run({ ...once, contestant: 'better-auth', port: betterAuth.port, operation: 'websiteLogin' });
}

/** A B C A B C …: a disturbance of the machine affects all contestants. @returns operation -> rounds */
async function measure(load, contestants, size, say) {
  const measured = {};
  for (const [operation, names] of Object.entries(OPERATIONS)) {
    const job = (name, seconds) => ({ ...jobFor(name, contestants[name], operation, size), seconds });
    for (const name of names) await load.run(job(name, size.warmUpSeconds));
    measured[operation] = [];
    for (let round = 1; round <= size.rounds; round++) {
      const results = {};
      for (const name of names) results[name] = await load.run(job(name, size.seconds));
      measured[operation].push(results);
      say(
        `${operation} ${round}/${size.rounds}: ${names.map((name) => line(name, results[name])).join('; ')}`,
      );
    }
  }
  return measured;
}

function jobFor(contestant, { port, pid }, operation, { concurrency, people }) {
  return { kind: 'timed', contestant, port, pid, operation, concurrency, people, most: MOST_OPERATIONS };
}

function line(name, { perSecond, p99, cpuPerOperation, busy, loadBusy }) {
  const share = (value) => `${Math.round(value * 100)} %`;
  return `${name} ${Math.round(perSecond)}/s, p99 ${p99.toFixed(1)} ms, ${Math.round(cpuPerOperation)} µs (busy ${share(busy)}, load ${share(loadBusy)})`;
}

/** Runs the service again, with the profiler. @returns operation -> summary */
async function profile(load, { port, environment }, size, folder, say) {
  const file = join(folder, 'service.cpuprofile');
  const preload = fileURLToPath(new URL('profile/on-signal.mjs', import.meta.url));
  const service = await startService(port, { ...environment, PROFILE_FILE: file }, ['--import', preload]);
  const profiles = {};
  for (const operation of Object.keys(OPERATIONS)) {
    const job = jobFor('service', service, operation, size);
    await load.run({ ...job, seconds: size.warmUpSeconds });
    rmSync(file, { force: true });
    await load.run({ ...job, seconds: size.profileSeconds }, () => service.signal('SIGUSR2'));
    service.signal('SIGUSR2');
    profiles[operation] = summarise(await written(file));
    say(`profiled ${operation}`);
  }
  await service.stop();
  return profiles;
}

async function written(file) {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      // Missing or incomplete.
    }
  }
  throw new Error('no profile was written');
}

async function settingsOf(tables, size) {
  const lock = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  return {
    ...size,
    date: new Date().toISOString().slice(0, 10),
    servers: await tables.serverVersion(),
    versions: lock.dependencies,
  };
}
