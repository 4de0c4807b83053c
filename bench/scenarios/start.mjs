/** How long a start takes, and how much memory the process has then, against an empty app of the same libraries. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serviceOn } from '../contestants.mjs';
import { cpuMicroseconds } from '../load/cpu.mjs';
import {
  baseEnvironment,
  freePort,
  residentMegabytes,
  SERVICE_ARGUMENTS,
  stop,
  track,
} from '../processes.mjs';
import { range, whole } from '../report/format.mjs';
import { ratio, spread } from '../report/statistics.mjs';

export const title = 'Start and memory';
export const isShort = true;
export const sizes = { full: { starts: 7 }, quick: { starts: 2 } };

/** Aims: time of a start against the empty app, and resident megabytes. */
const MOST_SLOWER = 1.3;
const MOST_MEGABYTES = 140;
/** The program asks this often whether there is an answer (ms). */
const ASK_MS = 3;
const START_MS = 30_000;
/** After the first answer, the process does what it puts off at its start. Then its memory is read (ms). */
const SETTLE_MS = 2_000;

/** Each contestant starts once before, so that its tables are there and its files are in the cache of the system. */
export async function measure({ tables, shared, size, say }) {
  const port = await freePort();
  const service = await serviceOn(await tables.create('service'), shared);
  const contestants = {
    service: {
      nodeArguments: SERVICE_ARGUMENTS,
      program: '../../dist/main.js',
      environment: service.environment,
      url: `http://127.0.0.1:${service.port}/health/ready`,
      port: service.port,
    },
    empty: {
      program: '../contestants/empty-app.mjs',
      environment: { DATABASE_URL: await tables.create('empty') },
      url: `http://127.0.0.1:${port}/things`,
      port,
    },
  };
  for (const contestant of Object.values(contestants)) await startOnce(contestant);
  const rounds = [];
  for (let round = 1; round <= size.starts; round++) {
    const results = {};
    for (const [name, contestant] of Object.entries(contestants)) results[name] = await startOnce(contestant);
    rounds.push(results);
    say(
      `${round}/${size.starts}: ` +
        Object.entries(results)
          .map(([name, { ms, megabytes }]) => `${name} ${whole(ms)} ms, ${whole(megabytes)} MB`)
          .join('; '),
    );
  }
  return { rounds };
}

/** @returns `{ ms, cpuMs, megabytes }`: time and CPU until the first answer, and resident memory some time after it */
async function startOnce({ nodeArguments = [], program, environment, url, port }) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const begun = performance.now();
  const child = spawn(process.execPath, [...nodeArguments, file], {
    env: { ...baseEnvironment(), ...environment, PORT: String(port) },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'],
  });
  const ended = track(child, program);
  await Promise.race([answers(url), ended]);
  const ms = performance.now() - begun;
  const cpuMs = cpuMicroseconds(child.pid) / 1_000;
  await sleep(SETTLE_MS);
  const megabytes = residentMegabytes(child.pid);
  await stop(child);
  return { ms, cpuMs, megabytes };
}

async function answers(url) {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(ASK_MS)) {
    if ((await status(url)) === 200) return;
  }
  throw new Error(`${url} does not answer`);
}

/** @returns the status of the answer, or null while nothing listens */
function status(url) {
  return new Promise((resolve) => {
    get(url, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', () => resolve(null));
  });
}

export function aims({ rounds }) {
  return [
    {
      what: 'Start to the first answer: time against an empty app of Nest, Fastify and TypeORM',
      most: MOST_SLOWER,
      measured: ratio(rounds, 'service', 'empty', 'ms'),
    },
    {
      what: 'Resident memory after a start (MB)',
      most: MOST_MEGABYTES,
      measured: spread(rounds.map(({ service }) => service.megabytes)),
    },
  ];
}

export function report({ rounds }) {
  const rows = { service: 'service', empty: 'empty app' };
  const of = (name, measure) => range(spread(rounds.map((round) => round[name][measure])));
  return `From the start of the process to its first answer with 200: of the service to \`/health/ready\`, so the database and Redis answer as well; of an empty app (\`bench/contestants/empty-app.mjs\`) to a route that counts the rows of its only table. Both run on the same libraries and the same database, with their tables present. ${rounds.length} starts of each, alternately. Memory is read ${SETTLE_MS / 1_000} s later.

| | ms to the first answer | CPU ms until then | resident MB |
|---|---|---|---|
${Object.entries(rows)
  .map(
    ([name, shown]) => `| ${shown} | ${of(name, 'ms')} | ${of(name, 'cpuMs')} | ${of(name, 'megabytes')} |`,
  )
  .join('\n')}
`;
}
