/** The four operations of a returning person, beside a hand-written floor, better-auth and a bare route. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { countingProxy, runCounted } from '../counting.mjs';
import { serviceOn, startBare, startBetterAuth, startFloor } from '../contestants.mjs';
import { startService } from '../processes.mjs';
import { budgetOf } from '../profile/budget.mjs';
import { capacityPages } from '../report/capacity.mjs';
import { fixed, percent, range, whole } from '../report/format.mjs';
import { ratio, spread } from '../report/statistics.mjs';
import { compareWork } from '../same-work.mjs';

export const title = 'Operations of a returning person';
export const isShort = true;
export const sizes = {
  full: { seconds: 3, warmUpSeconds: 20, rounds: 7, concurrency: 16, people: 2400, profileSeconds: 4 },
  quick: { seconds: 0.5, warmUpSeconds: 0.25, rounds: 1, concurrency: 16, people: 96, profileSeconds: 0.5 },
};

/** The contestants of each operation, in the order of a round. A first login has no floor; it is for capacity plans. */
const OPERATIONS = {
  miniProgramLogin: ['service', 'floor'],
  firstLogin: ['service'],
  websiteLogin: ['service', 'floor', 'better-auth'],
  refresh: ['service', 'floor'],
  verify: ['service', 'floor', 'bare', 'better-auth'],
};

/** How the load does it, where that differs from the name. Newcomers are people beyond those who return. */
const JOBS = {
  firstLogin: { operation: 'miniProgramLogin', isFresh: true, from: 1_000_000_000 },
};

const TITLES = {
  miniProgramLogin: 'Mini-program login of a returning person',
  firstLogin: 'Mini-program login of somebody for the first time',
  websiteLogin: 'Website login of a returning person, complete',
  refresh: 'Refresh',
  verify: 'Token check (`GET /v1/auth/verify`)',
};

/** Of the operations whose round trips are counted. */
const COUNTED_PACE = { perSecond: 100, seconds: 1 };

const MEASURES = { cpuPerOperation: 'CPU', perSecond: 'rate' };

/** Operation, measure, contestant to compare with, and the bound. */
const AIMS = [
  { operation: 'miniProgramLogin', measure: 'cpuPerOperation', to: 'floor', most: 1.3 },
  { operation: 'websiteLogin', measure: 'cpuPerOperation', to: 'floor', most: 1.35 },
  { operation: 'refresh', measure: 'cpuPerOperation', to: 'floor', most: 1.25 },
  { operation: 'verify', measure: 'perSecond', to: 'bare', least: 0.45 },
  { operation: 'websiteLogin', measure: 'perSecond', to: 'better-auth', least: 4 },
];

/** Each contestant has its own database; they are measured in turn. */
export async function measure(context) {
  const { tables, shared, load, size, folder, say } = context;
  say('starting, and letting everybody log in for the first time');
  const service = await serviceOn(await tables.create('service'), shared);
  const contestants = {
    service: await startService(service.port, service.environment),
    'better-auth': await startBetterAuth(await tables.create('better-auth'), shared),
    bare: await startBare(),
  };
  await firstLogins(load, contestants, size);
  await tables.settlePictures(service.database);
  const floorDatabase = await tables.create('floor');
  await tables.copy(service.database, floorDatabase);
  contestants.floor = await startFloor(floorDatabase, shared);
  await compareWork(
    [
      { name: 'service', port: contestants.service.port, database: service.database },
      { name: 'floor', port: contestants.floor.port, database: floorDatabase },
    ],
    tables,
    0,
  );
  say('service and floor write the same and answer the same');

  const rounds = await measureRounds(context, contestants);
  await contestants.service.stop();
  await contestants.floor.stop();
  const roundTrips = await countRoundTrips(context, service, floorDatabase);
  const budgets = {};
  for (const [name, start] of Object.entries({
    service: (options) => startService(service.port, { ...service.environment, ...options.more }, options),
    floor: (options) => startFloor(floorDatabase, shared, options),
  })) {
    budgets[name] = await profile(load, start, size, folder);
    say(`profiled the ${name}`);
  }
  return { rounds, roundTrips, budgets, size };
}

export function aims({ rounds }) {
  return AIMS.map(({ operation, measure: of, to, ...bound }) => ({
    what: `${TITLES[operation]}: ${MEASURES[of]} against ${to}`,
    ...bound,
    measured: ratio(rounds[operation], 'service', to, of),
  }));
}

export function report({ rounds, roundTrips, budgets, size }) {
  const { rounds: number, seconds, warmUpSeconds, concurrency, people } = size;
  return [
    `${number} rounds of ${seconds} s for each, after ${warmUpSeconds} s that do not count, ${concurrency} clients, ${people} people. Values are the median of the rounds, with the least and the most in brackets.\n`,
    ...Object.entries(rounds).map(([operation, of]) => operationTable(operation, of)),
    demandTable(rounds, roundTrips),
    budgetTable(budgets, rounds),
  ].join('\n');
}

export function pages(result) {
  const costs = Object.entries(result.rounds).map(([operation, rounds]) => {
    const of = (read) => spread(rounds.map(({ service }) => read(service) ?? 0)).median;
    return [
      operation,
      {
        service: of(({ cpuPerOperation }) => cpuPerOperation),
        database: of(({ watched }) => watched.database?.cpuPerOperation),
        redis: of(({ watched }) => watched.redis?.cpuPerOperation),
        logBytes: of(({ counts }) => counts.logBytes),
        fsyncs: of(({ counts }) => counts.fsyncs),
      },
    ];
  });
  return capacityPages(Object.fromEntries(costs), result);
}

async function firstLogins(load, { service, 'better-auth': betterAuth }, { people, concurrency }) {
  const once = { kind: 'once', people, concurrency };
  await load.run({ ...once, visitor: 'service', port: service.port, operation: 'websiteLogin' });
  await load.run({ ...once, visitor: 'service', port: service.port, operation: 'miniProgramLogin' });
  await load.run({ ...once, visitor: 'better-auth', port: betterAuth.port, operation: 'websiteLogin' });
}

/** A B C A B C …: a disturbance of the machine affects all contestants. @returns operation -> rounds */
async function measureRounds(context, contestants) {
  const { load, size, say } = context;
  const measured = {};
  for (const [operation, names] of Object.entries(OPERATIONS)) {
    const job = (name, seconds) => ({ ...jobFor(name, contestants[name], operation, size), seconds });
    for (const name of names) await load.run(job(name, size.warmUpSeconds));
    measured[operation] = [];
    for (let round = 1; round <= size.rounds; round++) {
      const results = {};
      for (const name of names) results[name] = await runCounted(context, job(name, size.seconds));
      measured[operation].push(results);
      say(
        `${operation} ${round}/${size.rounds}: ${names.map((name) => line(name, results[name])).join('; ')}`,
      );
    }
  }
  return measured;
}

function jobFor(name, { port, pid }, operation, { concurrency, people }) {
  const visitor = name === 'floor' ? 'service' : name;
  return { kind: 'closed', visitor, port, pid, operation, concurrency, people, ...JOBS[operation] };
}

function line(name, { perSecond, p99, cpuPerOperation, watched, limit }) {
  const database = watched.database ? `, database ${whole(watched.database.cpuPerOperation)} µs` : '';
  return `${name} ${Math.round(perSecond)}/s, p99 ${p99.toFixed(1)} ms, ${whole(cpuPerOperation)} µs${database} (limit: ${limit})`;
}

/**
 * One client, and proxies before the database, Redis and WeChat.
 * @returns operation -> contestant -> `{ database, redis, wechat }`, round trips of one operation
 */
async function countRoundTrips({ load, shared, size, say }, service, floorDatabase) {
  const counted = Object.fromEntries(Object.keys(OPERATIONS).map((operation) => [operation, {}]));
  for (const name of ['service', 'floor']) {
    const proxies = {
      database: await countingProxy(name === 'service' ? service.database : floorDatabase),
      redis: await countingProxy(shared.redisUrl),
      wechat: await countingProxy(shared.wechatUrl),
    };
    const behind = { ...shared, redisUrl: proxies.redis.url, wechatUrl: proxies.wechat.url };
    const contestant =
      name === 'service'
        ? await startServiceOn(proxies.database.url, behind)
        : await startFloor(proxies.database.url, behind);
    const read = () => Object.entries(proxies).map(([server, proxy]) => [server, proxy.read()]);
    for (const operation of operationsOf(name)) {
      const job = { ...jobFor(name, contestant, operation, size), kind: 'paced', concurrency: 1 };
      await load.run({ ...job, ...COUNTED_PACE });
      let before;
      const { operations } = await load.run({ ...job, ...COUNTED_PACE }, () => {
        before = Object.fromEntries(read());
      });
      counted[operation][name] = Object.fromEntries(
        read().map(([server, count]) => [server, (count - before[server]) / operations]),
      );
    }
    await contestant.stop();
    Object.values(proxies).forEach((proxy) => proxy.close());
  }
  checkFloor(counted);
  say('counted round trips; the floor makes no more of them than the service');
  return counted;
}

/** The service may have become leaner than the floor, which then has to follow. */
function checkFloor(counted) {
  for (const [operation, { service, floor }] of Object.entries(counted)) {
    for (const [server, trips] of Object.entries(floor ?? {}))
      // Background work of either adds a little.
      if (trips > service[server] + 0.5)
        throw new Error(
          `${operation}: the floor makes ${trips} round trips to ${server}, the service ${service[server]}`,
        );
  }
}

function operationsOf(contestant) {
  return Object.keys(OPERATIONS).filter((operation) => OPERATIONS[operation].includes(contestant));
}

async function startServiceOn(database, shared) {
  const { port, environment } = await serviceOn(database, shared);
  return startService(port, environment);
}

/** Starts a contestant with the profiler. @returns operation -> budget, see bench/profile/budget.mjs */
async function profile(load, start, size, folder) {
  const file = join(folder, 'contestant.cpuprofile');
  const preload = fileURLToPath(new URL('../profile/on-signal.mjs', import.meta.url));
  const contestant = await start({ nodeArguments: ['--import', preload], more: { PROFILE_FILE: file } });
  const budgets = {};
  for (const operation of operationsOf('floor')) {
    const job = jobFor('service', contestant, operation, size);
    await load.run({ ...job, seconds: size.warmUpSeconds });
    rmSync(file, { force: true });
    await load.run({ ...job, seconds: size.profileSeconds }, () => contestant.signal('SIGUSR2'));
    contestant.signal('SIGUSR2');
    budgets[operation] = budgetOf(await written(file));
  }
  await contestant.stop();
  return budgets;
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

function operationTable(operation, rounds) {
  const names = Object.keys(rounds[0]);
  const rates = names.map((contestant) => {
    const of = (name) => spread(rounds.map((round) => round[contestant][name]));
    const against = (name) => {
      if (contestant === 'service') return '1';
      const { median, least, most } = ratio(rounds, 'service', contestant, name);
      return `${fixed(median)} (${fixed(least)} to ${fixed(most)})`;
    };
    return `| ${contestant} | ${range(of('perSecond'))} | ${fixed(of('p50').median)} | ${fixed(of('p99').median)} | ${range(of('cpuPerOperation'))} | ${failures(rounds, contestant)} | ${against('perSecond')} | ${against('cpuPerOperation')} |`;
  });
  const resources = names.map((contestant) => {
    const cells = ['database', 'redis', 'standIn'].map((server) => {
      if (!rounds[0][contestant].watched[server]) return '?';
      const of = (name) => spread(rounds.map((round) => round[contestant].watched[server][name])).median;
      return `${whole(of('cpuPerOperation'))} (${percent(of('busy'))})`;
    });
    const own = (name) => spread(rounds.map((round) => round[contestant][name])).median;
    const service = `${whole(own('cpuPerOperation'))} (${percent(own('busy'))})`;
    return `| ${contestant} | ${service} | ${cells.join(' | ')} | ${percent(own('loadBusy'))} | ${percent(own('machineBusy'))} | ${mostFrequent(rounds.map((round) => round[contestant].limit))} |`;
  });
  return `#### ${TITLES[operation]}

| | operations/s | p50 ms | p99 ms | CPU µs per operation | failed | service's rate against it | service's CPU against it |
|---|---|---|---|---|---|---|---|
${rates.join('\n')}

CPU µs per operation, and in brackets how busy the process was, as a share of one core:

| | itself | database | Redis | stand-in for WeChat | load generator | machine | limit |
|---|---|---|---|---|---|---|---|
${resources.join('\n')}
`;
}

/** What one operation asks of the servers. */
function demandTable(rounds, roundTrips) {
  const rows = Object.entries(roundTrips).flatMap(([operation, contestants]) =>
    Object.entries(contestants).map(([name, trips]) => {
      const of = (count) => spread(rounds[operation].map((round) => round[name].counts[count])).median;
      const database = [
        'statements',
        'rowsRead',
        'rowsWritten',
        'receivedBytes',
        'sentBytes',
        'logBytes',
        'fsyncs',
      ];
      const redis = ['redisCommands', 'redisReceivedBytes', 'redisSentBytes'];
      const cells = (names) => names.map((count) => amount(of(count))).join(' | ');
      return `| ${TITLES[operation]}, ${name} | ${amount(trips.database)} | ${cells(database)} | ${amount(trips.redis)} | ${cells(redis)} | ${amount(trips.wechat)} |`;
    }),
  );
  return `#### What an operation asks of the servers

Round trips are counted by proxies with one client, the rest by the servers under load. Several statements can be one round trip, and several commits one fsync. BEGIN and COMMIT are statements; rows count once per write. Bytes are those of requests, of replies, and of InnoDB's log.

| | database: round trips | statements | rows read | rows written | bytes in | bytes out | log bytes | fsyncs | Redis: round trips | commands | bytes in | bytes out | WeChat: round trips |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

/** One decimal below 100. */
function amount(value) {
  return value < 100 ? String(Math.round(value * 10) / 10) : whole(value);
}

function mostFrequent(values) {
  const times = (value) => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (times(value) > times(best) ? value : best));
}

/** Shares of a profile, applied to the CPU that the rounds measured without a profiler. */
function budgetTable({ service, floor }, rounds) {
  const operations = Object.keys(service);
  const cpu = (operation, name) =>
    spread(rounds[operation].map((round) => round[name].cpuPerOperation)).median;
  const cells = (step) =>
    operations.map((operation) => {
      const of = (name, budget) => amount((budget[operation].get(step) ?? 0) * cpu(operation, name));
      return `${of('service', service)} (${of('floor', floor)})`;
    });
  const steps = [...service[operations[0]].keys()];
  return `#### Where the time goes

CPU µs per operation of the service, and in brackets of the floor: shares of a profile, system calls included, of the CPU measured above. A sample belongs to the step of its innermost frame that has one (\`bench/profile/budget.mjs\`); work in other threads, mostly V8's compiler and garbage collection, is spread over all steps.

| step | ${operations.map((operation) => TITLES[operation]).join(' | ')} |
|---|${operations.map(() => '---|').join('')}
${steps.map((step) => `| ${step} | ${cells(step).join(' | ')} |`).join('\n')}
`;
}

/** Over all rounds. */
function failures(rounds, contestant) {
  return rounds.reduce((sum, round) => sum + round[contestant].failed, 0);
}
