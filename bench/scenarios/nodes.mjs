/** The same operations on Node 20 and 24, each against the floor on the same Node. */
import { spawnSync } from 'node:child_process';
import { runCounted } from '../counting.mjs';
import { serviceOn, startBare, startFloor } from '../contestants.mjs';
import { startService } from '../processes.mjs';
import { fixed, range } from '../report/format.mjs';
import { spread } from '../report/statistics.mjs';

export const title = 'Node 20 and Node 24';
export const isShort = false;
export const sizes = {
  full: { seconds: 3, warmUpSeconds: 8, rounds: 5, concurrency: 16, people: 800 },
  quick: { seconds: 1, warmUpSeconds: 0.5, rounds: 1, concurrency: 16, people: 96 },
};

const MOST = 1.2;
const NODES = [20, 24];
const cpu = ({ cpuPerOperation }) => cpuPerOperation;
/** Operation -> its name, what it is compared with, and the cost of a result. */
const OPERATIONS = {
  miniProgramLogin: { name: 'Mini-program login', to: 'floor', cost: cpu, unit: 'CPU' },
  websiteLogin: { name: 'Website login', to: 'floor', cost: cpu, unit: 'CPU' },
  refresh: { name: 'Refresh', to: 'floor', cost: cpu, unit: 'CPU' },
  verify: { name: 'Token check', to: 'bare', cost: ({ perSecond }) => 1 / perSecond, unit: 'time' },
};

/** NODE_20 and NODE_24 are executables; without them the packages `node@20` and `node@24` are run by npx. */
export async function measure(context) {
  const { tables, shared, size, load, say } = context;
  const contestants = {};
  const versions = {};
  for (const major of NODES) {
    const node = executable(major);
    versions[major] = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    const { port, database, environment } = await serviceOn(await tables.create(`service${major}`), shared);
    const service = await startService(port, environment, { node });
    for (const operation of ['websiteLogin', 'miniProgramLogin'])
      await load.run({ kind: 'once', visitor: 'service', port, operation, ...size });
    await tables.settlePictures(database);
    const floorDatabase = await tables.create(`floor${major}`);
    await tables.copy(database, floorDatabase);
    contestants[`service ${major}`] = service;
    contestants[`floor ${major}`] = await startFloor(floorDatabase, shared, { node });
    contestants[`bare ${major}`] = await startBare({ node });
  }
  const rounds = {};
  for (const [operation, { to }] of Object.entries(OPERATIONS)) {
    const names = NODES.flatMap((major) => [`service ${major}`, `${to} ${major}`]);
    const job = (name, seconds) => ({
      ...{ kind: 'closed', visitor: name.startsWith('bare') ? 'bare' : 'service', operation, seconds },
      ...{ port: contestants[name].port, pid: contestants[name].pid },
      ...{ people: size.people, concurrency: size.concurrency },
    });
    for (const name of names) await load.run(job(name, size.warmUpSeconds));
    rounds[operation] = [];
    for (let round = 1; round <= size.rounds; round++) {
      const results = {};
      for (const name of names) results[name] = await runCounted(context, job(name, size.seconds));
      rounds[operation].push(results);
      const ratios = NODES.map((major) => `Node ${major} ${fixed(against(operation, major)(results))}`);
      say(`${operation} ${round}/${size.rounds}: against ${to}, ${ratios.join(', ')}`);
    }
  }
  return { rounds, versions, size };
}

function executable(major) {
  const given = process.env[`NODE_${major}`];
  if (given !== undefined) return given;
  const { stdout, stderr, status } = spawnSync('npx', ['-y', `node@${major}`, '-p', 'process.execPath'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`no Node ${major}: set NODE_${major} (${stderr.trim()})`);
  return stdout.trim();
}

/** @returns a round -> the service's cost against that of the other, both on one Node */
function against(operation, major) {
  const { to, cost } = OPERATIONS[operation];
  return (round) => cost(round[`service ${major}`]) / cost(round[`${to} ${major}`]);
}

export function aims({ rounds }) {
  return Object.entries(OPERATIONS).map(([operation, { name, to, unit }]) => ({
    what: `${name}: ${unit} against ${to} on Node 20, against the same on Node 24`,
    most: MOST,
    measured: spread(
      rounds[operation].map((round) => against(operation, 20)(round) / against(operation, 24)(round)),
    ),
  }));
}

export function report({ rounds, versions, size }) {
  const rows = Object.entries(OPERATIONS).flatMap(([operation, { name, to }]) =>
    NODES.map((major) => {
      const of = (contestant, measure) =>
        range(spread(rounds[operation].map((round) => round[`${contestant} ${major}`][measure])));
      const { median, least, most } = spread(rounds[operation].map(against(operation, major)));
      return `| ${name} | ${versions[major]} | ${of('service', 'perSecond')} | ${of('service', 'cpuPerOperation')} | ${of(to, 'perSecond')} | ${of(to, 'cpuPerOperation')} | ${fixed(median)} (${fixed(least)} to ${fixed(most)}) |`;
    }),
  );
  return `${size.rounds} rounds of ${size.seconds} s, ${size.concurrency} clients, ${size.people} people. Service and contestant run on the same Node; the stand-in and the load generator on ${process.version}. The ratio is that of CPU per operation, of the token check that of the times per operation at full rate.

| | Node | service: operations/s | CPU µs | floor or bare: operations/s | CPU µs | ratio |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
