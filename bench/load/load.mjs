/**
 * The load generator, in a process of its own: a number of visitors, each with one request at a time, for a limited
 * time and number of operations. It receives jobs from its parent and returns the measurements.
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
/** Operation -> what it needs beforehand, outside of the measurement. */
const PREPARATIONS = { refresh: 'prepareRefresh', verify: 'prepareVerify' };

/** One of so many operations may fail: better-auth occasionally deadlocks with itself. Failures are reported. */
const OPERATIONS_PER_FAILURE = 100;
/** Tries of a preparation. */
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

/** Logs in everybody of a range once, which creates the rows of a returning user. */
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

/** Visitor v is person v, v + n, v + 2n …: no two visitors are the same person at a time. */
function admit({ contestant, port, concurrency, people }) {
  return Array.from({ length: concurrency }, (_, index) => {
    let person = index;
    return new VISITORS[contestant](port, () => {
      person = (person + concurrency) % (people - (people % concurrency));
      return person;
    });
  });
}

/** @returns the durations of the operations that succeeded (ms, ascending), and how many failed */
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
