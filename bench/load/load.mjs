/**
 * The load generator, in a process of its own. It receives jobs from its parent and returns the measurements.
 *
 * Every job has `{ kind, visitor, port, operation, people, from = 0, concurrency }`: the visitor is `service`, `bare` or
 * `better-auth`, the operation one of its methods, the people are numbered `from` to `from + people - 1`, and
 * concurrency is the number of connections, each with one request at a time.
 *
 * - `once`: everybody does it once, as fast as possible. Creates the rows of a returning user. Returns nothing.
 * - `closed`: each connection repeats the operation for `seconds`.
 * - `paced`: `perSecond` operations begin each second for `seconds`, whether the earlier ones have ended or not. A
 *   duration counts from the planned begin, so it includes the wait for a free connection. With `isFresh` nobody comes
 *   twice, also in later jobs.
 *
 * With `ports` instead of `port`, the connections are spread over several processes. Visitors take people in turn;
 * with `isScattered` in an order that jumps over the whole range. `refreshOfAnybody` needs `key`, ENCRYPTION_KEYS.
 *
 * `closed` and `paced` take `pid`, the measured process or an array of them, and `watched`, name -> pid of others.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicroseconds, machineMicroseconds } from './cpu.mjs';
import { BareVisitor, BetterAuthVisitor, ServiceVisitor } from './visitors.mjs';

const VISITORS = { service: ServiceVisitor, bare: BareVisitor, 'better-auth': BetterAuthVisitor };
/** Operation -> what it needs beforehand, outside of the measurement. */
const PREPARATIONS = {
  refresh: 'prepareRefresh',
  refreshOfAnybody: 'prepareRefreshOfAnybody',
  verify: 'prepareVerify',
};

/** One of so many operations may fail: better-auth occasionally deadlocks with itself. Failures are reported. */
const OPERATIONS_PER_FAILURE = 100;
/** Tries of a preparation. */
const PREPARATION_TRIES = 5;
/** Most operations of one measurement, however fast they are. */
const MOST_OPERATIONS = 1_000_000;

/** First port, concurrency and visitor -> its latest turn: the next job goes on where this one ended. */
const latest = new Map();
/** First person -> the next who has not come, on any port. */
const newcomers = new Map();
/** A prime: neighbours in time are far apart in the tables. */
const SCATTER = 611_953;

const LOOPS = { closed: closedLoop, paced: pacedLoop };

/**
 * @returns `{ operations, failed, perSecond, p50, p99, most, cpuPerOperation, busy, watched, loadBusy, machineBusy }`:
 * durations in ms, CPU in µs, busy as a share of one core; `watched` is name -> `{ cpuPerOperation, busy }`
 */
async function run(job) {
  const visitors = admit(job);
  const pids = { ...job.watched, ...(job.pid === undefined ? {} : { measured: job.pid }) };
  try {
    const prepare = PREPARATIONS[job.operation];
    if (prepare) await Promise.all(visitors.map((visitor) => retried(() => visitor[prepare]())));
    process.send({ begun: true });
    const before = cpuOf(pids);
    const machineBefore = machineMicroseconds();
    const ownBefore = process.cpuUsage();
    const startedAt = performance.now();
    const { latencies, failed } = await LOOPS[job.kind](visitors, job, startedAt);
    const wall = (performance.now() - startedAt) * 1000;
    const after = cpuOf(pids);
    const machine = machineMicroseconds() - machineBefore;
    const own = process.cpuUsage(ownBefore);
    const { measured, ...watched } = Object.fromEntries(
      Object.keys(pids).map((name) => {
        const cpu = after[name] - before[name];
        return [name, { cpuPerOperation: cpu / latencies.length, busy: cpu / wall }];
      }),
    );
    return {
      operations: latencies.length,
      failed,
      perSecond: (latencies.length / wall) * 1e6,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      most: latencies.at(-1),
      ...measured,
      watched,
      loadBusy: (own.user + own.system) / wall,
      machineBusy: machine / wall,
    };
  } finally {
    visitors.forEach((visitor) => visitor.close());
  }
}

/** Lets everybody of a range do it once. */
async function once(job) {
  const visitors = admit(job);
  const { operation, people, from = 0 } = job;
  let person = from;
  try {
    await Promise.all(
      visitors.map(async (visitor) => {
        while (person < from + people) {
          const next = person++;
          await retried(() => visitor[operation](next));
        }
      }),
    );
  } finally {
    visitors.forEach((visitor) => visitor.close());
  }
}

/** Visitor v is person v, v + n, v + 2n …: no two visitors are the same person at a time. */
function admit(job) {
  const { visitor: name, ports = [job.port], concurrency, people, from = 0, key } = job;
  const turns = people - (people % concurrency);
  return Array.from({ length: concurrency }, (_, index) => {
    const port = ports[index % ports.length];
    const place = `${ports[0]} ${concurrency} ${index}`;
    return new VISITORS[name](
      port,
      () => {
        if (job.isFresh) {
          const newcomer = newcomers.get(from) ?? from;
          newcomers.set(from, newcomer + 1);
          return newcomer;
        }
        const turn = ((latest.get(place) ?? index) + concurrency) % turns;
        latest.set(place, turn);
        return from + (job.isScattered ? (turn * SCATTER) % people : turn);
      },
      { key, population: ports[0] },
    );
  });
}

/** @returns the durations of the operations that succeeded (ms, ascending), and how many failed */
async function closedLoop(visitors, { operation, seconds }, startedAt) {
  const outcome = new Outcome();
  const until = startedAt + seconds * 1000;
  await Promise.all(
    visitors.map(async (visitor) => {
      for (let begun = performance.now(); begun < until && outcome.latencies.length < MOST_OPERATIONS;) {
        await outcome.of(visitor[operation](), begun);
        begun = performance.now();
      }
    }),
  );
  return outcome.summary();
}

async function pacedLoop(visitors, { operation, seconds, perSecond }, startedAt) {
  const outcome = new Outcome();
  const free = [...visitors];
  const total = Math.round(seconds * perSecond);
  const planned = (number) => startedAt + (number * 1000) / perSecond;
  const waiting = [];
  let ended = 0;
  let resolveAll;
  let rejectAll;
  const all = new Promise((resolve, reject) => ([resolveAll, rejectAll] = [resolve, reject]));
  const begin = () => {
    while (waiting.length > 0 && free.length > 0) {
      const visitor = free.shift();
      outcome.of(visitor[operation](), waiting.shift()).then(() => {
        free.push(visitor);
        ended += 1;
        if (ended === total) resolveAll();
        else begin();
      }, rejectAll);
    }
  };
  const arrivals = (async () => {
    for (let number = 0; number < total; await sleep(1)) {
      for (const now = performance.now(); number < total && planned(number) <= now; number++)
        waiting.push(planned(number));
      begin();
    }
  })();
  await Promise.race([all, arrivals.then(() => all)]);
  return outcome.summary();
}

class Outcome {
  latencies = [];
  failures = 0;

  /** Counts an operation; rejects when too many have failed. */
  async of(operation, begunAt) {
    try {
      await operation;
      this.latencies.push(performance.now() - begunAt);
    } catch (failure) {
      this.failures += 1;
      if (this.failures * OPERATIONS_PER_FAILURE > this.latencies.length + OPERATIONS_PER_FAILURE)
        throw failure;
    }
  }

  summary() {
    return { latencies: Float64Array.from(this.latencies).sort(), failed: this.failures };
  }
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

function cpuOf(pids) {
  const sum = (of) => [of].flat().reduce((total, pid) => total + cpuMicroseconds(pid), 0);
  return Object.fromEntries(Object.entries(pids).map(([name, of]) => [name, sum(of)]));
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

process.on('disconnect', () => process.exit(0));
process.on('message', async ({ kind, ...job }) => {
  try {
    process.send({ result: kind === 'once' ? await once(job) : await run({ kind, ...job }) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
