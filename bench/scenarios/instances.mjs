/**
 * Several instances on one database and one Redis. Each brings the same fixed load, so what grows with their number is
 * contention, and not the queue for the cores of this machine. Then all of them together as fast as the machine allows.
 */
import { cpus } from 'node:os';
import { runCounted } from '../counting.mjs';
import { serviceOn } from '../contestants.mjs';
import { populate } from '../population.mjs';
import { startService } from '../processes.mjs';
import { fixed, percent, whole } from '../report/format.mjs';

export const title = 'Several instances on one database';
export const isShort = false;
export const sizes = {
  full: {
    instances: [1, 2, 4, 8],
    people: 20_000,
    perInstance: 40,
    seconds: 8,
    warmUpSeconds: 3,
    connections: 16,
  },
  quick: { instances: [1, 2], people: 400, perInstance: 40, seconds: 1, warmUpSeconds: 0.5, connections: 8 },
};

/** The share of n times the rate of one instance. */
const LEAST_SHARE = 0.8;

const OPERATIONS = { miniProgramLogin: 'Mini-program login', refreshOfAnybody: 'Refresh' };

export async function measure(context) {
  const { tables, shared, size, say } = context;
  const first = await serviceOn(await tables.create('service'), shared);
  const running = [await startService(first.port, first.environment)];
  await populate(tables, first.database, size.people, shared.key);
  const paced = [];
  const fastest = [];
  for (const number of size.instances) {
    while (running.length < number) {
      const { port, environment } = await serviceOn(first.database, shared);
      // Every instance has the same public address.
      running.push(await startService(port, { ...environment, PUBLIC_URL: first.environment.PUBLIC_URL }));
    }
    for (const operation of Object.keys(OPERATIONS)) {
      const job = {
        ...{ visitor: 'service', operation, people: size.people, isScattered: true, key: shared.key },
        ports: running.map(({ port }) => port),
        pid: running.map(({ pid }) => pid),
      };
      const fixedRate = { ...job, kind: 'paced', perSecond: size.perInstance * number };
      fixedRate.concurrency = size.connections * number;
      await context.load.run({ ...fixedRate, seconds: size.warmUpSeconds });
      const one = await runCounted(context, { ...fixedRate, seconds: size.seconds });
      paced.push({ number, operation, ...one });
      const all = { ...job, kind: 'closed', concurrency: Math.max(16, 2 * number) };
      const two = await runCounted(context, { ...all, seconds: size.seconds });
      fastest.push({ number, operation, ...two });
      say(
        `${number} × ${operation}: ${line(one)} at ${size.perInstance}/s each; ${line(two)} at most, limit: ${two.limit}`,
      );
    }
  }
  return { paced, fastest, size };
}

function line({ perSecond, p99, cpuPerOperation }) {
  return `${whole(perSecond)}/s, p99 ${fixed(p99)} ms, ${whole(cpuPerOperation)} µs`;
}

export function aims({ paced, size }) {
  const most = size.instances.at(-1);
  return Object.entries(OPERATIONS).flatMap(([operation, name]) => {
    const [one, many] = [size.instances[0], most].map((number) =>
      paced.find((row) => row.operation === operation && row.number === number),
    );
    return [
      {
        what: `${name}: rate of ${most} instances with the same load each, against ${most} × that of one`,
        least: LEAST_SHARE,
        measured: many.perSecond / (most * one.perSecond),
      },
      {
        what: `${name}: CPU of service, database and Redis per operation, ${most} instances against one`,
        most: 1 / LEAST_SHARE,
        measured: totalCpu(many) / totalCpu(one),
      },
    ];
  });
}

/** Of the instances and, as far as they are on this machine, of their servers. */
function totalCpu({ cpuPerOperation, watched }) {
  const servers = [watched.database, watched.redis].map((server) => server?.cpuPerOperation ?? 0);
  return servers.reduce((sum, cpu) => sum + cpu, cpuPerOperation);
}

export function report({ paced, fastest, size }) {
  return `${cpus().length} cores carry the instances, the database, Redis, the stand-in and the load generator, so the rate of many instances cannot be shown here as such. What can be shown is that an operation does not become more expensive when instances share a database: then the rate grows with the cores until the database is the limit. So each instance first gets the same ${size.perInstance} operations a second, which the machine carries at every number of instances, for ${size.seconds} s.

${table(paced, false)}

All clients as fast as possible, and what ended the growth:

${table(fastest, true)}
`;
}

function table(results, withLimit) {
  const rows = results.map((result) => {
    const { number, operation, perSecond, p50, p99, cpuPerOperation, watched, counts, machineBusy, failed } =
      result;
    const cell = (server) => (server ? whole(server.cpuPerOperation) : '?');
    return `| ${OPERATIONS[operation]} | ${number} | ${whole(perSecond)} | ${fixed(p50)} | ${fixed(p99)} | ${whole(cpuPerOperation)} | ${cell(watched.database)} | ${cell(watched.redis)} | ${fixed(counts.statements)} | ${fixed(counts.fsyncs)} | ${amount(counts.lockWaits)} | ${amount(counts.deadlocks)} | ${failed} | ${percent(machineBusy)} |${withLimit ? ` ${result.limit} |` : ''}`;
  });
  const head = `| | instances | operations/s | p50 ms | p99 ms | CPU µs of all instances per operation | of the database | of Redis | statements | fsyncs | lock waits | deadlocks | failed | machine busy, of ${cpus().length * 100} % |`;
  return `${head}${withLimit ? ' limit |' : ''}
|${'---|'.repeat(withLimit ? 15 : 14)}
${rows.join('\n')}`;
}

/** A number per operation that is mostly zero. */
function amount(value) {
  return value === 0 ? '0' : value.toFixed(4);
}
