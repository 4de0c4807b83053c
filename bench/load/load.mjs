/**
 * The load, in a process of its own: so many visitors, each with one request under way at a time, for a bounded time
 * and number of operations. Gets jobs from its parent and answers each with what it measured.
 */
import { performance } from 'node:perf_hooks';
import { cpuMicroseconds } from './cpu.mjs';
import { BareVisitor, BetterAuthVisitor, ServiceVisitor } from './visitors.mjs';

const VISITORS = {
  service: ServiceVisitor,
  floor: ServiceVisitor,
  bare: BareVisitor,
  'better-auth': BetterAuthVisitor,
};
/** Operation -> what has to be there before it, outside of what is measured. */
const PREPARATIONS = { refresh: 'prepareRefresh', verify: 'prepareVerify' };

/** Of so many operations one may fail: better-auth now and then loses a deadlock to itself. It is counted, and told. */
const OPERATIONS_PER_FAILURE = 100;
/** What has to be there beforehand is tried so often. */
const PREPARATION_TRIES = 5;

/** @param job `{ contestant, port, pid, operation, seconds, concurrency, people, most }` */
async function run(job) {
  const visitors = admit(job);
  try {
    const prepare = PREPARATIONS[job.operation];
    if (prepare) await Promise.all(visitors.map((visitor) => retried(() => visitor[prepare]())));
    process.send({ begun: true });
    const cpuBefore = cpuMicroseconds(job.pid);
    const ownBefore = process.cpuUsage();
    const startedAt = performance.now();
    const { latencies, failed } = await closedLoop(visitors, job, startedAt);
    const wall = (performance.now() - startedAt) * 1000;
    const cpu = cpuMicroseconds(job.pid) - cpuBefore;
    const own = process.cpuUsage(ownBefore);
    return {
      operations: latencies.length,
      failed,
      perSecond: (latencies.length / wall) * 1e6,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      cpuPerOperation: cpu / latencies.length,
      busy: cpu / wall,
      loadBusy: (own.user + own.system) / wall,
    };
  } finally {
    visitors.forEach((visitor) => visitor.close());
  }
}

/** Everybody of a range once: first logins, and the rows that a returning person needs. */
async function once(job) {
  const visitors = admit(job);
  let person = 0;
  try {
    await Promise.all(
      visitors.map(async (visitor) => {
        while (person < job.people) {
          const next = person++;
          await retried(() => visitor[job.operation](next));
        }
      }),
    );
  } finally {
    visitors.forEach((visitor) => visitor.close());
  }
}

/** Visitor v is person v, v + n, v + 2n …: never two at once are the same one. */
function admit({ contestant, port, concurrency, people }) {
  return Array.from({ length: concurrency }, (_, index) => {
    let person = index;
    return new VISITORS[contestant](port, () => {
      person = (person + concurrency) % (people - (people % concurrency));
      return person;
    });
  });
}

/** @returns the milliseconds of each operation that succeeded, in order of size, and how many did not */
async function closedLoop(visitors, { operation, seconds, most }, startedAt) {
  const latencies = [];
  const failures = [];
  const until = startedAt + seconds * 1000;
  await Promise.all(
    visitors.map(async (visitor) => {
      for (let begun = performance.now(); begun < until && latencies.length < most;) {
        const failure = await visitor[operation]().then(
          () => null,
          (error) => error,
        );
        const ended = performance.now();
        if (failure === null) latencies.push(ended - begun);
        else failures.push(failure);
        if (failures.length * OPERATIONS_PER_FAILURE > latencies.length + OPERATIONS_PER_FAILURE)
          throw failure;
        begun = ended;
      }
    }),
  );
  return { latencies: Float64Array.from(latencies).sort(), failed: failures.length };
}

async function retried(work) {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === PREPARATION_TRIES) throw error;
    }
  }
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

process.on('disconnect', () => process.exit(0));
process.on('message', async ({ kind, ...job }) => {
  try {
    process.send({ result: kind === 'once' ? await once(job) : await run(job) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
