/** Ten thousand browsers that wait for a scan at one process: their memory, how soon they are told, and what others notice. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serviceOn } from '../contestants.mjs';
import { startLoad, startService } from '../processes.mjs';
import { fixed, whole } from '../report/format.mjs';

export const title = 'Browsers that wait for a scan';
export const isShort = true;
export const sizes = {
  full: { waiters: 10_000, seconds: 20, people: 1600 },
  quick: { waiters: 200, seconds: 2, people: 160 },
};

/** Per second. A token check is short: it shows how long the process does something else. */
const OTHERS = { verify: 200, miniProgramLogin: 60 };
const CONFIRMATIONS_PER_SECOND = 10;
/** After the browsers have gone, until the service has closed all of them (ms). */
const CLOSING_MS = 2_000;

const MOST_BYTES = 10_000;
const MOST_CONFIRM_MS = 20;
const MOST_RATIO = 2;

export async function measure({ tables, shared, size, say, folder, load }) {
  const file = join(folder, 'memory.json');
  const preload = fileURLToPath(new URL('../profile/memory-on-signal.mjs', import.meta.url));
  const { port, environment } = await serviceOn(await tables.create('service'), shared);
  const service = await startService(
    port,
    { ...environment, MEMORY_FILE: file },
    { nodeArguments: ['--expose-gc', '--import', preload] },
  );
  const waiting = startLoad('load/waiting.mjs');
  const wait = (operation, more = {}) => waiting.run({ visitor: 'waiting', operation, port, ...more });
  const loads = { verify: load, miniProgramLogin: startLoad() };
  const others = async (seconds) => {
    const job = { kind: 'paced', visitor: 'service', port, pid: service.pid, people: size.people };
    const measured = Object.entries(loads).map(async ([operation, each]) => {
      const paced = { operation, perSecond: OTHERS[operation], seconds, concurrency: 16 };
      return [operation, await each.run({ ...job, ...paced })];
    });
    return Object.fromEntries(await Promise.all(measured));
  };
  const perWaiter = (none, all) => ({
    // The young generation grows with requests of any kind.
    resident: (all.rss - all.youngGeneration - none.rss + none.youngGeneration) / size.waiters,
    heap: (all.heapUsed - none.heapUsed) / size.waiters,
  });
  const memory = async () => {
    await sleep(CLOSING_MS);
    rmSync(file, { force: true });
    service.signal('SIGUSR2');
    return written(file);
  };

  const firstLogins = { kind: 'once', visitor: 'service', port, operation: 'miniProgramLogin' };
  await load.run({ ...firstLogins, people: size.people, concurrency: 16 });
  await others(size.seconds / 4);
  const fresh = await memory();
  await wait('open', { count: size.waiters });
  const first = perWaiter(fresh, await memory());
  await wait('close');
  const before = await memory();
  const alone = await others(size.seconds);
  say(`alone: ${line(alone)}`);

  const openedIn = await wait('open', { count: size.waiters });
  const again = perWaiter(before, await memory());
  say(`${size.waiters} wait, ${whole(first.resident)} bytes each, ${whole(again.resident)} the second time`);

  const [beside, told] = await Promise.all([
    others(size.seconds),
    wait('confirm', { seconds: size.seconds, perSecond: CONFIRMATIONS_PER_SECOND }),
  ]);
  say(`beside them: ${line(beside)}; told ${fixed(told.afterReply.p99)} ms after the phone (p99)`);
  const stillWait = await wait('waiting');
  await wait('close');
  const left = (await memory()).heapUsed - before.heapUsed;
  return { size, openedIn, first, again, alone, beside, told, stillWait, left };
}

async function written(file) {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      // Missing or incomplete.
    }
  }
  throw new Error('the service wrote no memory usage');
}

function line(measured) {
  return Object.entries(measured)
    .map(([name, { p50, p99 }]) => `${name} p50 ${fixed(p50)} ms, p99 ${fixed(p99)} ms`)
    .join('; ');
}

export function aims({ first, told, alone, beside }) {
  return [
    {
      what: 'memory that the process gains with the first waiting browsers (bytes each)',
      most: MOST_BYTES,
      measured: first.resident,
    },
    {
      what: 'p99 from the reply to the phone that confirms to the event (ms)',
      most: MOST_CONFIRM_MS,
      measured: told.afterReply.p99,
    },
    ...Object.keys(OTHERS).map((name) => ({
      what: `p99 of ${name} beside the waiting browsers / without them`,
      most: MOST_RATIO,
      measured: beside[name].p99 / alone[name].p99,
    })),
  ];
}

export function report({ size, openedIn, first, again, alone, beside, told, stillWait, left }) {
  const rows = Object.keys(OTHERS).map((name) => {
    const times = [alone, beside].flatMap((measured) => [measured[name].p50, measured[name].p99]);
    return `| ${name} | ${OTHERS[name]} | ${times.map(fixed).join(' | ')} |`;
  });
  const { scanned, confirmed, afterReply } = told;
  return `${whole(size.waiters)} browsers begin an attempt and follow its events, all from one process that answers others too. They were there after ${fixed(openedIn / 1000)} s. Each takes ${whole(first.resident)} bytes of resident memory, of which ${whole(first.heap)} are JavaScript objects; after as many have come and gone, ${whole(again.resident)} and ${whole(again.heap)}. Both are measured after a garbage collection, without the pages of V8's young generation. Then ${CONFIRMATIONS_PER_SECOND} a second are scanned and confirmed: the browser knows of the scan after ${fixed(scanned.p50)} ms (p99 ${fixed(scanned.p99)} ms), and of the confirmation after ${fixed(confirmed.p50)} ms (p99 ${fixed(confirmed.p99)} ms), both counted from the phone's request, which waits for WeChat and the database; counted from the reply to the phone, after ${fixed(afterReply.p50)} ms (p99 ${fixed(afterReply.p99)} ms). ${whole(stillWait)} still waited at the end. When they had gone, ${whole(left / 1000)} kB were left.

| other routes | per second | alone: p50 ms | p99 ms | beside the waiting browsers: p50 ms | p99 ms |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
