/** The same operations among few and among many people: what grows with the tables. */
import { runCounted } from '../counting.mjs';
import { serviceOn } from '../contestants.mjs';
import { populate } from '../population.mjs';
import { startService } from '../processes.mjs';
import { fixed, percent, range, whole } from '../report/format.mjs';
import { ratio, spread } from '../report/statistics.mjs';

/** Holds a million people, who take 2.4 GB. */
const POOL_MB = 3072;

export const title = 'A thousand and a million people';
export const isShort = false;
export const database = { bufferPoolMb: POOL_MB };
export const sizes = {
  full: {
    few: 1_000,
    many: 1_000_000,
    seconds: 4,
    warmUpSeconds: 3,
    rounds: 5,
    concurrency: 16,
    poolsMb: [POOL_MB, 128],
  },
  quick: {
    few: 200,
    many: 4_000,
    seconds: 1,
    warmUpSeconds: 0.5,
    rounds: 1,
    concurrency: 16,
    poolsMb: [POOL_MB],
  },
};

const OPERATIONS = {
  miniProgramLogin: 'Mini-program login',
  websiteLogin: 'Website login',
  refreshOfAnybody: 'Refresh',
};
const MOST_CPU = 1.15;

/** Two services, each on a database of its own, are measured in turn, with every size of the buffer pool. */
export async function measure(context) {
  const { tables, shared, size, load, say } = context;
  const contestants = {};
  for (const name of ['many', 'few']) {
    const service = await serviceOn(await tables.create(name), shared);
    const started = await startService(service.port, service.environment);
    say(`writing ${whole(size[name])} people`);
    await populate(tables, service.database, size[name], shared.key);
    contestants[name] = { ...started, megabytes: await tables.megabytes(service.database) };
  }
  const pools = {};
  for (const poolMb of size.poolsMb) {
    await tables.resizeBufferPool(poolMb);
    pools[poolMb] = {};
    for (const operation of Object.keys(OPERATIONS)) {
      const job = (name, seconds) => ({
        ...{ kind: 'closed', visitor: 'service', operation, seconds, concurrency: size.concurrency },
        ...{ port: contestants[name].port, pid: contestants[name].pid },
        ...{ people: size[name], isScattered: true, key: shared.key },
      });
      for (const name of ['few', 'many']) await load.run(job(name, size.warmUpSeconds));
      pools[poolMb][operation] = [];
      for (let round = 1; round <= size.rounds; round++) {
        const few = await runCounted(context, job('few', size.seconds));
        const many = await runCounted(context, job('many', size.seconds));
        pools[poolMb][operation].push({ few, many });
        say(
          `${poolMb} MB, ${operation} ${round}/${size.rounds}: ${whole(few.perSecond)}/s, ${whole(few.cpuPerOperation)} µs; ${whole(many.perSecond)}/s, ${whole(many.cpuPerOperation)} µs`,
        );
      }
    }
  }
  return { pools, size, megabytes: { few: contestants.few.megabytes, many: contestants.many.megabytes } };
}

export function aims({ pools, size }) {
  const [rounds] = size.poolsMb.map((poolMb) => pools[poolMb]);
  return Object.entries(OPERATIONS).map(([operation, name]) => ({
    what: `${name}: CPU among ${whole(size.many)} people against ${whole(size.few)}`,
    most: MOST_CPU,
    measured: ratio(rounds[operation], 'many', 'few', 'cpuPerOperation'),
  }));
}

export function report({ pools, size, megabytes }) {
  const rows = Object.entries(pools).flatMap(([poolMb, rounds]) =>
    Object.entries(OPERATIONS).flatMap(([operation, name]) => {
      const row = (who) => {
        const results = rounds[operation].map((round) => round[who]);
        const of = (read) => spread(results.map(read));
        const databaseCpu = results[0].watched.database
          ? whole(of(({ watched }) => watched.database.cpuPerOperation).median)
          : '?';
        return `| ${name}, ${whole(size[who])} people | ${poolMb} MB | ${range(of(({ perSecond }) => perSecond))} | ${fixed(of(({ p99 }) => p99).median)} | ${range(of(({ cpuPerOperation }) => cpuPerOperation))} | ${databaseCpu} | ${fixed(of(({ counts }) => counts.pagesRead).median)} | ${whole(of(({ counts }) => counts.dataBytes).median)} |`;
      };
      const against = (measure) => fixed(ratio(rounds[operation], 'many', 'few', measure).median);
      return [
        row('few'),
        row('many'),
        `| ratio | | ${against('perSecond')} | ${against('p99')} | ${against('cpuPerOperation')} | | | |`,
      ];
    }),
  );
  return `Two services, each on a database of its own in one server, in turn: ${size.rounds} rounds of ${size.seconds} s, ${size.concurrency} clients. The people were written to the tables, each with a UnionID, two identities with sealed keys, a session and an event; with all indexes ${whole(megabytes.few)} and ${whole(megabytes.many)} MB. Visitors jump over the whole range, and (almost) nobody of the many comes twice. The first buffer pool holds everything, ${percent(Math.min(1, size.poolsMb.at(-1) / megabytes.many))} of the large database fit into the last.

| | buffer pool | operations/s | p99 ms | CPU µs per operation | database CPU µs | pages read per operation | bytes written to data files |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
