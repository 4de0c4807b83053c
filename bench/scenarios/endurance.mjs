/**
 * Ten minutes of everything at once: whether memory grows, what of it is kept afterwards, and whether the last minute is
 * as fast as the first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceOn } from '../contestants.mjs';
import { populate } from '../population.mjs';
import { residentMegabytes, startLoad, startService } from '../processes.mjs';
import { fixed, whole } from '../report/format.mjs';

export const title = 'Ten minutes of mixed load';
export const isShort = false;
export const sizes = {
  full: { people: 100_000, minutes: 10, secondsPerMinute: 60, warmUpSeconds: 15 },
  quick: { people: 500, minutes: 2, secondsPerMinute: 2, warmUpSeconds: 1 },
};

/** Per second; a website login is three requests. More than a million requests in ten minutes. */
const RATES = { miniProgramLogin: 60, websiteLogin: 20, refreshOfAnybody: 150, verify: 1_500 };
const REQUESTS = { websiteLogin: 3 };
const MOST_MEMORY = 1.2;
/** After a start and after the load, memory is read when the process has given back what it does not need. */
const REST_MS = { start: 3_000, load: 15_000 };

export async function measure({ tables, shared, size, say }) {
  const service = await serviceOn(await tables.create('service'), shared);
  const started = await startService(service.port, service.environment);
  await sleep(REST_MS.start);
  const fresh = residentMegabytes(started.pid);
  await populate(tables, service.database, size.people, shared.key);
  const operations = Object.keys(RATES);
  const loads = operations.map(() => startLoad());
  const everything = (seconds) =>
    Promise.all(
      operations.map((operation, index) =>
        loads[index].run({
          ...{ kind: 'paced', visitor: 'service', port: started.port, pid: started.pid, operation, seconds },
          ...{ perSecond: RATES[operation], concurrency: 64 },
          ...{ people: size.people, isScattered: true, key: shared.key },
        }),
      ),
    );
  await everything(size.warmUpSeconds);
  const minutes = [];
  for (let minute = 1; minute <= size.minutes; minute++) {
    const results = await everything(size.secondsPerMinute);
    const memory = residentMegabytes(started.pid);
    minutes.push({
      memory,
      busy: results[0].busy,
      ...Object.fromEntries(operations.map((name, at) => [name, results[at]])),
    });
    say(
      `minute ${minute}: ${whole(memory)} MB; ${operations.map((name, at) => `${name} ${whole(results[at].perSecond)}/s, p99 ${fixed(results[at].p99)} ms`).join('; ')}`,
    );
  }
  await sleep(REST_MS.load);
  const rest = residentMegabytes(started.pid);
  say(`${whole(fresh)} MB after the start, ${whole(rest)} MB after the load`);
  return { fresh, rest, minutes, size };
}

export function aims({ fresh, rest, minutes }) {
  return [
    {
      what: `Memory after ${whole(requestsOf(minutes))} requests, with full caches, against fresh, both at rest`,
      most: MOST_MEMORY,
      measured: rest / fresh,
    },
  ];
}

function requestsOf(minutes) {
  return minutes
    .flatMap((minute) => Object.keys(RATES).map((name) => minute[name].operations * (REQUESTS[name] ?? 1)))
    .reduce((sum, requests) => sum + requests, 0);
}

export function report({ fresh, rest, minutes, size }) {
  const [first, last] = [minutes[0], minutes.at(-1)];
  const rows = Object.keys(RATES).map((name) => {
    const cells = [first, last].map(
      (minute) => `${fixed(minute[name].perSecond)} | ${fixed(minute[name].p99)}`,
    );
    const failed = minutes.reduce((sum, minute) => sum + minute[name].failed, 0);
    return `| ${name} | ${RATES[name]} | ${cells.join(' | ')} | ${failed} |`;
  });
  const memory = minutes.map((minute) => whole(minute.memory)).join(', ');
  return `${size.minutes} × ${size.secondsPerMinute} s at fixed rates after ${size.warmUpSeconds} s of the same, ${whole(size.people)} people, ${whole(requestsOf(minutes))} requests. Resident memory: ${whole(fresh)} MB ${REST_MS.start / 1_000} s after the start, at the end of each minute ${memory} MB, and ${REST_MS.load / 1_000} s after the load ${whole(rest)} MB. The process was busy for ${whole(first.busy * 100)} % of the first and ${whole(last.busy * 100)} % of the last minute.

| | begun per second | ended per second, first minute | p99 ms | ended per second, last minute | p99 ms | failed |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
